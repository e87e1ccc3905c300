// One server's side of a conversation: a raw connection, opened anew when a sequence closed it.
import { connect, type Socket } from 'node:net';
import { PasswordExchange } from '../authentication.js';
import type { ServerAddress } from '../case-result.js';
import * as message from './messages.js';
import { type Reply, takeReplies } from './replies.js';
import type { Sequence } from './sequence.js';

const lastAnswer = 'D "\\u0000\\u0001\\u0000\\u0000\\u0000\\u000fend of sequence"';
const patienceMs = 5_000;

export class Peer {
  private socket: Socket | null = null;
  private rest: Buffer = Buffer.alloc(0);
  private lines: string[] = [];
  private isClosed = true;
  private wake: () => void = () => undefined;

  private exchange: PasswordExchange | null = null;

  constructor(private readonly server: ServerAddress) {}

  /** Statements that must succeed, one after the other. */
  async prepare(statements: readonly string[]): Promise<void> {
    if (this.isClosed) await this.open();
    for (const sql of statements) {
      this.lines = [];
      this.socket?.write(message.query(sql));
      await this.until((line) => line.startsWith('Z'));
    }
  }

  /** All replies to a sequence, up to the answer of the query that ends it or to the end of the connection. */
  async run(sequence: Sequence): Promise<string[]> {
    this.lines = [];
    const end = [message.copyFail('end'), message.sync(), message.query("select 'end of sequence'")];
    this.socket?.write(Buffer.concat([...sequence.messages.map(({ bytes }) => bytes), ...end]));
    const isWhole = await this.until((line) => line === lastAnswer);
    if (isWhole && !this.isClosed) await this.until((line) => line.startsWith('Z'), this.lines.indexOf(lastAnswer));
    const lines = this.isClosed ? [...this.lines, '(closed)'] : isWhole ? this.lines : [...this.lines, '(waits)'];
    if (!isWhole) this.close();
    return lines;
  }

  close(): void {
    this.socket?.destroy();
    this.isClosed = true;
  }

  private async open(): Promise<void> {
    const socket = connect({ host: this.server.host, port: this.server.port });
    this.socket = socket;
    this.rest = Buffer.alloc(0);
    this.lines = [];
    this.isClosed = false;
    this.exchange = new PasswordExchange(this.server.user, this.server.password);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (socket !== this.socket) return;
      this.isClosed = true;
      this.wake();
    });
    socket.write(message.startup(this.server.database, { user: this.server.user }));
    await this.until((line) => line.startsWith('Z'));
    await this.prepare(['set search_path = p']);
  }

  private receive(chunk: Buffer): void {
    const { replies, rest } = takeReplies(Buffer.concat([this.rest, chunk]));
    this.rest = rest;
    this.lines.push(...replies.map((reply: Reply) => reply.line));
    for (const { type, body } of replies) {
      const answer = type === 'R' ? (this.exchange?.answer(body) ?? null) : null;
      if (answer !== null) this.socket?.write(message.frame('p', answer));
    }
    this.wake();
  }

  /** False where the connection ended or nothing came any more. */
  private until(isLast: (line: string) => boolean, from = 0): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (found: boolean) => {
        clearTimeout(timer);
        this.wake = () => undefined;
        resolve(found);
      };
      const timer = setTimeout(() => settle(false), patienceMs);
      this.wake = () => {
        if (this.lines.slice(from).some(isLast)) settle(true);
        else if (this.isClosed) settle(false);
      };
      this.wake();
    });
  }
}

/** Rows right before an error are dropped: how many of a batch were sent by then is the server's business. */
export function withoutLostRows(lines: readonly string[]): string[] {
  const kept: string[] = [];
  for (const line of lines) {
    if (line.startsWith('E ')) while (kept.at(-1)?.startsWith('D ')) kept.pop();
    kept.push(line);
  }
  return kept;
}
