// The messages a client sends after start-up (manual, section 53.7), decoded from one frame's bytes. A malformed body
// throws 08P01, text that isn't valid UTF-8 22021: the frame was whole, so the client may go on after either. `framing.ts` cuts the byte stream into frames.
import { ByteReader } from '../base/bytes.js';
import { authenticationTokenBytesMax, largeMessageBytesMax, smallMessageBytesMax } from '../base/limits.js';
import { fatalError, pgError, SqlState } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';
import { decodeText } from './text.js';

export type FrontendMessage =
  | { readonly kind: 'query'; readonly sql: string }
  | { readonly kind: 'parse'; readonly name: string; readonly sql: string; readonly parameterTypes: readonly number[] }
  | BindMessage
  | { readonly kind: 'describe'; readonly target: 'statement' | 'portal'; readonly name: string }
  /** `rowCountMax` 0: all rows. */
  | { readonly kind: 'execute'; readonly portal: string; readonly rowCountMax: number }
  | { readonly kind: 'close'; readonly target: 'statement' | 'portal'; readonly name: string }
  | { readonly kind: 'flush' }
  | { readonly kind: 'sync' }
  | { readonly kind: 'copyData'; readonly data: Buffer }
  | { readonly kind: 'copyDone' }
  | { readonly kind: 'copyFail'; readonly message: string }
  | { readonly kind: 'terminate' }
  /** PasswordMessage, SASLInitialResponse or SASLResponse: which one the authentication exchange knows. */
  | { readonly kind: 'password'; readonly payload: Buffer }
  | FunctionCallMessage
  /** A message whose frame was sound but whose body was not: raise `error` as the message's own. `type` is its byte. */
  | { readonly kind: 'invalid'; readonly error: PgError; readonly type: number };

export interface BindMessage {
  readonly kind: 'bind';
  readonly portal: string;
  readonly statement: string;
  /** None: all text; one: for all; else one each. 0 text, 1 binary. */
  readonly parameterFormats: readonly number[];
  /** Raw bytes (views of the receive buffer), null for NULL. Text ones go through `decodeText`. */
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}

export interface FunctionCallMessage {
  readonly kind: 'functionCall';
  readonly function: number;
  readonly argumentFormats: readonly number[];
  readonly arguments: readonly (Buffer | null)[];
  readonly resultFormat: number;
}

/** Decodes the body `bytes[start, end)` of a message of type `type` (its character code). */
export function decodeFrontendMessage(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
  encoding = 'UTF8',
): FrontendMessage {
  const body = new FrameReader(bytes, start, end, encoding);
  const message = decodeBody(type, body);
  body.requireEnd();
  return message;
}

/** True for message types of the extended query protocol: an error in one is followed by a skip to Sync. */
export function isExtendedMessage(type: number): boolean {
  return (
    type === code.parse ||
    type === code.bind ||
    type === code.describe ||
    type === code.execute ||
    type === code.close ||
    type === code.flush
  );
}

const code = {
  query: 0x51,
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  execute: 0x45,
  close: 0x43,
  flush: 0x48,
  sync: 0x53,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  terminate: 0x58,
  password: 0x70,
  functionCall: 0x46,
} as const;

/** The type byte of a message. */
export function frontendMessageType(message: FrontendMessage): number {
  return message.kind === 'invalid' ? message.type : code[message.kind];
}

/** Most bytes that a message of this type may have (PostgreSQL's limits); null where the protocol has no such type. */
export function messageBytesMax(type: number): number | null {
  switch (type) {
    case code.query:
    case code.parse:
    case code.bind:
    case code.functionCall:
    case code.copyData:
      return largeMessageBytesMax;
    case code.password:
      return authenticationTokenBytesMax;
    case code.describe:
    case code.execute:
    case code.close:
    case code.flush:
    case code.sync:
    case code.copyDone:
    case code.copyFail:
    case code.terminate:
      return smallMessageBytesMax;
    default:
      return null;
  }
}

