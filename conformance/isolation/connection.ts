// One session's connection. Replies are read lazily, as a client does that asks "is it still busy?" and then takes one
// result after the other: a notice is seen when the reading comes to it, not when it arrives. That order is part of the
// transcripts.
import { connect, type Socket } from 'node:net';
import { PasswordExchange } from '../authentication.js';
import type { ServerAddress } from '../case-result.js';
import { frame, query, startup } from '../protocol/messages.js';
import { errorFields, rowColumns, rowValues } from './replies.js';
import type { ErrorFields } from './replies.js';

export type Result =
  | { readonly kind: 'command' }
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (string | null)[][] }
  | { readonly kind: 'error'; readonly error: ErrorFields }
  | { readonly kind: 'copy'; readonly direction: 'PGRES_COPY_OUT' | 'PGRES_COPY_IN' }
  /** The server closed the connection. */
  | { readonly kind: 'lost' };

export interface Notification {
  readonly pid: number;
  readonly channel: string;
  readonly payload: string;
}

export interface ConnectionOptions extends ServerAddress {
  /** Sent with the startup message. */
  readonly settings: Readonly<Record<string, string>>;
  readonly onNotice: (notice: ErrorFields) => void;
}

interface Reply {
  readonly type: string;
  readonly body: Buffer;
}

const copyKinds: Readonly<Record<string, 'PGRES_COPY_OUT' | 'PGRES_COPY_IN'>> = {
  G: 'PGRES_COPY_IN',
  H: 'PGRES_COPY_OUT',
};

export class Connection {
  pid = 0;
  readonly notifications: Notification[] = [];
  private secret = 0;
  private rest: Buffer = Buffer.alloc(0);
  private readonly replies: Reply[] = [];
  private isActive = false;
  private isLost = false;
  private ready: Result | null = null;
  private columns: string[] | null = null;
  private rows: (string | null)[][] = [];
  private wake: () => void = () => undefined;
  private readonly exchange: PasswordExchange;

  private constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    this.exchange = new PasswordExchange(options.user, options.password);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isLost = true;
      this.wake();
    });
  }

  /** Resolves once queries are taken; rejects with the server's refusal. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const socket = connect({ host: options.host, port: options.port });
    const connection = new Connection(socket, options);
    socket.write(startup(options.database, { ...options.settings, user: options.user }));
    connection.isActive = true;
    const refusal = await connection.nextResult();
    if (refusal !== null) {
      const reason = refusal.kind === 'error' ? refusal.error.message : 'the server closed the connection';
      throw new Error(`connection to ${options.host}:${options.port} failed: ${reason}`);
    }
    return connection;
  }

  /** False where there is no connection any more. */
  send(sql: string): boolean {
    if (this.isLost && this.replies.length === 0) return false;
    this.isActive = true;
    this.ready = null;
    this.socket.write(query(sql));
    return true;
  }

  /** Whether the next result is still to come; reads what arrived up to it. */
  isBusy(): boolean {
    while (this.isActive && this.ready === null && this.replies.length > 0) this.readOne();
    if (this.isActive && this.ready === null && this.isLost) {
      this.ready = { kind: 'lost' };
      this.replies.length = 0;
    }
    return this.isActive && this.ready === null;
  }

  /** The next result of what was sent, null after the last. */
  async nextResult(): Promise<Result | null> {
    while (this.isBusy()) await this.arrival(null);
    const result = this.ready;
    this.ready = null;
    if (result?.kind === 'lost') this.isActive = false;
    return result;
  }

  /** All results of one string of statements. */
  async run(sql: string): Promise<Result[]> {
    if (!this.send(sql)) return [{ kind: 'lost' }];
    const results: Result[] = [];
    for (let result = await this.nextResult(); result !== null; result = await this.nextResult()) results.push(result);
    return results;
  }

  /** Reads what came while no query runs: notices and notifications. */
  readIdle(): void {
    while (!this.isActive && this.replies.length > 0) {
      if (this.replies[0]?.type === 'E') return;
      this.readOne();
    }
  }

  /** Waits for anything to arrive; false where the time passed first. */
  arrival(ms: number | null): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (came: boolean) => {
        clearTimeout(timer);
        this.wake = () => undefined;
        resolve(came);
      };
      const timer = ms === null ? undefined : setTimeout(() => settle(false), ms);
      this.wake = () => settle(true);
      if (this.replies.length > 0 || this.isLost) settle(true);
    });
  }

  /** Asks the server, over a connection of its own, to cancel what runs. */
  async cancel(): Promise<void> {
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(80877102, 4);
    request.writeInt32BE(this.pid, 8);
    request.writeInt32BE(this.secret, 12);
    await new Promise<void>((resolve) => {
      const socket = connect({ host: this.options.host, port: this.options.port });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.end(request);
      socket.resume();
    });
  }

  /** Ends the session and waits until the server has closed it. */
  async close(): Promise<void> {
    if (this.isLost) return;
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    const timer = setTimeout(() => this.socket.destroy(), closeMs);
    this.socket.end(Buffer.from([0x58, 0, 0, 0, 4]));
    await closed;
    clearTimeout(timer);
  }

  private receive(chunk: Buffer): void {
    let input = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (input.length >= 5) {
      const end = input.readInt32BE(1) + 1;
      if (input.length < end) break;
      this.replies.push({ type: String.fromCharCode(input[0] ?? 0), body: input.subarray(5, end) });
      input = input.subarray(end);
    }
    this.rest = input;
    this.wake();
  }

  private readOne(): void {
    const reply = this.replies.shift();
    if (reply === undefined) return;
    const { type, body } = reply;
    if (type === 'T') {
      this.columns = rowColumns(body);
      this.rows = [];
    } else if (type === 'D') this.rows.push(rowValues(body));
    else if (type === 'C' || type === 'I') this.finish({ kind: 'command' });
    else if (type === 'E') this.finish({ kind: 'error', error: errorFields(body) });
    else if (type === 'N') this.options.onNotice(errorFields(body));
    else if (type === 'Z') this.isActive = false;
    else if (type === 'A') this.notifications.push(notification(body));
    else if (type === 'R') this.authenticate(body);
    else if (type === 'K') {
      this.pid = body.readInt32BE(0);
      this.secret = body.readInt32BE(4);
    } else if (copyKinds[type] !== undefined) this.ready = { kind: 'copy', direction: copyKinds[type] };
  }

  private authenticate(body: Buffer): void {
    const answer = this.exchange.answer(body);
    if (answer !== null) this.socket.write(frame('p', answer));
  }

  private finish(result: Result): void {
    const columns = this.columns;
    const rows = this.rows;
    this.ready = result.kind === 'command' && columns !== null ? { kind: 'rows', columns, rows } : result;
    this.columns = null;
  }
}

const closeMs = 10_000;

function notification(body: Buffer): Notification {
  const [channel = '', payload = ''] = body.utf8Slice(4).split('\0');
  return { pid: body.readInt32BE(0), channel, payload };
}
