// Packets and messages that no client sends: 08P01, and a closed connection where the frame is broken (PostgreSQL survives a
// broken body); the server and its other sessions go on.
import { connect } from 'node:net';
import { test } from 'tap';
import { frame, int16, int32 } from '../../conformance/protocol/messages.js';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';

const startup = packet(Buffer.concat([int32(196608), Buffer.from('user\0postgres\0database\0postgres\0\0')]));
const query = frame('Q', Buffer.from('select 1\0'));
const sync = frame('S', Buffer.alloc(0));

/** After start-up; then the SQLSTATE of the first error and whether the connection was closed. */
const broken: readonly (readonly [what: string, bytes: Buffer, code: string | null, closed: boolean])[] = [
  ['unknown type', Buffer.concat([frame('\u0001', Buffer.from('abc')), query]), '08P01', true],
  ['length below 4', Buffer.concat([Buffer.from('Q'), int32(3), Buffer.from('x')]), '08P01', true],
  ['negative length', Buffer.concat([Buffer.from('Q'), int32(-1)]), '08P01', true],
  ['length beyond all', Buffer.concat([Buffer.from('Q'), int32(0x7fffffff)]), '08P01', true],
  ['a query without its zero', frame('Q', Buffer.from('select 1')), '08P01', false],
  ['parse that ends early', Buffer.concat([frame('P', Buffer.from('a')), sync]), '08P01', false],
  ['close of what is nothing', Buffer.concat([frame('C', Buffer.from('X\0')), sync]), '08P01', false],
  ['a query that is no text', frame('Q', Buffer.from("select '\xff'\0", 'latin1')), '22021', false],
  ['an overlong zero', frame('Q', Buffer.from("select '\xc0\x80'\0", 'latin1')), '22021', false],
  ['a name that is no text', frame('Q', Buffer.from('select 1 as "\xc3"\0', 'latin1')), '22021', false],
  ['a text parameter that is no text', bound(Buffer.from([0xff]), 0), '22021', false],
  ['a text parameter with a zero', bound(Buffer.from('a\0b'), 0), '22021', false],
  ['a binary parameter that is no text', bound(Buffer.from([0xff]), 1), '22021', false],
  ['a binary parameter with a zero', bound(Buffer.from('a\0b'), 1), '22021', false],
  ['COPY of what is no text', copied(Buffer.from([0xff, 0xfe, 10])), '22021', false],
  ['COPY of a zero', copied(Buffer.from('a\0b\n')), '22021', false],
];

/** Before start-up. */
const startups: readonly (readonly [string, Buffer])[] = [
  ['length 0', int32(0)],
  ['length beyond all', int32(0x7fffffff)],
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['no user', packet(Buffer.concat([int32(196608), Buffer.from('database\0postgres\0\0')]))],
  ['no end', packet(Buffer.concat([int32(196608), Buffer.from('user\0postgres')]))],
  ['a cancel that ends early', packet(int32(80877102))],
];

test('malformed messages', { timeout: 100_000 }, async (t) => {
  const server = await startServer({ settings: ['heliosdb.workers=1'] });
  t.teardown(() => server.stop());
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  await client.query('create table copied (t text)');
  for (const [what, bytes, code, closed] of broken) {
    const answer = await exchange(server.port, Buffer.concat([startup, bytes]));
    t.same([answer.code, answer.isClosed], [code, closed], what);
  }
  for (const [what, bytes] of startups) t.ok((await exchange(server.port, bytes)).isClosed, what);
  t.same((await client.query('select 1')).rows, [['1']]);
  t.notMatch(server.output(), 'internal error', 'nothing broke');
  client.close();
});

/** Sends bytes; waits until the server closes the connection, or has said nothing more for a while. */
function exchange(port: number, bytes: Buffer): Promise<{ code: string | null; isClosed: boolean }> {
  const quietMs = 700;
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = '';
    const finish = (isClosed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ code: /\0C([0-9A-Z]{5})\0/.exec(received)?.[1] ?? null, isClosed });
    };
    let timer = setTimeout(() => finish(false), quietMs);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(() => finish(false), quietMs);
    });
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
    socket.on('connect', () => socket.write(bytes));
  });
}

function bound(value: Buffer, format: number): Buffer {
  const parse = frame('P', Buffer.concat([Buffer.from('\0select $1::text\0'), int16(0)]));
  const parts = [Buffer.from('\0\0'), int16(1), int16(format), int16(1), int32(value.length), value, int16(0)];
  return Buffer.concat([parse, frame('B', Buffer.concat(parts)), frame('E', Buffer.alloc(5)), sync]);
}

function copied(data: Buffer): Buffer {
  const start = frame('Q', Buffer.from('copy copied from stdin\0'));
  return Buffer.concat([start, frame('d', data), frame('c', Buffer.alloc(0))]);
}

function packet(body: Buffer): Buffer {
  return Buffer.concat([int32(body.length + 4), body]);
}
