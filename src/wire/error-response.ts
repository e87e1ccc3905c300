// ErrorResponse and NoticeResponse: the fields of a PgError or Notice under their one-letter codes (manual, section
// 53.8). Severity goes out twice: S would be localised, V never is.
import type { ByteWriter } from '../base/bytes.js';
import type { ErrorFields, Notice, PgError } from '../errors/pg-error.js';
import { message } from './backend.js';

/** Appends an ErrorResponse. `location` must have become `position` before: the wire room has no source text. */
export function writeErrorResponse(writer: ByteWriter, error: PgError): void {
  message(writer, 0x45, () => {
    writeHead(writer, error.severity, error.code, error.message);
    writeFields(writer, error.fields);
    writer.uint8(0);
  });
}

/** Appends a NoticeResponse. */
export function writeNoticeResponse(writer: ByteWriter, notice: Notice): void {
  message(writer, 0x4e, () => {
    writeHead(writer, notice.severity, notice.code, notice.message);
    writeFields(writer, notice.fields);
    writer.uint8(0);
  });
}

function writeHead(writer: ByteWriter, severity: string, code: string, text: string): void {
  writeField(writer, 'S', severity);
  writeField(writer, 'V', severity);
  writeField(writer, 'C', code);
  writeField(writer, 'M', text);
}

function writeFields(writer: ByteWriter, fields: ErrorFields): void {
  writeField(writer, 'D', fields.detail);
  writeField(writer, 'H', fields.hint);
  writeField(writer, 'P', fields.position);
  writeField(writer, 'p', fields.internalPosition);
  writeField(writer, 'q', fields.internalQuery);
  writeField(writer, 'W', fields.where);
  writeField(writer, 's', fields.schema);
  writeField(writer, 't', fields.table);
  writeField(writer, 'c', fields.column);
  writeField(writer, 'd', fields.datatype);
  writeField(writer, 'n', fields.constraint);
}

function writeField(writer: ByteWriter, letter: string, value: string | number | undefined): void {
  if (value === undefined) return;
  writer.utf8(letter);
  const text = String(value);
  try {
    writer.cstring(text);
  } catch {
    // The message names characters that the client's encoding lacks: better a message without them than none.
    writer.cstring(text.replaceAll(/[^\0-\x7f]/gu, '?'));
  }
}
