// A small PostgreSQL client for the checks: simple queries over one socket, with or without a password, many queries in
// flight. Knows nothing of our server: the same client talks to both.
import { connect, type Socket } from 'node:net';
import { PasswordExchange } from './authentication.js';

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
}

/** What an ErrorResponse or NoticeResponse said, by the letters of the protocol. */
export type WireFields = ReadonlyMap<string, string>;

export interface WireColumn {
  readonly name: string;
  readonly type: number;
}

export interface WireResult {
  readonly columns: readonly WireColumn[];
  readonly rows: (string | null)[][];
  readonly error: WireError | null;
  /** The single value of a binary result as hex; undefined where it is null or the result came as text. */
  readonly hex?: string | undefined;
  /** Every field of the error and of the notices, in the order they came. */
  readonly messages: readonly WireFields[];
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
}

interface Pending {
  readonly resolve: (result: WireResult) => void;
  readonly reject: (error: Error) => void;
  columns: WireColumn[];
  rows: (string | null)[][];
  error: WireError | null;
  isBinary?: boolean;
  hex?: string;
  messages: WireFields[];
}

export class WireClient {
  private readonly waiting: Pending[] = [];
  private input: Buffer = Buffer.alloc(0);
  private chunks: Buffer[] = [];
  private received = 0;
  /** Bytes that the next whole message needs: chunks are joined once they are there. */
  private needed = 5;
  /** Names of prepared statements by their text. */
  private readonly names = new Map<string, string>();

  private constructor(
    private readonly socket: Socket,
    private readonly exchange: PasswordExchange,
    private readonly onReady: () => void,
  ) {}

