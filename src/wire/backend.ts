// Writers of every message a server sends (manual, section 53.7). Each appends one whole message to the writer; none
// keeps state. Rows are in row-encoder.ts, errors and notices in error-response.ts.
import type { ByteWriter } from '../base/bytes.js';

/** One column of a RowDescription. */
export interface FieldDescription {
  readonly name: string;
  /** Table and column it comes from, 0 where it is no plain column. */
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  /** pg_type.typlen. */
  readonly typeLength: number;
  readonly typmod: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

export type TransactionStatus = 'idle' | 'inTransaction' | 'failed';

export function writeAuthenticationOk(writer: ByteWriter): void {
  message(writer, 0x52, () => writer.int32(0));
}

export function writeAuthenticationCleartextPassword(writer: ByteWriter): void {
  message(writer, 0x52, () => writer.int32(3));
}

/** `salt`: 4 bytes. */
export function writeAuthenticationMd5Password(writer: ByteWriter, salt: Buffer): void {
  message(writer, 0x52, () => {
    writer.int32(5);
    writer.append(salt);
  });
}

export function writeAuthenticationSasl(writer: ByteWriter, mechanisms: readonly string[]): void {
  message(writer, 0x52, () => {
    writer.int32(10);
    for (const mechanism of mechanisms) writer.cstring(mechanism);
    writer.uint8(0);
  });
}

export function writeAuthenticationSaslContinue(writer: ByteWriter, data: string): void {
  message(writer, 0x52, () => {
    writer.int32(11);
    writer.utf8(data);
  });
}

export function writeAuthenticationSaslFinal(writer: ByteWriter, data: string): void {
  message(writer, 0x52, () => {
    writer.int32(12);
    writer.utf8(data);
  });
}

export function writeParameterStatus(writer: ByteWriter, name: string, value: string): void {
  message(writer, 0x53, () => {
    writer.cstring(name);
    writer.cstring(value);
  });
}

export function writeBackendKeyData(writer: ByteWriter, processId: number, secretKey: number): void {
  message(writer, 0x4b, () => {
    writer.int32(processId);
    writer.int32(secretKey | 0);
  });
}

/** Newest minor version supported, and the options (_pq_.*) that were not understood. */
export function writeNegotiateProtocolVersion(writer: ByteWriter, minor: number, options: readonly string[]): void {
  message(writer, 0x76, () => {
    writer.int32((3 << 16) | minor);
    writer.int32(options.length);
    for (const option of options) writer.cstring(option);
  });
}

const statusByte = { idle: 0x49, inTransaction: 0x54, failed: 0x45 } as const;

export function writeReadyForQuery(writer: ByteWriter, status: TransactionStatus): void {
  writer.uint8(0x5a);
  writer.int32(5);
  writer.uint8(statusByte[status]);
}

export function writeRowDescription(writer: ByteWriter, fields: readonly FieldDescription[]): void {
  message(writer, 0x54, () => {
    writer.int16(fields.length);
    for (const field of fields) {
      writer.cstring(field.name);
      writer.uint32(field.tableOid);
      writer.int16(field.columnNumber);
      writer.uint32(field.typeOid);
      writer.int16(field.typeLength);
      writer.int32(field.typmod);
      writer.int16(field.format);
    }
  });
}

export function writeParameterDescription(writer: ByteWriter, types: readonly number[]): void {
  message(writer, 0x74, () => {
    writer.uint16(types.length);
    for (const type of types) writer.uint32(type);
  });
}

export function writeCommandComplete(writer: ByteWriter, tag: string): void {
  message(writer, 0x43, () => writer.cstring(tag));
}

export function writeEmptyQueryResponse(writer: ByteWriter): void {
  empty(writer, 0x49);
}

export function writeParseComplete(writer: ByteWriter): void {
  empty(writer, 0x31);
}

export function writeBindComplete(writer: ByteWriter): void {
  empty(writer, 0x32);
}

export function writeCloseComplete(writer: ByteWriter): void {
  empty(writer, 0x33);
}

export function writeNoData(writer: ByteWriter): void {
  empty(writer, 0x6e);
}

export function writePortalSuspended(writer: ByteWriter): void {
  empty(writer, 0x73);
}

const copyType = { in: 0x47, out: 0x48, both: 0x57 } as const;

/** CopyInResponse, CopyOutResponse or CopyBothResponse; `format` is the overall one, `columnFormats` one each. */
export function writeCopyResponse(
  writer: ByteWriter,
  direction: 'in' | 'out' | 'both',
  format: number,
  columnFormats: readonly number[],
): void {
  message(writer, copyType[direction], () => {
    writer.uint8(format);
    writer.int16(columnFormats.length);
    for (const columnFormat of columnFormats) writer.int16(columnFormat);
  });
}

export function writeCopyData(writer: ByteWriter, data: Uint8Array): void {
  writer.uint8(0x64);
  writer.int32(data.length + 4);
  writer.append(data);
}

export function writeCopyDone(writer: ByteWriter): void {
  empty(writer, 0x63);
}

export function writeNotification(writer: ByteWriter, processId: number, channel: string, payload: string): void {
  message(writer, 0x41, () => {
    writer.int32(processId);
    writer.cstring(channel);
    writer.cstring(payload);
  });
}

/** FunctionCallResponse; null is NULL. */
export function writeFunctionCallResponse(writer: ByteWriter, value: Uint8Array | null): void {
  message(writer, 0x56, () => {
    writer.int32(value === null ? -1 : value.length);
    if (value !== null) writer.append(value);
  });
}

/** Writes type byte, length word and what `body` appends. */
export function message(writer: ByteWriter, type: number, body: () => void): void {
  writer.uint8(type);
  const start = writer.length;
  writer.int32(0);
  body();
  writer.patchInt32(start, writer.length - start);
}

function empty(writer: ByteWriter, type: number): void {
  writer.uint8(type);
  writer.int32(4);
}
