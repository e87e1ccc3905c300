// Queries whose plans, values or definitions once gave wrong answers print what psql prints for them on PostgreSQL 17.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';
import { psqlTable } from './psql-table.js';
import { readAnswers, readQueries } from './query-file.js';

const here = dirname(fileURLToPath(import.meta.url));

for (const folder of ['planner', 'values', 'definitions']) {
  test(`${folder} give PostgreSQL’s rows`, { timeout: 120_000 }, async (t) => {
    const server = await startServer();
    const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    await client.query(readFileSync(join(here, folder, 'schema.sql'), 'utf8'));
    const answers = readAnswers(folder);
    for (const [index, query] of readQueries(folder).entries()) {
      const result = await client.query({ text: query, rowMode: 'array', types: { getTypeParser: () => String } });
      const columns = result.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID }));
      const tag = result.command === 'MERGE' ? `${result.command} ${result.rowCount}\n` : '';
      t.equal(psqlTable(columns, result.rows) + tag, answers[index], query);
    }
    await client.end();
    await server.stop();
  });
}
