// Rows of a result as DataRow messages. An encoder is made once per result shape: each column's way to bytes is chosen
// then, so that the per-row loop only calls it. Text form comes from the type's output, binary form from its send.
import type { ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Row, Value } from '../types/value.js';

export interface EncodedColumn {
  readonly type: TypeDescriptor;
  /** 0 text, 1 binary. */
  readonly format: number;
}

export interface RowEncoder {
  /** Appends one DataRow. */
  row(row: Row, writer: ByteWriter, io: IoContext): void;
  /** Appends a DataRow for each of `rows[from .. to)`. */
  rows(rows: readonly Row[], writer: ByteWriter, io: IoContext, from?: number, to?: number): void;
}

/** Appends a non-null value with its length word. */
type ColumnEncoder = (value: Exclude<Value, null>, writer: ByteWriter, io: IoContext) => void;

/** Makes the encoder of a result shape; throws 22023 on an unknown format code. */
export function rowEncoder(columns: readonly EncodedColumn[]): RowEncoder {
  const encoders = columns.map(columnEncoder);
  const count = encoders.length;
  function row(values: Row, writer: ByteWriter, io: IoContext): void {
    writer.uint8(0x44);
    const start = writer.length;
    writer.int32(0);
    writer.int16(count);
    for (let index = 0; index < count; index++) {
      const value = values[index];
      if (value === null || value === undefined) writer.int32(-1);
      else (encoders[index] as ColumnEncoder)(value, writer, io);
    }
    writer.patchInt32(start, writer.length - start);
  }
  return {
    row,
    rows(rows, writer, io, from = 0, to = rows.length) {
      let begin = writer.length;
      try {
        for (let index = from; index < to; index++) {
          begin = writer.length;
          row(rows[index] as Row, writer, io);
        }
      } catch (error) {
        // A value that can't be printed must not leave half a message before the error.
        writer.truncate(begin);
        throw error;
      }
    },
  };
}

const boolTypeOid = 16;

function columnEncoder(column: EncodedColumn): ColumnEncoder {
  const { type, format } = column;
  if (format === 1) return binaryEncoder(type);
  if (format !== 0) throw pgError(SqlState.invalidParameterValue, `unsupported format code: ${format}`);
  if (type.oid === boolTypeOid) return boolText;
  if (isIntegerText(type)) return integerText;
  return textEncoder(type);
}

function textEncoder(type: TypeDescriptor): ColumnEncoder {
  const { behaviour } = type;
  return (value, writer, io) => {
    const start = writer.length;
    writer.int32(0);
    writer.patchInt32(start, writer.utf8(behaviour.output(value, type, io)));
  };
}

function binaryEncoder(type: TypeDescriptor): ColumnEncoder {
  const { behaviour } = type;
  return (value, writer, io) => {
    const start = writer.length;
    writer.int32(0);
    behaviour.send(value, type, writer, io);
    writer.patchInt32(start, writer.length - start - 4);
  };
}

/** Types whose text form is their value's plain decimal form, whatever the settings. */
function isIntegerText(type: TypeDescriptor): boolean {
  return type.input === 'int2in' || type.input === 'int4in' || type.input === 'int8in' || type.input === 'oidin';
}

function boolText(value: Exclude<Value, null>, writer: ByteWriter): void {
  writer.int32(1);
  writer.uint8(value === true ? 0x74 : 0x66);
}

function integerText(value: Exclude<Value, null>, writer: ByteWriter): void {
  const start = writer.length;
  writer.int32(0);
  writer.patchInt32(start, writer.utf8(String(value)));
}
