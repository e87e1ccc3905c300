// Triggers: which fire, in what order, what they see and what their statements come to. The answers are PostgreSQL 17's.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';
import { readAnswers, readQueries } from './query-file.js';
import { transcript } from './transcript.js';

test('triggers', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  const queries = readQueries('triggers');
  const answers = readAnswers('triggers');
  for (const [index, answer] of (await transcript(client, queries)).entries())
    t.equal(answer, answers[index], queries[index]?.slice(0, 100) ?? '');
  await client.end();
  await server.stop();
});
