// What must hold after a crash and a new start: nothing acknowledged is lost, nothing is there in part, indexes agree with
// their tables, no number of a sequence came twice.
import type { WireClient } from '../../conformance/wire-client.js';
import type { TestServer } from '../support/server.js';
import { wrongTables } from './ddl.js';
import type { Acknowledged } from './model.js';
import { settlePrepared } from './prepared.js';
import { accountCount, connectTo, run, startBalance } from './model.js';

/** Everything that is wrong after a restart, in words; empty where all holds. */
export async function verify(server: TestServer, writers: readonly Acknowledged[]): Promise<string[]> {
  const client = await connectTo(server);
  try {
    return [
      ...(await settlePrepared(client, writers)),
      ...(await lostRows(client, writers)),
      ...(await lostCounts(client, writers)),
      ...repeatedNumbers(writers),
      ...(await tablesInPart(client, writers)),
      ...(await wrongAnswers(client)),
      ...(await indexDisagreements(client)),
    ];
  } finally {
    client.close();
  }
}

async function lostRows(client: WireClient, writers: readonly Acknowledged[]): Promise<string[]> {
  const history = new Set((await run(client, 'select writer, step from history')).map((row) => row.join('/')));
  const movements = new Set((await run(client, 'select writer, step from movement')).map((row) => row.join('/')));
  const parents = new Set((await run(client, 'select id from parent')).map((row) => Number(row[0])));
  const tickets = new Set((await run(client, 'select number from ticket')).map((row) => Number(row[0])));
  const problems: string[] = [];
  for (const told of writers) {
    for (const step of told.history) {
      if (!history.has(`${told.writer}/${step}`)) problems.push(`transfer ${told.writer}/${step} is lost`);
    }
    for (const step of told.movements) {
      if (!movements.has(`${told.writer}/${step}`)) problems.push(`movement ${told.writer}/${step} is lost`);
    }
    for (const id of told.parents) if (!parents.has(id)) problems.push(`parent ${id} is lost`);
    for (const number of told.tickets) if (!tickets.has(number)) problems.push(`ticket ${number} is lost`);
  }
  return problems;
}

async function lostCounts(client: WireClient, writers: readonly Acknowledged[]): Promise<string[]> {
  const values = new Map(
    (await run(client, 'select writer, value from counter')).map((row) => [Number(row[0]), Number(row[1])]),
  );
  const problems: string[] = [];
  for (const told of writers) {
    const value = values.get(told.writer) ?? 0;
    if (value < told.counted || value > told.countTried) {
      problems.push(`counter ${told.writer} is ${value}, not between ${told.counted} and ${told.countTried}`);
    }
    // The next round starts from what is there.
    told.counted = value;
    told.countTried = value;
  }
  return problems;
}

function repeatedNumbers(writers: readonly Acknowledged[]): string[] {
  const seen = new Set<number>();
  const problems: string[] = [];
  for (const { numbers } of writers) {
    for (const number of numbers) {
      if (seen.has(number)) problems.push(`number ${number} came twice`);
      seen.add(number);
    }
  }
  return problems;
}

async function tablesInPart(client: WireClient, writers: readonly Acknowledged[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { tables } of writers) problems.push(...(await wrongTables(client, tables)));
  return problems;
}

/** Questions that have the answer 0 whenever no transaction is there in part. */
const mustBeZero: Readonly<Record<string, string>> = {
  'money is made or lost': `select sum(balance) - ${accountCount * startBalance} from account`,
  'balances differ from the history': `select count(*) from account a where balance <> ${startBalance}
    + coalesce((select sum(amount) from (table history union all table movement) h where target = a.id), 0)
    - coalesce((select sum(amount) from (table history union all table movement) h where source = a.id), 0)`,
  'parents without two children': `select count(*) from parent p where (select count(*) from child where parent = p.id) <> 2`,
  'children without a parent': `select count(*) from child c where not exists (select from parent where id = c.parent)`,
  'the sequence is behind its numbers': `select count(*) from ticket, ticket_number where number > last_value`,
};

async function wrongAnswers(client: WireClient): Promise<string[]> {
  const problems: string[] = [];
  for (const [problem, sql] of Object.entries(mustBeZero)) {
    const value = (await run(client, sql))[0]?.[0];
    if (value !== '0') problems.push(`${problem}: ${value}`);
  }
  return problems;
}

/** Reads each table once by a scan and once in the order of each index: the same rows must come. */
async function indexDisagreements(client: WireClient): Promise<string[]> {
  const problems: string[] = [];
  const orders: Readonly<Record<string, readonly string[]>> = {
    account: ['id'],
    history: ['writer, step', 'source'],
    counter: ['writer'],
    parent: ['id', 'label'],
    child: ['parent, part'],
    ticket: ['number', 'writer, step'],
  };
  for (const [table, indexes] of Object.entries(orders)) {
    await run(client, 'set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off');
    const scanned = (await run(client, `select * from ${table}`)).map((row) => row.join('|')).sort();
    await run(client, 'reset all; set enable_seqscan = off; set enable_sort = off');
    for (const order of indexes) {
      const ordered = (await run(client, `select * from ${table} order by ${order}`))
        .map((row) => row.join('|'))
        .sort();
      if (scanned.join('\n') !== ordered.join('\n')) {
        problems.push(`${table}: ${scanned.length} rows by scan, ${ordered.length} by its index on (${order})`);
      }
    }
    await run(client, 'reset all');
  }
  return problems;
}
