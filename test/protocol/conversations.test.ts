// Conversations of the protocol, right and wrong ones, are answered message by message as PostgreSQL 17 answered them.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { Peer, withoutLostRows } from '../../conformance/protocol/peer.js';
import { generateSequence, reset, setup } from '../../conformance/protocol/sequence.js';
import { Source } from '../../conformance/queries/source.js';
import { startServer } from '../support/server.js';
import { readRecorded } from './recorded.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

test('recorded conversations', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  const peer = new Peer({ host: server.host, port: server.port, user: 'postgres', password: '', database: 'postgres' });
  await peer.prepare(setup);
  for (const { seed, replies } of readRecorded(root)) {
    await peer.prepare(reset);
    t.strictSame(withoutLostRows(await peer.run(generateSequence(new Source(seed)))), replies, `seed ${seed}`);
  }
  peer.close();
  await server.stop();
});
