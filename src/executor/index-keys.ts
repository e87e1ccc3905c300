// Index keys: how an index's columns become key bytes, and how conditions on leading columns become key ranges. Layout
// of one column: 1 and the type's sort key for a value (bytes inverted where the column descends), 0 or 2 for a null
// that sorts first or last.
import { ByteWriter } from '../base/bytes.js';
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, IndexKey } from '../catalog/descriptors.js';
import { notSupported } from '../errors/pg-error.js';
import type { IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import { baseType } from './operators.js';

export interface KeyColumnCodec {
  readonly key: IndexKey;
  readonly type: TypeDescriptor;
}

const scratch = new ByteWriter(1024);
const notNullTag = 1;

/** Tag of a null in this column. */
export function nullTag(key: IndexKey): number {
  return key.nullsFirst ? 0 : 2;
}

export function keyColumns(catalog: Catalog, index: IndexDescriptor): readonly KeyColumnCodec[] {
  return index.keys.map((key) => {
    const type = baseType(catalog, key.type);
    if (type.behaviour.sortKey === undefined) throw notSupported(`an index on type ${type.name}`);
    return { key, type };
  });
}

/** Bytes of a whole key, or of its leading columns. `ioFor` gives the context of a collation. */
export function encodeKey(
  columns: readonly KeyColumnCodec[],
  values: readonly Value[],
  ioFor: (collation: number) => IoContext,
): Buffer {
  scratch.reset();
  for (let n = 0; n < values.length; n++) {
    const column = columns[n] as KeyColumnCodec;
    writeColumn(column, values[n] as Value, ioFor(column.key.collation));
  }
  return scratch.copy();
}

function writeColumn(column: KeyColumnCodec, value: Value, io: IoContext): void {
  if (value === null) {
    scratch.uint8(nullTag(column.key));
    return;
  }
  scratch.uint8(notNullTag);
  const start = scratch.length;
  column.type.behaviour.sortKey?.(value, column.type, scratch, io);
  if (!column.key.descending) return;
  const bytes = scratch.view();
  for (let n = start; n < bytes.length; n++) bytes[n] = ~(bytes[n] as number) & 0xff;
}

/** A prefix followed by the tag of every non-null value, or of null. */
export function withTag(prefix: Buffer, tag: number): Buffer {
  return Buffer.concat([prefix, Buffer.from([tag])]);
}
export const valueTag = notNullTag;
