// The two buffers through which this thread and the addon pass bytes: arguments are written into one, results are read
// from the other. They are registered by address, so they are replaced only through `growRead` and `growWrite`.
// Contents last until the next call into the addon.
import { addon } from '../base/addon.js';

/** One buffer under every element type. */
export interface Views {
  readonly bytes: Buffer;
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly data: DataView;
}

/** Bytes of each buffer at first: a batch of 4,096 rows of a few columns fits. */
const sizeBytesFirst = 1 << 20;

let readViews = makeViews(sizeBytesFirst);
let writeViews = makeViews(sizeBytesFirst);

/** Registers this thread's buffers; called once when it attaches. */
export function registerExchange(): void {
  addon.storeBuffers(readViews.u8, writeViews.u8);
}

/** Where results stand. */
export function readBuffer(): Views {
  return readViews;
}

/** A copy of the read buffer's first bytes, which later calls into the addon leave alone. */
export function detachRead(sizeBytes: number): Views {
  const copy = makeViews(Math.ceil(sizeBytes / 8) * 8);
  copy.u8.set(readViews.u8.subarray(0, sizeBytes));
  return copy;
}

/** Where arguments go. */
export function writeBuffer(): Views {
  return writeViews;
}

/** Replaces the read buffer by one of at least `sizeBytes`. */
export function growRead(sizeBytes: number): void {
  readViews = makeViews(roundUp(sizeBytes));
  registerExchange();
}

/** Replaces the write buffer by one of at least `sizeBytes`, keeping what was written. */
export function growWrite(sizeBytes: number): Views {
  const grown = makeViews(roundUp(sizeBytes));
  grown.u8.set(writeViews.u8);
  writeViews = grown;
  registerExchange();
  return grown;
}

/** Calls until the result fits the read buffer; the count it returned. */
export function filling(call: () => number): number {
  for (;;) {
    const count = call();
    if (count >= 0) return count;
    growRead(-count);
  }
}

function roundUp(sizeBytes: number): number {
  let size = sizeBytesFirst;
  while (size < sizeBytes) size *= 2;
  return size;
}

function makeViews(sizeBytes: number): Views {
  const memory = new ArrayBuffer(sizeBytes);
  return {
    bytes: Buffer.from(memory),
    u8: new Uint8Array(memory),
    i16: new Int16Array(memory),
    i32: new Int32Array(memory),
    u32: new Uint32Array(memory),
    f32: new Float32Array(memory),
    f64: new Float64Array(memory),
    i64: new BigInt64Array(memory),
    u64: new BigUint64Array(memory),
    data: new DataView(memory),
  };
}
