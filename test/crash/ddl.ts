// The crash test's changes of the schema: each writer makes, alters and drops tables of its own. A table is there with
// its rows, indexes and columns, or not at all.
import type { Turn } from './model.js';
import { run } from './model.js';
import type { WireClient } from '../../conformance/wire-client.js';

/** How far a table has come: what was acknowledged, and what was tried after it and may have happened. */
export interface MadeTable {
  told: TableState;
  tried: TableState;
}

export type TableState = 'absent' | 'made' | 'altered';

export const tableRows = 20;

/** Tables of one writer that are there at a time. */
const tablesMax = 4;

export async function changeSchema({ client, told, step, random }: Turn): Promise<void> {
  const there = [...told.tables].filter(([, table]) => table.tried === table.told && table.told !== 'absent');
  const pick = there[random(Math.max(there.length, 1))];
  if (pick === undefined || (there.length < tablesMax && random(2) === 0)) {
    return makeTable(client, `made_${told.writer}_${step}`, told.tables);
  }
  const [name, table] = pick;
  if (table.told === 'made' && random(2) === 0) {
    table.tried = 'altered';
    await run(client, 'begin');
    await run(client, `alter table ${name} add column extra int not null default 7`);
    await run(client, `create index ${name}_extra on ${name} (extra, id)`);
    await run(client, 'commit');
    table.told = 'altered';
  } else {
    table.tried = 'absent';
    await run(client, `drop table ${name}`);
    table.told = 'absent';
  }
}

async function makeTable(client: WireClient, name: string, tables: Map<string, MadeTable>): Promise<void> {
  const table: MadeTable = { told: 'absent', tried: 'made' };
  tables.set(name, table);
  await run(client, 'begin');
  await run(client, `create table ${name} (id int primary key, note text unique)`);
  await run(client, `insert into ${name} select n, 'note ' || n from generate_series(1, ${tableRows}) n`);
  await run(client, 'commit');
  table.told = 'made';
}

/** What is wrong with a writer's tables; those that a crash left in doubt are settled by what is there. */
export async function wrongTables(client: WireClient, tables: Map<string, MadeTable>): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, table] of tables) {
    const found = await stateOf(client, name);
    if (found !== table.told && found !== table.tried) {
      problems.push(`table ${name} is ${found}, not ${table.told} nor ${table.tried}`);
    }
    table.told = table.tried = found === 'made' || found === 'altered' ? found : 'absent';
    if (found === 'absent') tables.delete(name);
  }
  return problems;
}

async function stateOf(client: WireClient, name: string): Promise<string> {
  const exists = await run(client, `select to_regclass('${name}') is not null`);
  if (exists[0]?.[0] !== 't') {
    const left = await run(client, `select relname from pg_class where relname like '${name}\\_%'`);
    return left.length === 0 ? 'absent' : `absent but for ${left.join(', ')}`;
  }
  const columns = await run(
    client,
    `select count(*) from pg_attribute where attrelid = '${name}'::regclass and attnum > 0 and not attisdropped`,
  );
  const indexes = await run(client, `select count(*) from pg_index where indrelid = '${name}'::regclass`);
  const rows = await run(client, `select count(*), count(distinct note) from ${name}`);
  const shape = [columns, indexes, rows].map((answer) => answer[0]?.join('/')).join(' ');
  if (shape === `2 2 ${tableRows}/${tableRows}`) return 'made';
  if (shape === `3 3 ${tableRows}/${tableRows}`) return 'altered';
  return `in part (columns, indexes, rows: ${shape})`;
}
