// What the writers of the crash test do and what must hold afterwards. Each writer runs one kind of transaction in turn
// and keeps what the server acknowledged; a transaction whose answer never came may be there or not, but only whole.
//   transfer  moves money between two accounts: the sum over all never changes; one history row for each
//   counter   counts a writer's own counter up by one in each transaction
//   pair      inserts a parent and two children with a foreign key
//   prepared  moves money in a prepared transaction, which is committed or rolled back
//   ticket    takes a number from a sequence: no number comes twice
import { WireClient } from '../../conformance/wire-client.js';
import { newPreparedSteps, prepareAndFinish, settlePrepared } from './prepared.js';
import type { PreparedSteps } from './prepared.js';
import type { TestServer } from '../support/server.js';

export const accountCount = 40;
export const startBalance = 1000;

export const schema = `
create table account (id int primary key, balance bigint not null);
create table history (writer int, step int, source int, target int, amount int, primary key (writer, step));
create index history_source on history (source);
create table counter (writer int primary key, value bigint not null);
create table parent (id bigint primary key, writer int not null, label text not null unique);
create table child (parent bigint not null references parent, part int not null, filler text, primary key (parent, part));
create sequence ticket_number;
create table ticket (number bigint primary key, writer int not null, step int not null);
create index ticket_writer on ticket (writer, step);
insert into account select id, ${startBalance} from generate_series(1, ${accountCount}) id;
`;

/** What one writer was told, over all rounds. */
export interface Acknowledged {
  readonly writer: number;
  /** Steps that were begun: also the numbers of its rows. */
  steps: number;
  /** How often the counter's commit came back, and how often it was tried. */
  counted: number;
  countTried: number;
  readonly history: Set<number>;
  readonly parents: Set<number>;
  readonly tickets: Set<number>;
  readonly prepared: PreparedSteps;
}

/** A move of money that a transaction has begun. */
export interface Transfer {
  readonly step: number;
  readonly source: number;
  readonly target: number;
}

export function newWriter(writer: number): Acknowledged {
  return {
    writer,
    steps: 0,
    counted: 0,
    countTried: 0,
    history: new Set(),
    parents: new Set(),
    tickets: new Set(),
    prepared: newPreparedSteps(),
  };
}

export function connectTo(server: TestServer): Promise<WireClient> {
  return WireClient.connect({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
}

/** A small generator of numbers below `limit`, the same for the same seed. */
export function seeded(seed: number): (limit: number) => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Writes until the connection breaks. Rejects only on an error that no crash explains. */
export async function writeUntilCrash(server: TestServer, told: Acknowledged, seed: number): Promise<void> {
  const random = seeded(seed);
  let client: WireClient;
  try {
    client = await connectTo(server);
  } catch {
    return;
  }
  for (;;) {
    const step = told.steps++;
    try {
      await writeOne(client, told, step, random);
    } catch (error) {
      if (error instanceof UnexpectedError) throw error;
      return;
    }
  }
}

class UnexpectedError extends Error {}

async function writeOne(
  client: WireClient,
  told: Acknowledged,
  step: number,
  random: (limit: number) => number,
): Promise<void> {
  const { writer } = told;
  const kind = random(5);
  if (kind === 0) {
    await transfer(client, writer, step, random);
    await run(client, 'commit');
    told.history.add(step);
  } else if (kind === 4) {
    const moved = await transfer(client, writer, step, random);
    await prepareAndFinish(client, told, moved, random(3) === 0 ? 'rollback' : 'commit');
  } else if (kind === 1) {
    told.countTried++;
    await run(
      client,
      `insert into counter values (${writer}, 1) on conflict (writer) do update set value = counter.value + 1`,
    );
    told.counted++;
  } else if (kind === 2) {
    const id = writer * 1_000_000 + step;
    await run(client, 'begin');
    await run(client, `insert into parent values (${id}, ${writer}, 'label ${id}')`);
    await run(client, `insert into child values (${id}, 1, repeat('x', ${random(2000)})), (${id}, 2, null)`);
    await run(client, 'commit');
    told.parents.add(id);
  } else {
    const rows = await run(
      client,
      `insert into ticket values (nextval('ticket_number'), ${writer}, ${step}) returning number`,
    );
    told.tickets.add(Number(rows[0]?.[0]));
  }
}

/** Begins a transaction and moves money in it. */
async function transfer(
  client: WireClient,
  writer: number,
  step: number,
  random: (limit: number) => number,
): Promise<Transfer> {
  const source = 1 + random(accountCount);
  const target = 1 + ((source + random(accountCount - 1)) % accountCount);
  const amount = 1 + random(9);
  // The lower id first: transfers would deadlock otherwise.
  const moves = [
    { id: source, change: -amount },
    { id: target, change: amount },
  ].sort((a, b) => a.id - b.id);
  await run(client, 'begin');
  for (const { id, change } of moves) {
    await run(client, `update account set balance = balance + ${change} where id = ${id}`);
  }
  await run(client, `insert into history values (${writer}, ${step}, ${source}, ${target}, ${amount})`);
  return { step, source, target };
}

/** Runs the statement; an error of the server is not what a crash looks like. */
export async function run(client: WireClient, sql: string): Promise<(string | null)[][]> {
  const { rows, error } = await client.query(sql);
  // 57P01 and its like: the server says that it goes down.
  if (error?.code.startsWith('57P')) throw new Error(error.message);
  if (error) throw new UnexpectedError(`${error.code} ${error.message} in: ${sql}`);
  return rows;
}

/** Everything that is wrong after a restart, in words; empty where all holds. */
export async function verify(server: TestServer, writers: readonly Acknowledged[]): Promise<string[]> {
  const client = await connectTo(server);
  try {
    return [
      ...(await settlePrepared(client, writers)),
      ...(await lostRows(client, writers)),
      ...(await lostCounts(client, writers)),
      ...(await wrongAnswers(client)),
      ...(await indexDisagreements(client)),
    ];
  } finally {
    client.close();
  }
}

async function lostRows(client: WireClient, writers: readonly Acknowledged[]): Promise<string[]> {
  const history = new Set((await run(client, 'select writer, step from history')).map((row) => row.join('/')));
  const parents = new Set((await run(client, 'select id from parent')).map((row) => Number(row[0])));
  const tickets = new Set((await run(client, 'select number from ticket')).map((row) => Number(row[0])));
  const problems: string[] = [];
  for (const told of writers) {
    for (const step of told.history) {
      if (!history.has(`${told.writer}/${step}`)) problems.push(`transfer ${told.writer}/${step} is lost`);
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

/** Questions that have the answer 0 whenever no transaction is there in part. */
const mustBeZero: Readonly<Record<string, string>> = {
  'money is made or lost': `select sum(balance) - ${accountCount * startBalance} from account`,
  'balances differ from the history': `select count(*) from account a where balance <> ${startBalance}
    + coalesce((select sum(amount) from history where target = a.id), 0)
    - coalesce((select sum(amount) from history where source = a.id), 0)`,
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
