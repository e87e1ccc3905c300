// Building blocks of order-preserving keys: bytes whose memcmp order is the values' order, self-delimiting, so that the
// next column's key may follow. What each type appends is in its own file; all of them are made of these.
import type { ByteWriter } from '../base/bytes.js';

/** Signed 32-bit: big-endian with the sign bit flipped (4 bytes). Smaller integers use it too. */
export function int32SortKey(value: number, writer: ByteWriter): void {
  writer.uint32((value ^ 0x80000000) >>> 0);
}

/** Signed 64-bit: big-endian with the sign bit flipped (8 bytes). */
export function int64SortKey(value: bigint, writer: ByteWriter): void {
  writer.uint64(BigInt.asUintN(64, value ^ 0x8000000000000000n));
}

const float = new DataView(new ArrayBuffer(8));

/** float8 (float4 too): IEEE bits, all flipped for negatives, sign flipped for positives; -0 as 0, NaN last (8 bytes). */
export function float64SortKey(value: number, writer: ByteWriter): void {
  float.setFloat64(0, value === 0 ? 0 : value);
  if (Number.isNaN(value)) float.setBigUint64(0, 0x7ff8000000000000n);
  const high = float.getUint32(0);
  const low = float.getUint32(4);
  if (high >= 0x80000000) {
    writer.uint32(~high >>> 0);
    writer.uint32(~low >>> 0);
  } else {
    writer.uint32((high | 0x80000000) >>> 0);
    writer.uint32(low);
  }
}

/** Text without NUL in code point order: its UTF-8 bytes and a zero. */
export function codePointSortKey(text: string, writer: ByteWriter): void {
  writer.utf8(text);
  writer.uint8(0);
}

/** Any bytes: a zero becomes 00 FF, the end is 00 00. */
export function bytesSortKey(bytes: Uint8Array, writer: ByteWriter): void {
  let start = 0;
  for (let zero = bytes.indexOf(0); zero >= 0; zero = bytes.indexOf(0, start)) {
    writer.append(bytes.subarray(start, zero + 1));
    writer.uint8(0xff);
    start = zero + 1;
  }
  writer.append(bytes.subarray(start));
  writer.uint16(0);
}
