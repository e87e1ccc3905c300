// Frontend messages as raw bytes, well-formed and not: a check must be able to send what no driver would.

export type Message = Buffer;

export function frame(type: string, body: Buffer): Message {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export const query = (sql: string): Message => frame('Q', text(sql));

export const parse = (name: string, sql: string, types: readonly number[] = []): Message =>
  frame('P', Buffer.concat([text(name), text(sql), int16(types.length), ...types.map(int32)]));

export interface Binding {
  readonly portal: string;
  readonly statement: string;
  readonly formats: readonly number[];
  readonly values: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}

export const bind = (binding: Binding): Message =>
  frame(
    'B',
    Buffer.concat([
      text(binding.portal),
      text(binding.statement),
      int16(binding.formats.length),
      ...binding.formats.map(int16),
      int16(binding.values.length),
      ...binding.values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value])),
      int16(binding.resultFormats.length),
      ...binding.resultFormats.map(int16),
    ]),
  );

export const describe = (kind: 'S' | 'P', name: string): Message =>
  frame('D', Buffer.concat([Buffer.from(kind), text(name)]));
export const close = (kind: 'S' | 'P', name: string): Message =>
  frame('C', Buffer.concat([Buffer.from(kind), text(name)]));
export const execute = (portal: string, rowsMax: number): Message =>
  frame('E', Buffer.concat([text(portal), int32(rowsMax)]));
export const sync = (): Message => frame('S', Buffer.alloc(0));
export const flush = (): Message => frame('H', Buffer.alloc(0));
export const copyData = (data: string | Buffer): Message => frame('d', Buffer.from(data as string));
export const copyDone = (): Message => frame('c', Buffer.alloc(0));
export const copyFail = (reason: string): Message => frame('f', text(reason));

export function startup(database: string, settings: Readonly<Record<string, string>> = {}): Message {
  const words = Object.entries({ user: 'postgres', database, client_encoding: 'UTF8', ...settings }).flat();
  const body = Buffer.concat([int32(0x30000), text(words.join('\0')), Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}
