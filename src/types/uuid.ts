// uuid: 16 bytes; text with hyphens after any group of four digits, braces allowed, any case.
import { invalidSyntax } from './input-error.js';
import { defineType } from './type-behaviour.js';

defineType<Buffer>({
  symbol: 'uuid_in',
  storage: 'varlen',
  input: (text) => parseUuid(text),
  output: (value) => formatUuid(value),
  receive: (reader) => Buffer.from(reader.take(16)),
  send: (value, _type, writer) => writer.append(value),
  store: (value, _type, writer) => writer.append(value),
  load: (reader) => Buffer.from(reader.take(16)),
  compare: (left, right) => Buffer.compare(left, right),
  hashKey: (value) => value.latin1Slice(),
  sortKey: (value, _type, writer) => writer.append(value),
});

/** Reads a uuid; throws 22P02. */
export function parseUuid(text: string): Buffer {
  const braced = text.startsWith('{') && text.endsWith('}');
  const body = braced ? text.slice(1, -1) : text;
  if (!/^(?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}$/.test(body)) throw invalidSyntax('uuid', text);
  return Buffer.from(body.replaceAll('-', ''), 'hex');
}

/** The canonical form, lower case with hyphens. */
export function formatUuid(value: Buffer): string {
  const hex = value.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
