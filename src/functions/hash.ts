// PostgreSQL's hash functions: Bob Jenkins' lookup3 (public domain) over bytes and 32-bit words, in the 32-bit and the
// seeded 64-bit form. Results are visible to users (hashtext, hash partitions), so they match PostgreSQL's bit by bit.

interface State {
  a: number;
  b: number;
  c: number;
}

function rotate(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}

function mix(s: State): void {
  s.a = (s.a - s.c) ^ rotate(s.c, 4);
  s.c = (s.c + s.b) | 0;
  s.b = (s.b - s.a) ^ rotate(s.a, 6);
  s.a = (s.a + s.c) | 0;
  s.c = (s.c - s.b) ^ rotate(s.b, 8);
  s.b = (s.b + s.a) | 0;
  s.a = (s.a - s.c) ^ rotate(s.c, 16);
  s.c = (s.c + s.b) | 0;
  s.b = (s.b - s.a) ^ rotate(s.a, 19);
  s.a = (s.a + s.c) | 0;
  s.c = (s.c - s.b) ^ rotate(s.b, 4);
  s.b = (s.b + s.a) | 0;
}

function finish(s: State): void {
  s.c = ((s.c ^ s.b) - rotate(s.b, 14)) | 0;
  s.a = ((s.a ^ s.c) - rotate(s.c, 11)) | 0;
  s.b = ((s.b ^ s.a) - rotate(s.a, 25)) | 0;
  s.c = ((s.c ^ s.b) - rotate(s.b, 16)) | 0;
  s.a = ((s.a ^ s.c) - rotate(s.c, 4)) | 0;
  s.b = ((s.b ^ s.a) - rotate(s.a, 14)) | 0;
  s.c = ((s.c ^ s.b) - rotate(s.b, 24)) | 0;
}

function start(length: number, seed: bigint): State {
  const initial = (0x9e3779b9 + length + 3923095) | 0;
  const s: State = { a: initial, b: initial, c: initial };
  if (seed !== 0n) {
    s.a = (s.a + Number(BigInt.asIntN(32, seed >> 32n))) | 0;
    s.b = (s.b + Number(BigInt.asIntN(32, seed))) | 0;
    mix(s);
  }
  return s;
}

function absorb(bytes: Uint8Array, s: State): void {
  const byte = (at: number) => bytes[at] as number;
  const word = (at: number) => byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
  let at = 0;
  let length = bytes.length;
  for (; length >= 12; at += 12, length -= 12) {
    s.a = (s.a + word(at)) | 0;
    s.b = (s.b + word(at + 4)) | 0;
    s.c = (s.c + word(at + 8)) | 0;
    mix(s);
  }
  // The tail: the lowest byte of c is left for the length.
  for (let index = 0; index < length; index++) {
    const value = byte(at + index);
    if (index < 4) s.a = (s.a + (value << (8 * index))) | 0;
    else if (index < 8) s.b = (s.b + (value << (8 * (index - 4)))) | 0;
    else s.c = (s.c + (value << (8 * (index - 7)))) | 0;
  }
  finish(s);
}

/** Hash of bytes, as a signed 32-bit number (what SQL sees as int4). */
export function hashBytes(bytes: Uint8Array): number {
  const s = start(bytes.length, 0n);
  absorb(bytes, s);
  return s.c;
}

/** Seeded 64-bit hash of bytes, signed. */
export function hashBytesExtended(bytes: Uint8Array, seed: bigint): bigint {
  const s = start(bytes.length, seed);
  absorb(bytes, s);
  return combined(s);
}

/** Hash of one 32-bit word. */
export function hashWord(value: number): number {
  const s = start(4, 0n);
  s.a = (s.a + value) | 0;
  finish(s);
  return s.c;
}

/** Seeded 64-bit hash of one 32-bit word. */
export function hashWordExtended(value: number, seed: bigint): bigint {
  const s = start(4, seed);
  s.a = (s.a + value) | 0;
  finish(s);
  return combined(s);
}

function combined(s: State): bigint {
  return BigInt.asIntN(64, (BigInt(s.b >>> 0) << 32n) | BigInt(s.c >>> 0));
}