function decodeBody(type: number, body: FrameReader): FrontendMessage {
  switch (type) {
    case code.query:
      return { kind: 'query', sql: body.text() };
    case code.parse:
      return {
        kind: 'parse',
        name: body.text(),
        sql: body.text(),
        parameterTypes: body.list(() => body.reader.uint32()),
      };
    case code.bind:
      return {
        kind: 'bind',
        portal: body.text(),
        statement: body.text(),
        parameterFormats: body.list(() => body.format()),
        parameters: body.list(() => body.value()),
        resultFormats: body.list(() => body.format()),
      };
    case code.describe:
      return { kind: 'describe', target: body.target('DESCRIBE'), name: body.text() };
    case code.execute:
      return { kind: 'execute', portal: body.text(), rowCountMax: Math.max(body.reader.int32(), 0) };
    case code.close:
      return { kind: 'close', target: body.target('CLOSE'), name: body.text() };
    case code.flush:
      return { kind: 'flush' };
    case code.sync:
      return { kind: 'sync' };
    case code.copyData:
      return { kind: 'copyData', data: body.rest() };
    case code.copyDone:
      return { kind: 'copyDone' };
    case code.copyFail:
      return { kind: 'copyFail', message: body.text() };
    case code.terminate:
      return { kind: 'terminate' };
    case code.password:
      return { kind: 'password', payload: body.rest() };
    case code.functionCall:
      return {
        kind: 'functionCall',
        function: body.reader.uint32(),
        argumentFormats: body.list(() => body.format()),
        arguments: body.list(() => body.value()),
        resultFormat: body.format(),
      };
    default:
      throw fatalError(SqlState.protocolViolation, `invalid frontend message type ${type}`);
  }
}

const noItems: never[] = [];
/** Up to here a loop finds a name's end quicker than a call into the runtime. */
const nameBytes = 32;

/** Reads the parts that message bodies are made of. */
class FrameReader {
  readonly reader: ByteReader;

  constructor(
    private readonly bytes: Buffer,
    start: number,
    private readonly end: number,
    private readonly encoding: string,
  ) {
    this.reader = new ByteReader(bytes, insufficientData, start, end);
  }

  /** A zero-terminated string, checked. */
  text(): string {
    const start = this.end - this.reader.remaining;
    const stop = this.zeroFrom(start);
    if (stop < 0 || stop >= this.end) throw pgError(SqlState.protocolViolation, 'invalid string in message');
    this.reader.seek(stop + 1, this.end);
    return stop === start ? '' : decodeText(this.bytes, start, stop, this.encoding);
  }

  /** Where the next zero byte stands; names are short enough to be looked through here. */
  private zeroFrom(start: number): number {
    const { bytes } = this;
    const near = Math.min(start + nameBytes, this.end);
    for (let at = start; at < near; at++) if (bytes[at] === 0) return at;
    return bytes.indexOf(0, start);
  }

  /** A 16-bit count and that many items. */
  list<T>(item: () => T): T[] {
    const count = this.reader.uint16();
    if (count === 0) return noItems;
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(item());
    return items;
  }

  format(): number {
    return this.reader.int16();
  }

  value(): Buffer | null {
    const length = this.reader.int32();
    if (length === -1) return null;
    if (length < -1) throw insufficientData();
    return this.reader.take(length);
  }

  target(message: string): 'statement' | 'portal' {
    const target = this.reader.uint8();
    if (target === 0x53) return 'statement';
    if (target === 0x50) return 'portal';
    throw pgError(SqlState.protocolViolation, `invalid ${message} message subtype ${target}`);
  }

  rest(): Buffer {
    return this.reader.take(this.reader.remaining);
  }

  requireEnd(): void {
    if (this.reader.remaining !== 0) throw pgError(SqlState.protocolViolation, 'invalid message format');
  }
}

function insufficientData(): PgError {
  return pgError(SqlState.protocolViolation, 'insufficient data left in message');
}
