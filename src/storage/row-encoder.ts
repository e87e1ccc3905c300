// Writes rows in the stored format (native/crates/columns/README.md) into the write buffer, each after its length and the
// size of PostgreSQL's heap tuple for it. The addon fills in stamp, compresses large values and finds a place for the row.
import { ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { Row, Value } from '../types/value.js';
import { growWrite, writeBuffer } from './exchange.js';
import type { StoredAttribute, StoredLayout } from './row-layout.js';
import { lockedStamp } from './row-stamp.js';
import { toastThreshold, tupleBytes } from './tuple-size.js';
import { toastedTupleBytes } from './tuple-toast.js';

/** Bytes of stamp and attribute count. */
const headerBytes = 10;
/** Most bytes of a varlen's length. */
const varintBytesMax = 5;

/** Bytes of length and tuple size before each row. */
const rowHeaderBytes = 8;
/** Largest tuple that a page can hold. */
const tupleBytesMax = 8160;

const scratch = new ByteWriter(4096);
/** Of the row encoded last: bytes of each variable-length value as PostgreSQL stores it, without its length word. */
let payloads = new Int32Array(64);

/** Encodes rows after each other from offset 0 of the write buffer; returns the bytes used. Throws 54000 for a row that no
 *  page can hold. */
export function encodeRows(layout: StoredLayout, rows: readonly Row[], types: TypeLookup): number {
  let at = 0;
  for (const row of rows) at = encodeRow(layout, row, at, types);
  return at;
}

/** Encodes one row without its header at offset 0; returns its bytes. */
export function encodeSingleRow({ attributes }: StoredLayout, row: Row, types: TypeLookup): number {
  return encodeBody(attributes, row, 0, types);
}

/** Says of the row that `encodeSingleRow` made whether its stamp is to say that it was locked; the rest is the store's. */
export function markLocked(isLocked: boolean): void {
  writeBuffer().data.setBigUint64(0, isLocked ? lockedStamp(0n) : 0n, true);
}

/** Bytes of the row as PostgreSQL's heap tuple. */
export function rowTupleBytes(layout: StoredLayout, row: Row, types: TypeLookup): number {
  encodeBody(layout.attributes, row, 0, types);
  return heapTupleBytes(layout, row, types);
}

function encodeRow(layout: StoredLayout, row: Row, at: number, types: TypeLookup): number {
  const end = encodeBody(layout.attributes, row, at + rowHeaderBytes, types);
  const { data } = writeBuffer();
  data.setUint32(at, end - at - rowHeaderBytes, true);
  data.setUint32(at + 4, heapTupleBytes(layout, row, types), true);
  return end;
}

/** Size of the heap tuple of the row that was encoded last. */
function heapTupleBytes(layout: StoredLayout, row: Row, types: TypeLookup): number {
  const bytes = tupleBytes(layout.attributes, row, payloads);
  return bytes <= toastThreshold ? bytes : largeTupleBytes(layout, row, types);
}

function largeTupleBytes(layout: StoredLayout, row: Row, types: TypeLookup): number {
  const { attributes } = layout;
  const stored = (index: number): Uint8Array => {
    const { behaviour, type } = attributes[index] as StoredAttribute;
    scratch.reset();
    if (type !== null) behaviour?.store?.(row[index] ?? null, type, scratch, types);
    return scratch.view();
  };
  const bytes = toastedTupleBytes(attributes, row, payloads, stored, layout.toastTarget);
  const aligned = (bytes + 7) & ~7;
  if (aligned > tupleBytesMax && layout.isBounded) {
    throw pgError(SqlState.programLimitExceeded, `row is too big: size ${aligned}, maximum size ${tupleBytesMax}`);
  }
  return Math.min(bytes, tupleBytesMax);
}

function encodeBody(attributes: readonly StoredAttribute[], row: Row, start: number, types: TypeLookup): number {
  const count = attributes.length;
  const codesAt = start + headerBytes;
  const fixedAt = codesAt + ((count + 1) >> 1);
  let views = writeBuffer();
  if (fixedAt + count * 8 > views.u8.length) views = growWrite(fixedAt + count * 8);
  const { data, u8 } = views;
  data.setUint16(start + 8, count, true);
  u8.fill(0, codesAt, fixedAt);
  let at = fixedAt;
  let hasVarlen = false;
  for (let index = 0; index < count; index++) {
    const value = row[index] ?? null;
    const attribute = attributes[index] as StoredAttribute;
    if (value === null || attribute.behaviour === null) continue;
    const place = codesAt + (index >> 1);
    u8[place] = (u8[place] as number) | ((index & 1) === 0 ? attribute.code : attribute.code << 4);
    if (attribute.width === 0) hasVarlen = true;
    else at = encodeFixed(data, at, attribute, value);
  }
  return hasVarlen ? encodeVarlens(attributes, row, at, types) : at;
}

function encodeFixed(data: DataView, at: number, attribute: StoredAttribute, value: Value): number {
  switch (attribute.storage) {
    case 'bool':
      data.setUint8(at, value === true ? 1 : 0);
      break;
    case 'int2':
      data.setInt16(at, value as number, true);
      break;
    case 'int4':
      data.setInt32(at, value as number, true);
      break;
    case 'uint4':
      data.setUint32(at, value as number, true);
      break;
    case 'int8':
      data.setBigInt64(at, value as bigint, true);
      break;
    case 'float4':
      data.setFloat32(at, value as number, true);
      break;
    case 'float8':
      data.setFloat64(at, value as number, true);
      break;
    case 'varlen':
      break;
  }
  return at + attribute.width;
}

function encodeVarlens(attributes: readonly StoredAttribute[], row: Row, start: number, types: TypeLookup): number {
  let at = start;
  if (payloads.length < attributes.length) payloads = new Int32Array(attributes.length * 2);
  for (let index = 0; index < attributes.length; index++) {
    const value = row[index] ?? null;
    const attribute = attributes[index] as StoredAttribute;
    if (value === null || attribute.width !== 0 || attribute.behaviour === null || attribute.type === null) continue;
    if (attribute.behaviour.store === undefined) {
      throw pgError(SqlState.featureNotSupported, `values of type ${attribute.type.name} cannot be stored`);
    }
    scratch.reset();
    attribute.behaviour.store(value, attribute.type, scratch, types);
    payloads[index] = attribute.payloadSize === null ? scratch.length : attribute.payloadSize(value, types);
    at = appendVarlen(at);
  }
  return at;
}

function appendVarlen(start: number): number {
  const length = scratch.length;
  let views = writeBuffer();
  if (start + length + varintBytesMax > views.u8.length) views = growWrite(start + length + varintBytesMax);
  const { u8 } = views;
  let at = start;
  let rest = length;
  while (rest >= 0x80) {
    u8[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  u8[at++] = rest;
  u8.set(scratch.view(), at);
  return at + length;
}
