// How large a row would be as PostgreSQL's heap tuple (manual, section 65.6.1): header and null bitmap, then each value at
// its alignment, short variable-length values behind one byte. Placement on pages follows from it, not what we store.
// Exact but for what PostgreSQL would compress (tuple-toast.ts). native/crates/columns/src/tuple.rs has the same for COPY.
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Row, Value } from '../types/value.js';

/** How a column's values stand in a tuple. */
export interface TupleAttribute {
  /** typlen of the base type: bytes, or -1 for a variable length. */
  readonly heapLength: number;
  /** Its alignment less one. */
  readonly alignMask: number;
  /** Variable length only: short values do without alignment and with a header of one byte. */
  readonly packs: boolean;
}

/** Header of a tuple without null bitmap, before alignment. */
const headerBytes = 23;
/** Longest value behind a header of one byte. */
const shortPayloadMax = 126;
/** Tuples above this are made smaller, to `toastTargetDefault` where the table says nothing else. */
export const toastThreshold = 2032;
export const toastTargetDefault = 2032;

/** Bytes of header and null bitmap: where the first value stands. */
export function tupleHeaderBytes(attributeCount: number, hasNulls: boolean): number {
  return (headerBytes + (hasNulls ? (attributeCount + 7) >> 3 : 0) + 7) & ~7;
}

/** Bytes of a tuple; `payloads` has the bytes of each variable-length value without its header. */
export function tupleBytes(
  attributes: readonly TupleAttribute[],
  row: Row,
  payloads: { readonly [index: number]: number },
): number {
  let bytes = 0;
  let hasNulls = false;
  const count = attributes.length;
  for (let index = 0; index < count; index++) {
    const value = row[index];
    if (value === null || value === undefined) {
      hasNulls = true;
      continue;
    }
    const { heapLength, alignMask, packs } = attributes[index] as TupleAttribute;
    if (heapLength > 0) bytes = ((bytes + alignMask) & ~alignMask) + heapLength;
    else {
      const payload = payloads[index] as number;
      if (packs && payload <= shortPayloadMax) bytes += payload + 1;
      else bytes = ((bytes + alignMask) & ~alignMask) + payload + 4;
    }
  }
  return tupleHeaderBytes(count, hasNulls) + bytes;
}

/** pg_type.typalign in bytes; by type where no column says it (columns of catalogs, parts of values). */
export function typeAlignment(type: TypeDescriptor): number {
  const { length, name } = type;
  if (length > 0) return fixedAlignments[name] ?? (length === 2 || length === 4 || length === 1 ? length : 8);
  if (type.kind === 'c' || name === 'record') return 8;
  return wideTypes.has(type.element !== 0 && type.name.startsWith('_') ? type.name.slice(1) : name) ? 8 : 4;
}

const fixedAlignments: Readonly<Record<string, number>> = { name: 1, uuid: 1, macaddr: 4, macaddr8: 4, tid: 2 };

/** Types whose arrays (and, where they vary in length, themselves) are aligned to 8 bytes. */
const wideTypes: ReadonlySet<string> = new Set(
  (
    'int8 float8 timestamp timestamptz time timetz interval money xid8 pg_lsn aclitem pg_snapshot txid_snapshot point ' +
    'lseg path box polygon line circle record int8range tsrange tstzrange int8multirange tsmultirange tstzmultirange'
  ).split(' '),
);

/** pg_attribute.attalign in bytes. */
export function alignmentBytes(align: string): number {
  return align === 'd' ? 8 : align === 'i' ? 4 : align === 's' ? 2 : 1;
}

/** The attribute that a value of this type makes where no column says more. */
export function tupleAttribute(type: TypeDescriptor): TupleAttribute {
  return { heapLength: type.length, alignMask: typeAlignment(type) - 1, packs: type.length === -1 };
}

/** Whether a value is there at all: dropped columns and nulls take no space. */
export function isPresent(value: Value | undefined): value is Exclude<Value, null> {
  return value !== null && value !== undefined;
}
