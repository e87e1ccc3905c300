// Forty queries over two sample databases print byte for byte what psql prints for them on PostgreSQL 17. The databases
// come from the folder of dumps beside the checkout; without it there is nothing to ask.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';
import { psqlTable } from './psql-table.js';
import { readAnswers, readQueries } from './query-file.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const dumps = join(root, '..', 'shared', 'dumps');

for (const folder of ['chinook', 'northwind']) {
  const skip = existsSync(join(dumps, `${folder}.sql`)) ? false : 'no sample dumps beside the checkout';
  test(folder, { skip, timeout: 240_000 }, async (t) => {
    const server = await startServer();
    const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    await client.query(loadable(readFileSync(join(dumps, `${folder}.sql`), 'utf8')));
    // pg_dump's files empty the search path.
    await client.query('RESET ALL');
    const answers = readAnswers(folder);
    for (const [index, query] of readQueries(folder).entries()) {
      const result = await client.query({ text: query, rowMode: 'array', types: { getTypeParser: () => String } });
      const columns = result.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID }));
      t.equal(psqlTable(columns, result.rows), answers[index], query.slice(0, 100));
    }
    await client.end();
    await server.stop();
  });
}

/** The script without what only psql understands, and without making a database of its own. */
function loadable(script: string): string {
  return script
    .replace(/^\\.*$/gm, '')
    .replace(/^(DROP|CREATE) DATABASE .*$/gm, '')
    .replace(/^\uFEFF/, '');
}
