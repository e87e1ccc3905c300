// What PostgreSQL's TOAST would leave of a large tuple in its table. The addon knows how (native/crates/columns/src/tuple.rs);
// here its arguments are gathered.
import { addon } from '../base/addon.js';
import type { Row } from '../types/value.js';
import { native } from './native-error.js';
import { isPresent, toastTargetDefault, type TupleAttribute, tupleHeaderBytes } from './tuple-size.js';

export interface ToastableAttribute extends TupleAttribute {
  /** pg_attribute.attstorage: p plain, e external, m main, x extended. */
  readonly strategy: string;
}

/** Bytes of the tuple after TOAST. `stored(index)`: the stored bytes of a value of variable length, valid until the next
 *  call; `target`: the table's toast_tuple_target. */
export function toastedTupleBytes(
  attributes: readonly ToastableAttribute[],
  row: Row,
  payloads: { readonly [index: number]: number },
  stored: (index: number) => Uint8Array,
  target = toastTargetDefault,
): number {
  const parts: number[] = [];
  const bytes: Uint8Array[] = [];
  let hasNulls = false;
  for (const [index, { heapLength, alignMask, strategy }] of attributes.entries()) {
    if (!isPresent(row[index])) {
      hasNulls = true;
      continue;
    }
    const isFixed = heapLength > 0;
    const value = isFixed ? noBytes : Uint8Array.from(stored(index));
    const payload = isFixed ? 0 : (payloads[index] ?? 0);
    parts.push(isFixed ? heapLength : 0, alignMask + 1, strategy.charCodeAt(0), payload, value.length);
    bytes.push(value);
  }
  const header = tupleHeaderBytes(attributes.length, hasNulls);
  return native(() => addon.toastedBytes(header, parts, Buffer.concat(bytes), target));
}

const noBytes = new Uint8Array(0);
