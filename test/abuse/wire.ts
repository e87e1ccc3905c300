// Seeded fuzzing of the protocol: conversations that were real, then damaged, before and after authentication, delivered
// in pieces, ended in every way. The server must answer or refuse each, close every connection whose client has ended,
// and go on serving others.
import { connect } from 'node:net';
import * as message from '../../conformance/protocol/messages.js';
import { generateSequence } from '../../conformance/protocol/sequence.js';
import { Source } from '../../conformance/queries/source.js';
import { damaged, noise } from './mutate.js';

/** How a client leaves. */
type Ending = 'half-close' | 'terminate' | 'reset';

interface Conversation {
  readonly bytes: Buffer;
  /** Most bytes sent at once. */
  readonly pieceBytes: number;
  readonly ending: Ending;
}

export interface FuzzOutcome {
  readonly seed: number;
  readonly sent: number;
  readonly received: number;
  /** False: the server left the connection open although its client had ended. */
  readonly isClosed: boolean;
}

/** A connection that is still open this long after its client's end is a hang. */
const hangMs = 30_000;

/** Holds one conversation with the server at `port`. */
export function fuzzOnce(port: number, seed: number): Promise<FuzzOutcome> {
  const { bytes, pieceBytes, ending } = conversation(new Source(seed));
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let received = 0;
    let isOver = false;
    const finish = (isClosed: boolean) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.destroy();
      resolve({ seed, sent: bytes.length, received, isClosed });
    };
    const timer = setTimeout(() => finish(false), hangMs);
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.on('error', () => finish(true));
    socket.on('end', () => finish(true));
    socket.on('close', () => finish(true));
    void deliver(bytes, pieceBytes, (piece) => socket.write(piece)).then(() => {
      if (isOver) return;
      if (ending === 'reset') {
        socket.resetAndDestroy();
        finish(true);
      } else socket.end();
    });
  });
}

async function deliver(bytes: Buffer, pieceBytes: number, write: (piece: Buffer) => void): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    write(bytes.subarray(at, at + pieceBytes));
    if (at + pieceBytes < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
}

function conversation(source: Source): Conversation {
  const bytes = source.either<Buffer>([
    [2, () => beforeLogIn(source)],
    [1, () => password(source)],
    [7, () => afterLogIn(source)],
  ]);
  const pieceBytes = source.pick([1 << 20, 1 << 20, 1 << 20, 64, 7, bytes.length < 500 ? 1 : 200]);
  const ending = source.pick<Ending>(['half-close', 'half-close', 'half-close', 'terminate', 'reset']);
  const isEnded = ending === 'terminate';
  return { bytes: isEnded ? Buffer.concat([bytes, terminate]) : bytes, pieceBytes, ending };
}

const terminate = message.frame('X', Buffer.alloc(0));
const request = (code: number, rest: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + rest.length);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, rest]);
};
const sslRequest = request(80877103);
const gssRequest = request(80877104);

/** Start-up packets, requests for encryption and cancels, damaged; or nothing of the kind. */
function beforeLogIn(source: Source): Buffer {
  const packets: (() => Buffer)[] = [
    () => sslRequest,
    () => gssRequest,
    () => request(80877102, noise(source, 8)),
    () => startup(source),
    () => request(source.below(1 << 30), noise(source, source.below(40))),
    () => noise(source, source.below(200)),
    () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    () => Buffer.from('160301010001000100fc0303', 'hex'),
  ];
  const list = Array.from({ length: 1 + source.below(4) }, () => source.pick(packets)());
  return damaged(source, list);
}

function startup(source: Source): Buffer {
  const odd = ['a'.repeat(300), '', 'ü€', '-c statement_timeout=1', '\\', "'; drop", 'x'.repeat(9000)];
  const settings: Record<string, string> = {};
  for (const name of source.some(['options', 'application_name', 'DateStyle', 'replication', '_pq_.x', 'nonsense'], 2))
    settings[name] = source.pick(odd);
  return message.startup(source.chance(0.7) ? 'postgres' : source.pick(odd), source.chance(0.5) ? settings : {});
}

/** An exchange of passwords that goes wrong: the server asks `fuzzed` for one. */
function password(source: Source): Buffer {
  const start = message.startup('postgres', { user: 'fuzzed' });
  const nonce = noise(source, 12).toString('base64');
  const first = `n,,n=,r=${nonce}`;
  const initial = Buffer.concat([
    Buffer.from(`${source.pick(['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1', ''])}\0`),
    request(first.length).subarray(4),
    Buffer.from(first),
  ]);
  const final = Buffer.from(`c=biws,r=${nonce},p=${noise(source, 32).toString('base64')}`);
  return damaged(source, [start, message.frame('p', initial), message.frame('p', final)]);
}

/** A conversation of a session, damaged behind its start-up packet. */
function afterLogIn(source: Source): Buffer {
  const messages = generateSequence(source).messages.map(({ bytes }) => bytes);
  return Buffer.concat([message.startup('postgres'), damaged(source, messages)]);
}