  /** Connects and waits for the first ReadyForQuery. Rejects with the server's message. */
  static connect(options: ConnectOptions): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: options.host, port: options.port });
      let isReady = false;
      const exchange = new PasswordExchange(options.user, options.password ?? '');
      const client = new WireClient(socket, exchange, () => {
        if (!isReady) resolve(client);
        isReady = true;
      });
      const logIn: Pending = { resolve: () => undefined, reject, columns: [], rows: [], error: null, messages: [] };
      client.waiting.push(logIn);
      socket.on('connect', () => socket.write(startupMessage(options)));
      socket.on('data', (chunk) => client.receive(chunk));
      const fail = (error: Error) => {
        if (!isReady) reject(logIn.error === null ? error : new Error(logIn.error.message));
        // What the server said before it left is what the caller wants to know.
        for (const { error: said, reject: rejectQuery } of client.waiting.splice(0)) {
          rejectQuery(said === null ? error : new Error(`${said.code} ${said.message}`));
        }
      };
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('connection closed')));
    });
  }

  /** Runs one simple query; an error of the server is part of the result. */
  query(sql: string): Promise<WireResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject, columns: [], rows: [], error: null, messages: [] });
      this.socket.write(message('Q', Buffer.from(`${sql}\0`)));
    });
  }

  /** Runs a statement by Bind, Execute and Sync under a name that it was parsed under the first time; values are texts. */
  prepared(sql: string, values: readonly string[] = []): Promise<WireResult> {
    const known = this.names.get(sql);
    const name = known ?? `s${this.names.size}`;
    this.names.set(sql, name);
    const parse = known === undefined ? [message('P', Buffer.from(`${name}\0${sql}\0\0\0`))] : [];
    const bound = values.flatMap((value) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(Buffer.byteLength(value));
      return [length, Buffer.from(value)];
    });
    const count = Buffer.from([values.length >> 8, values.length & 0xff]);
    const head = [Buffer.from(`\0${name}\0\0\0`), count];
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject, columns: [], rows: [], error: null, messages: [] });
      this.socket.write(
        Buffer.concat([
          ...parse,
          message('B', Buffer.concat([...head, ...bound, Buffer.from('\0\0')])),
          message('E', Buffer.from('\0\0\0\0\0')),
          message('S', Buffer.alloc(0)),
        ]),
      );
    });
  }

  /** Runs a SELECT of one value in the extended protocol, asks for its binary form, sends that back as a binary parameter,
   *  and gives both: the bytes as hex and the text they were read as. An error of the server is part of the result. */
  async binaryRoundTrip(sql: string): Promise<WireResult> {
    const out = await this.extended(sql, null, 0);
    const bytes = out.hex;
    if (out.error !== null || bytes === undefined) return out;
    const back = await this.extended('select $1', bytes, out.columns[0]?.type ?? 25);
    return {
      columns: out.columns,
      rows: [[bytes, back.rows[0]?.[0] ?? null]],
      error: back.error,
      messages: back.messages,
    };
  }

  /** Parse, Bind, Describe, Execute, Sync of one statement: without a parameter the result comes in binary. */
  private extended(sql: string, parameter: string | null, type: number): Promise<WireResult> {
    const hasParameter = parameter !== null;
    const bytes = Buffer.from(parameter ?? '', 'hex');
    const number = (value: number, size: 2 | 4) => {
      const buffer = Buffer.alloc(size);
      buffer.writeUIntBE(value, 0, size);
      return buffer;
    };
    const one = number(1, 2);
    const types = hasParameter ? [one, number(type, 4)] : [number(0, 2)];
    const values = hasParameter ? [one, one, one, number(bytes.length, 4), bytes] : [number(0, 2), number(0, 2)];
    return new Promise((resolve, reject) => {
      const isBinary = !hasParameter;
      this.waiting.push({ resolve, reject, columns: [], rows: [], error: null, messages: [], isBinary });
      this.socket.write(
        Buffer.concat([
          message('P', Buffer.concat([Buffer.from(`\0${sql}\0`), ...types])),
          message('B', Buffer.concat([Buffer.from('\0\0'), ...values, one, number(isBinary ? 1 : 0, 2)])),
          message('D', Buffer.from('P\0')),
          message('E', Buffer.from('\0\0\0\0\0')),
          message('S', Buffer.alloc(0)),
        ]),
      );
    });
  }

  close(): void {
    this.socket.end(message('X', Buffer.alloc(0)));
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
    if (this.received < this.needed) return;
    this.input = Buffer.concat(this.chunks);
    this.chunks = [];
    let at = 0;
    while (this.input.length - at >= 5) {
      const length = this.input.readInt32BE(at + 1);
      if (this.input.length - at < length + 1) {
        this.needed = length + 1;
        break;
      }
      this.handle(String.fromCharCode(this.input[at] as number), this.input.subarray(at + 5, at + 1 + length));
      at += length + 1;
    }
    this.input = this.input.subarray(at);
    if (this.input.length < 5) this.needed = 5;
    if (this.input.length > 0) this.chunks.push(this.input);
    this.received = this.input.length;
  }

  private handle(type: string, body: Buffer): void {
    const current = this.waiting[0];
    if (type === 'Z') {
      this.waiting.shift()?.resolve({
        columns: current?.columns ?? [],
        rows: current?.rows ?? [],
        error: current?.error ?? null,
        hex: current?.hex,
        messages: current?.messages ?? [],
      });
      this.onReady();
    } else if (type === 'D' && current !== undefined) {
      if (current.isBinary === true && body.readInt32BE(2) >= 0) current.hex = body.toString('hex', 6);
      else current.rows.push(dataRow(body));
    } else if (type === 'T' && current !== undefined) {
      current.columns = rowDescription(body);
    } else if (type === 'E' && current !== undefined) {
      const fields = messageFields(body);
      current.messages.push(fields);
      current.error = wireError(fields);
    } else if (type === 'N' && current !== undefined) {
      current.messages.push(messageFields(body));
    } else if (type === 'R') {
      this.authenticate(body);
    }
  }

  private authenticate(body: Buffer): void {
    try {
      const answer = this.exchange.answer(body);
      if (answer !== null) this.socket.write(message('p', answer));
    } catch (error) {
      this.socket.destroy(error as Error);
    }
  }
}

function startupMessage(options: ConnectOptions): Buffer {
  const words = ['user', options.user, 'database', options.database, 'client_encoding', 'UTF8', ''];
  const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${words.join('\0')}\0`)]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function rowDescription(body: Buffer): WireColumn[] {
  const columns: WireColumn[] = [];
  let at = 2;
  for (let column = body.readInt16BE(0); column > 0; column--) {
    const end = body.indexOf(0, at);
    columns.push({ name: body.utf8Slice(at, end), type: body.readUInt32BE(end + 7) });
    at = end + 19;
  }
  return columns;
}

function dataRow(body: Buffer): (string | null)[] {
  const row: (string | null)[] = [];
  let at = 2;
  for (let column = body.readInt16BE(0); column > 0; column--) {
    const length = body.readInt32BE(at);
    at += 4;
    row.push(length < 0 ? null : body.utf8Slice(at, at + length));
    at += Math.max(length, 0);
  }
  return row;
}

function messageFields(body: Buffer): WireFields {
  return new Map(
    body
      .utf8Slice()
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field.charAt(0), field.slice(1)] as const),
  );
}

function wireError(fields: WireFields): WireError {
  return {
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
    detail: fields.get('D') ?? null,
    hint: fields.get('H') ?? null,
  };
}
