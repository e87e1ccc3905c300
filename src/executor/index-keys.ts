// Index keys: how an index's columns become key bytes, and how conditions on leading columns become key ranges. One
// column's bytes: storage/index-key.ts.
import { ByteWriter } from '../base/bytes.js';
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, IndexKey } from '../catalog/descriptors.js';
import { notSupported } from '../errors/pg-error.js';
import { nativeKeyKind } from '../storage/index-builder.js';
import { writeKeyColumn } from '../storage/index-key.js';
import type { IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import { baseType } from './operators.js';

export interface KeyColumnCodec {
  readonly key: IndexKey;
  readonly type: TypeDescriptor;
}

const scratch = new ByteWriter(1024);

export function keyColumns(catalog: Catalog, index: IndexDescriptor): readonly KeyColumnCodec[] {
  return index.keys.map((key) => {
    const type = baseType(catalog, key.type);
    if (type.behaviour.sortKey === undefined) throw notSupported(`an index on type ${type.name}`);
    return { key, type };
  });
}

/** The addon's kind of a key column; null where it makes no such keys itself, or the collation has rules of its own. */
export function nativeKindOf(catalog: Catalog, { key, type }: KeyColumnCodec): number | null {
  const hasRules = key.collation !== 0 && type.input !== 'namein' && catalog.io.collation(key.collation) !== null;
  return hasRules ? null : nativeKeyKind(type);
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
    const { descending, nullsFirst, collation } = column.key;
    writeKeyColumn(scratch, { type: column.type, descending, nullsFirst }, values[n] as Value, ioFor(collation));
  }
  return scratch.copy();
}

/** A prefix followed by the tag of every non-null value, or of null. */
export function withTag(prefix: Buffer, tag: number): Buffer {
  return Buffer.concat([prefix, Buffer.from([tag])]);
}
