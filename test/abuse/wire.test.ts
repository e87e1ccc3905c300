// A short run of the fuzzing that main.ts does at length.
import { connect } from 'node:net';
import { test } from 'tap';
import { setup } from '../../conformance/protocol/sequence.js';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';
import { fuzzedServer } from './fuzzed-server.js';
import { fuzzOnce } from './wire.js';

const conversations = 600;
const atOnce = 8;

test('damaged conversations break nothing', { timeout: 250_000 }, async (t) => {
  const server = await startServer(fuzzedServer);
  t.teardown(() => server.stop());
  const control = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  for (const statement of setup) await control.query(statement);
  let seed = 0;
  const hung: number[] = [];
  const worker = async (): Promise<void> => {
    while (seed < conversations) {
      const outcome = await fuzzOnce(server.port, ++seed);
      if (!outcome.isClosed) hung.push(outcome.seed);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  t.same(hung, [], 'every connection is closed after its client ended');
  t.same((await control.query('select 1')).rows, [['1']], 'the server goes on');
  const { rows } = await control.query("select count(*) from pg_stat_activity where backend_type = 'client backend'");
  t.same(rows, [['1']], 'no session is left behind');
  t.notMatch(server.output(), 'internal error', 'nothing broke');
  control.close();
});

test('a client that does not log in is sent away', { timeout: 60_000 }, async (t) => {
  const server = await startServer({ settings: ['authentication_timeout=1', 'heliosdb.workers=1'] });
  t.teardown(() => server.stop());
  const starts = ['', '00', '000000080', '0000000804d2162f', '00000050000300007573657200'];
  const closed = await Promise.all(starts.map((bytes) => isClosed(server.port, Buffer.from(bytes, 'hex'))));
  for (const [n, bytes] of starts.entries()) t.ok(closed[n], `after ${bytes === '' ? 'nothing' : bytes}`);
});

/** Sends bytes and waits, saying no more: does the server close the connection? */
function isClosed(port: number, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(bytes);
    socket.on('data', () => {});
    socket.on('error', () => {});
    socket.on('close', () => resolve(true));
    setTimeout(() => {
      resolve(false);
      socket.destroy();
    }, 20_000).unref();
  });
}
