// COPY's binary format (manual, COPY, "Binary Format"): signature, flags, header extension, tuples of length-prefixed
// fields, trailer -1.
import { decodeText } from '../../types/text-encoding.js';
import { ByteReader, type ByteWriter } from '../../base/bytes.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { IoContext } from '../../types/io-context.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Row, Value } from '../../types/value.js';
import type { CopyInSource } from './api.js';
import type { CopyPosition } from './copy-from.js';

export const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const criticalFlags = 0xffff0000;
const hasOidsFlag = 1 << 16;

export interface BinaryColumn {
  readonly name: string;
  readonly type: TypeDescriptor;
  readonly typmod: number;
  /** Text of a client whose encoding isn't UTF8. */
  readonly decoder: ((bytes: Buffer) => string) | null;
}

const bad = (message: string): Error => pgError(SqlState.badCopyFileFormat, message);

/** Bytes asked for by length, over chunks cut anywhere. */
class Input {
  private bytes: Buffer = Buffer.alloc(0);
  private readonly iterator: AsyncIterator<Buffer>;

  constructor(source: CopyInSource) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; null where the data ends before them. */
  async take(length: number): Promise<Buffer | null> {
    while (this.bytes.length < length) {
      const next = await this.iterator.next();
      if (next.done) return null;
      this.bytes = this.bytes.length === 0 ? next.value : Buffer.concat([this.bytes, next.value]);
    }
    const taken = this.bytes.subarray(0, length);
    this.bytes = this.bytes.subarray(length);
    return taken;
  }

  async int16(onEnd: string): Promise<number> {
    const bytes = await this.take(2);
    if (bytes === null) throw bad(onEnd);
    return bytes.readInt16BE(0);
  }

  async int32(onEnd: string): Promise<number> {
    const bytes = await this.take(4);
    if (bytes === null) throw bad(onEnd);
    return bytes.readInt32BE(0);
  }

  /** Reads what the client still sends. */
  async drain(): Promise<boolean> {
    let sawData = this.bytes.length > 0;
    for (;;) {
      const next = await this.iterator.next();
      if (next.done) return sawData;
      sawData ||= next.value.length > 0;
    }
  }
}

/** The rows of a binary COPY file. `place.position` follows the row and column in hand. */
export async function* binaryRows(
  source: CopyInSource,
  columns: readonly BinaryColumn[],
  io: IoContext,
  place: { position: CopyPosition | null },
): AsyncGenerator<Row> {
  const input = new Input(source);
  await readHeader(input);
  for (let line = 1; ; line++) {
    place.position = { line, text: null, column: null, value: undefined };
    const countBytes = await input.take(2);
    // A file that ends without its trailer is taken as complete, as PostgreSQL takes version 3 protocol data.
    if (countBytes === null) return;
    const count = countBytes.readInt16BE(0);
    if (count === -1) {
      if (await input.drain()) throw bad('received copy data after EOF marker');
      return;
    }
    if (count !== columns.length) throw bad(`row field count is ${count}, expected ${columns.length}`);
    const row: Value[] = [];
    for (const column of columns) {
      place.position = { line, text: null, column: column.name, value: undefined };
      row.push(await readField(input, column, io));
    }
    place.position = { line, text: null, column: null, value: undefined };
    yield row;
  }
}

async function readHeader(input: Input): Promise<void> {
  const start = await input.take(signature.length);
  if (start === null || !start.equals(signature)) throw bad('COPY file signature not recognized');
  const flags = await input.int32('invalid COPY file header (missing flags)');
  if ((flags & hasOidsFlag) !== 0) throw bad('invalid COPY file header (WITH OIDS)');
  if ((flags & criticalFlags & ~hasOidsFlag) !== 0) throw bad('unrecognized critical flags in COPY file header');
  const length = await input.int32('invalid COPY file header (missing length)');
  if (length < 0) throw bad('invalid COPY file header (missing length)');
  if ((await input.take(length)) === null) throw bad('invalid COPY file header (wrong length)');
}

async function readField(input: Input, column: BinaryColumn, io: IoContext): Promise<Value> {
  const length = await input.int32('unexpected EOF in COPY data');
  if (length === -1) return null;
  if (length < 0) throw bad('invalid field size');
  const bytes = await input.take(length);
  if (bytes === null) throw bad('unexpected EOF in COPY data');
  const short = (): Error => pgError(SqlState.protocolViolation, 'insufficient data left in message');
  const reader = new ByteReader(bytes, short);
  reader.decoder = column.decoder ?? ((part) => decodeText(part, 'UTF8'));
  const value = column.type.behaviour.receive(reader, column.type, column.typmod, io);
  if (reader.remaining > 0) throw pgError(SqlState.invalidBinaryRepresentation, 'incorrect binary data format');
  return value;
}

/** Appends signature, flags and an empty extension. */
export function writeHeader(writer: ByteWriter): void {
  writer.append(signature);
  writer.int32(0);
  writer.int32(0);
}

/** Appends one row. */
export function writeRow(writer: ByteWriter, row: Row, types: readonly TypeDescriptor[], io: IoContext): void {
  writer.int16(types.length);
  for (let n = 0; n < types.length; n++) {
    const value = row[n] ?? null;
    if (value === null) {
      writer.int32(-1);
      continue;
    }
    const at = writer.length;
    writer.int32(0);
    const type = types[n] as TypeDescriptor;
    type.behaviour.send(value, type, writer, io);
    writer.patchInt32(at, writer.length - at - 4);
  }
}

export function writeTrailer(writer: ByteWriter): void {
  writer.int16(-1);
}
