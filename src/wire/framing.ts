// Cuts a client's byte stream into messages: chunks as the socket delivers them go in, frontend messages come out in
// order. A frame is a type byte and a length word that counts itself. Bytes are copied only where a message spans
// chunks. Lengths are checked before anything is buffered for them.
import { fatalError, PgError, SqlState } from '../errors/pg-error.js';
import { decodeFrontendMessage, messageBytesMax } from './frontend.js';
import type { FrontendMessage } from './frontend.js';

const headerBytes = 5;
const copyDataType = 0x64;
const noBytes = Buffer.alloc(0);

export class MessageFramer {
  /** The client's encoding. */
  encoding = 'UTF8';
  private bytes: Buffer = noBytes;
  private offset = 0;
  /** Chunks after `bytes`, joined only once they complete a message. */
  private tail: Buffer[] = [];
  private tailBytes = 0;

  /** Bytes received and not yet handed out. */
  get bufferedBytes(): number {
    return this.bytes.length - this.offset + this.tailBytes;
  }

  /** Appends what the socket delivered; the framer keeps the buffer. */
  push(chunk: Buffer): void {
    if (this.offset === this.bytes.length) {
      this.bytes = chunk;
      this.offset = 0;
    } else {
      this.tail.push(chunk);
      this.tailBytes += chunk.length;
    }
  }

  /** The next complete message, or null until more bytes come. Throws 08P01 FATAL on a malformed one. */
  next(): FrontendMessage | null {
    if (this.bufferedBytes < headerBytes) return null;
    this.gather(headerBytes);
    const type = this.bytes[this.offset] as number;
    const length = this.bytes.readInt32BE(this.offset + 1);
    checkFrame(type, length);
    if (this.bufferedBytes < length + 1) return null;
    this.gather(length + 1);
    const start = this.offset + headerBytes;
    const end = this.offset + 1 + length;
    const bytes = this.bytes;
    this.offset = end;
    if (end === bytes.length && this.tail.length === 0) {
      // Nothing left: let the chunk go with the message that views it.
      this.bytes = noBytes;
      this.offset = 0;
    }
    return decode(type, bytes, [start, end], this.encoding);
  }

  /** The contents of the complete CopyData messages that come next, joined by `join` in place (from an offset on: bytes
   *  of the messages, bytes of their contents); null where none does. */
  copyData(join: (bytes: Buffer, start: number) => readonly number[]): Buffer | null {
    if (this.bufferedBytes < headerBytes) return null;
    this.gather(headerBytes);
    if (this.bytes[this.offset] !== copyDataType) return null;
    this.gather(this.bufferedBytes);
    const { bytes, offset } = this;
    const [taken = 0, length = 0] = join(bytes, offset);
    if (taken === 0) return null;
    this.offset += taken;
    if (this.offset === bytes.length) {
      this.bytes = noBytes;
      this.offset = 0;
    }
    return bytes.subarray(offset, offset + length);
  }

  /** What is buffered, given up by the framer: start-up packets and TLS handshakes are read before framing begins. */
  takeRest(): Buffer {
    this.gather(this.bufferedBytes);
    const rest = this.bytes.subarray(this.offset);
    this.bytes = noBytes;
    this.offset = 0;
    return rest;
  }

  /** Makes `count` bytes (which are buffered) contiguous at `offset`. */
  private gather(count: number): void {
    if (this.bytes.length - this.offset >= count) return;
    this.bytes = Buffer.concat([this.bytes.subarray(this.offset), ...this.tail]);
    this.offset = 0;
    this.tail = [];
    this.tailBytes = 0;
  }
}

function decode(
  type: number,
  bytes: Buffer,
  [start, end]: readonly [number, number],
  encoding: string,
): FrontendMessage {
  try {
    return decodeFrontendMessage(type, bytes, start, end, encoding);
  } catch (error) {
    if (error instanceof PgError && error.severity === 'ERROR') {
      return { kind: 'invalid', error, type };
    }
    throw error;
  }
}

function checkFrame(type: number, length: number): void {
  const max = messageBytesMax(type);
  if (max === null) throw fatalError(SqlState.protocolViolation, `invalid frontend message type ${type}`);
  if (length < 4 || length > max) throw fatalError(SqlState.protocolViolation, 'invalid message length');
}
