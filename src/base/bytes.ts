// Reader and writer of network-order bytes: wire messages, binary values, stored values. The reader checks every length
// against what is there and throws the error its owner chose; the writer grows by doubling.

export class ByteReader {
  /** Turns text that isn't UTF-8 into a string; null for UTF-8. */
  decoder: ((bytes: Buffer) => string) | null = null;
  private offset: number;
  private end: number;

  /** Reads `bytes` from `start` to `end`; `onShort` makes the error thrown when too few bytes are left. */
  constructor(
    private readonly bytes: Buffer,
    private readonly onShort: () => Error,
    start = 0,
    end = bytes.length,
  ) {
    this.offset = start;
    this.end = end;
  }

  /** Moves to the bytes from `start` to `end` of the same buffer: one reader serves many values. */
  seek(start: number, end: number): void {
    if (start < 0 || end > this.bytes.length) throw this.onShort();
    this.offset = start;
    this.end = end;
  }
  get remaining(): number {
    return this.end - this.offset;
  }

  uint8(): number {
    return this.bytes[this.advance(1)] as number;
  }
  int16(): number {
    return this.bytes.readInt16BE(this.advance(2));
  }
  uint16(): number {
    return this.bytes.readUInt16BE(this.advance(2));
  }
  int32(): number {
    return this.bytes.readInt32BE(this.advance(4));
  }
  uint32(): number {
    return this.bytes.readUInt32BE(this.advance(4));
  }
  /** A whole number of one to six bytes. */
  uint(length: number): number {
    return this.bytes.readUIntBE(this.advance(length), length);
  }
  int64(): bigint {
    return this.bytes.readBigInt64BE(this.advance(8));
  }
  uint64(): bigint {
    return this.bytes.readBigUInt64BE(this.advance(8));
  }
  float32(): number {
    return this.bytes.readFloatBE(this.advance(4));
  }
  float64(): number {
    return this.bytes.readDoubleBE(this.advance(8));
  }
  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Buffer {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }
  /** The next `length` bytes as UTF-8, or what the decoder takes them for. */
  utf8(length: number): string {
    const start = this.advance(length);
    if (this.decoder !== null) return this.decoder(this.bytes.subarray(start, start + length));
    return this.bytes.utf8Slice(start, start + length);
  }
  /** A zero-terminated UTF-8 string. */
  cstring(): string {
    const stop = this.bytes.indexOf(0, this.offset);
    if (stop < 0 || stop >= this.end) throw this.onShort();
    const start = this.offset;
    this.offset = stop + 1;
    return this.bytes.utf8Slice(start, stop);
  }
  /** A reader over the next `length` bytes alone. */
  sub(length: number): ByteReader {
    const start = this.advance(length);
    return new ByteReader(this.bytes, this.onShort, start, start + length);
  }

  private advance(length: number): number {
    const start = this.offset;
    if (length < 0 || start + length > this.end) throw this.onShort();
    this.offset = start + length;
    return start;
  }
}

/** Up to here a loop over the units is quicker than the runtime's UTF-8 writer. */
const shortTextUnits = 32;

export class ByteWriter {
  /** Turns text into another encoding than UTF-8; null for UTF-8. */
  encoder: ((text: string) => Buffer) | null = null;
  private bytes: Buffer;
  private used = 0;

  constructor(sizeBytes = 256) {
    this.bytes = Buffer.allocUnsafe(sizeBytes);
  }

  get length(): number {
    return this.used;
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.used++] = value;
  }
  int16(value: number): void {
    this.reserve(2);
    this.used = this.bytes.writeInt16BE(value, this.used);
  }
  uint16(value: number): void {
    this.reserve(2);
    this.used = this.bytes.writeUInt16BE(value, this.used);
  }
  int32(value: number): void {
    this.reserve(4);
    this.used = this.bytes.writeInt32BE(value, this.used);
  }
  uint32(value: number): void {
    this.reserve(4);
    this.used = this.bytes.writeUInt32BE(value, this.used);
  }
  int64(value: bigint): void {
    this.reserve(8);
    this.used = this.bytes.writeBigInt64BE(value, this.used);
  }
  uint64(value: bigint): void {
    this.reserve(8);
    this.used = this.bytes.writeBigUInt64BE(value, this.used);
  }
  float32(value: number): void {
    this.reserve(4);
    this.used = this.bytes.writeFloatBE(value, this.used);
  }
  float64(value: number): void {
    this.reserve(8);
    this.used = this.bytes.writeDoubleBE(value, this.used);
  }
  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.used);
    this.used += source.length;
  }
  /** Appends UTF-8 bytes (or the encoder's) without length or terminator; returns how many. */
  utf8(text: string): number {
    if (this.encoder !== null) {
      const encoded = this.encoder(text);
      this.append(encoded);
      return encoded.length;
    }
    // Three bytes hold any UTF-16 unit; shorter texts fit without measuring them twice.
    this.reserve(text.length * 3);
    if (text.length <= shortTextUnits) {
      const ascii = this.shortAscii(text);
      if (ascii) return text.length;
    }
    const written = this.bytes.utf8Write(text, this.used);
    this.used += written;
    return written;
  }
  /** Writes a short text that is all ASCII without a call into the runtime; false where it isn't. */
  private shortAscii(text: string): boolean {
    const { bytes, used } = this;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return false;
      bytes[used + index] = unit;
    }
    this.used = used + text.length;
    return true;
  }
  cstring(text: string): void {
    this.utf8(text);
    this.uint8(0);
  }
  /** Overwrites four bytes written earlier, for lengths known only afterwards. */
  patchInt32(offset: number, value: number): void {
    this.bytes.writeInt32BE(value, offset);
  }
  /** Drops everything from `length` on. */
  truncate(length: number): void {
    this.used = length;
  }
  /** What was written, as a view: valid until the next write or `reset`. */
  view(): Buffer {
    return this.bytes.subarray(0, this.used);
  }
  /** What was written, as a copy of its own. */
  copy(): Buffer {
    return Buffer.from(this.view());
  }
  /** What was written, handed over; the writer starts anew with a fresh buffer. */
  detach(): Buffer {
    const result = this.view();
    this.bytes = Buffer.allocUnsafe(256);
    this.used = 0;
    return result;
  }
  reset(): void {
    this.used = 0;
  }
  /** Passes the memory and how much of it was written to a call that doesn't keep it. */
  sendTo(call: (bytes: Uint8Array, length: number) => number): number {
    return call(this.bytes, this.used);
  }

  private reserve(length: number): void {
    const needed = this.used + length;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
  }
}
