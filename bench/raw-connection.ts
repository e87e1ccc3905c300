// A connection for masses of data: frames are walked and counted, not decoded, so that the client's share of the time
// stays small. Loads a file by COPY, reads a COPY to its end, and stays open for the measurement of idle connections.
import { createReadStream } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { PasswordExchange } from '../conformance/authentication.js';
import type { ServerAddress } from '../conformance/case-result.js';

const chunkBytes = 1 << 18;
const headBytes = 5;

export interface CopiedOut {
  readonly rows: number;
  readonly bytes: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class RawConnection {
  private readonly head = Buffer.alloc(headBytes);
  private headLength = 0;
  private bodyLeft = 0;
  /** The body of a frame that is looked into; null while one is skipped. */
  private body: Buffer[] | null = null;
  private waiting: Waiting | null = null;
  private onCopyIn: (() => void) | null = null;
  private error: Error | null = null;
  private rows = 0;
  private bytes = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly exchange: PasswordExchange,
  ) {}

  /** Connects and waits for the first ReadyForQuery. Rejects with the server's message. */
  static async connect(address: ServerAddress): Promise<RawConnection> {
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    const connection = new RawConnection(socket, new PasswordExchange(address.user, address.password));
    socket.on('connect', () => socket.write(startupMessage(address)));
    socket.on('data', (chunk) => connection.receive(chunk));
    const fail = (error: Error) => connection.settle(connection.error ?? error);
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('connection closed')));
    await connection.ready();
    return connection;
  }

  /** Runs a simple query; gives how many rows (or lines of COPY) came. Rejects with the server's message. */
  async run(sql: string): Promise<CopiedOut> {
    this.rows = 0;
    this.bytes = 0;
    const ready = this.ready();
    this.socket.write(message('Q', Buffer.from(`${sql}\0`)));
    await ready;
    return { rows: this.rows, bytes: this.bytes };
  }

  /** Runs a COPY FROM STDIN with the file as its data. Rejects with the server's message. */
  async copyIn(sql: string, path: string): Promise<void> {
    const ready = this.ready();
    const begun = new Promise<void>((resolve) => {
      this.onCopyIn = resolve;
    });
    this.socket.write(message('Q', Buffer.from(`${sql}\0`)));
    // An error ends the wait for the go-ahead too.
    await Promise.race([begun, ready]);
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
      if (this.waiting === null) break;
      const head = Buffer.alloc(headBytes);
      head.write('d', 'latin1');
      head.writeInt32BE((chunk as Buffer).length + 4, 1);
      this.socket.write(head);
      if (!this.socket.write(chunk)) await drained(this.socket);
    }
    this.socket.write(message('c', Buffer.alloc(0)));
    await ready;
  }

  close(): void {
    this.socket.end(message('X', Buffer.alloc(0)));
  }

  private ready(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
    // Whoever started it may be busy sending; it is awaited afterwards.
    ready.catch(() => undefined);
    return ready;
  }

  private settle(error: Error | null): void {
    const { waiting } = this;
    this.waiting = null;
    this.error = null;
    if (error === null) waiting?.resolve();
    else waiting?.reject(error);
  }

  private receive(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headLength < headBytes) {
        const taken = chunk.copy(this.head, this.headLength, at, at + headBytes - this.headLength);
        this.headLength += taken;
        at += taken;
        if (this.headLength < headBytes) return;
        this.bodyLeft = this.head.readInt32BE(1) - 4;
        this.body = isData(this.head[0] ?? 0) ? null : [];
        if (this.body === null) this.count();
      }
      const end = Math.min(at + this.bodyLeft, chunk.length);
      this.body?.push(chunk.subarray(at, end));
      this.bodyLeft -= end - at;
      at = end;
      if (this.bodyLeft > 0) return;
      this.headLength = 0;
      if (this.body !== null) this.handle(String.fromCharCode(this.head[0] ?? 0), Buffer.concat(this.body));
    }
  }

  private count(): void {
    this.rows += 1;
    this.bytes += this.bodyLeft;
  }

  private handle(type: string, body: Buffer): void {
    if (type === 'Z') this.settle(this.error);
    else if (type === 'G') this.onCopyIn?.();
    else if (type === 'E') this.error = new Error(errorText(body));
    else if (type === 'R') {
      const answer = this.exchange.answer(body);
      if (answer !== null) this.socket.write(message('p', answer));
    }
  }
}

/** DataRow and CopyData. */
function isData(type: number): boolean {
  return type === 0x44 || type === 0x64;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** SQLSTATE and message of an ErrorResponse. */
function errorText(body: Buffer): string {
  const fields = body.toString().split('\0');
  const field = (letter: string) => fields.find((text) => text.startsWith(letter))?.slice(1) ?? '';
  return `${field('C')} ${field('M')}`;
}

function startupMessage({ user, database }: ServerAddress): Buffer {
  const body = Buffer.concat([
    Buffer.from([0, 3, 0, 0]),
    Buffer.from(`user\0${user}\0database\0${database}\0client_encoding\0UTF8\0\0`),
  ]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
