// Bytes of one column of an index key, in memcmp order and self-delimiting so that further columns may follow: a tag,
// then for a value the type's sort key, inverted where the column descends.
import type { ByteWriter } from '../base/bytes.js';
import type { CompareContext } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';

export interface KeyColumn {
  /** A type with a sort key; domains by their base type. */
  readonly type: TypeDescriptor;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Tag before every value that is not null. */
export const valueTag = 1;

/** Tag that stands for a null. */
function nullTag(column: { readonly nullsFirst: boolean }): number {
  return column.nullsFirst ? 0 : 2;
}

/** Appends one column; `io` carries the column's collation. A key of leading columns only is a prefix: a bound. */
export function writeKeyColumn(writer: ByteWriter, column: KeyColumn, value: Value, io: CompareContext): void {
  if (value === null) {
    writer.uint8(nullTag(column));
    return;
  }
  writer.uint8(valueTag);
  const start = writer.length;
  column.type.behaviour.sortKey?.(value, column.type, writer, io);
  if (!column.descending) return;
  const bytes = writer.view();
  for (let at = start; at < bytes.length; at++) bytes[at] = ~(bytes[at] as number) & 0xff;
}
