// Compares conversations: random sequences of protocol messages, sent to a real PostgreSQL and to our server, must be
// answered message by message alike, errors' fields and the closing of the connection included.
// Usage: node main.js --ours PORT [--oracle PORT] [--database NAME] [--count N] [--seed N] [--show N]
import { connect, type Socket } from 'node:net';
import { Source } from '../queries/source.js';
import * as message from './messages.js';
import { type Reply, takeReplies } from './replies.js';
import { generateSequence, reset, type Sequence, setup } from './sequence.js';

const args = process.argv.slice(2);

function option(name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : (args[at + 1] ?? fallback);
}

const lastAnswer = 'D "\\u0000\\u0001\\u0000\\u0000\\u0000\\u000fend of sequence"';
const patienceMs = 5_000;

/** One server's side: a connection, opened anew when a sequence closed it. */
class Peer {
  private socket: Socket | null = null;
  private rest: Buffer = Buffer.alloc(0);
  private lines: string[] = [];
  private isClosed = true;
  private wake: () => void = () => undefined;

  constructor(
    private readonly port: number,
    private readonly database: string,
  ) {}

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
    const socket = connect({ host: '127.0.0.1', port: this.port });
    this.socket = socket;
    this.rest = Buffer.alloc(0);
    this.lines = [];
    this.isClosed = false;
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (socket !== this.socket) return;
      this.isClosed = true;
      this.wake();
    });
    socket.write(message.startup(this.database));
    await this.until((line) => line.startsWith('Z'));
    await this.prepare(['set search_path = p']);
  }

  private receive(chunk: Buffer): void {
    const { replies, rest } = takeReplies(Buffer.concat([this.rest, chunk]));
    this.rest = rest;
    this.lines.push(...replies.map((reply: Reply) => reply.line));
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

const database = option('database', 'postgres');
const oracle = new Peer(Number(option('oracle', '5417')), database);
const ours = new Peer(Number(option('ours', '5432')), option('own-database', 'postgres'));
const first = Number(option('seed', '1'));
const count = Number(option('count', '1000'));
const showMax = Number(option('show', '10'));
let different = 0;
await Promise.all([oracle.prepare(setup), ours.prepare(setup)]);
for (let seed = first; seed < first + count; seed++) await compare(seed);
oracle.close();
ours.close();
console.log(`${count - different} same, ${different} different`);
process.exitCode = different === 0 ? 0 : 1;

async function compare(seed: number): Promise<void> {
  const sequence = generateSequence(new Source(seed));
  await Promise.all([oracle.prepare(reset), ours.prepare(reset)]);
  const [expected, got] = await Promise.all([oracle.run(sequence), ours.run(sequence)]);
  const at = expected.findIndex((line, index) => line !== got[index]);
  if (at < 0 && expected.length === got.length) return;
  different++;
  if (different > showMax) return;
  const place = at < 0 ? expected.length : at;
  console.log(`-- seed ${seed}\n${sequence.messages.map(({ text }) => `   ${text}`).join('\n')}`);
  console.log(`  reply ${place}: PostgreSQL ${(expected[place] ?? '(nothing)').slice(0, 400)}`);
  console.log(`  reply ${place}: ours       ${(got[place] ?? '(nothing)').slice(0, 400)}`);
}
