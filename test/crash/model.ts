// What the writers of the crash test do and what must hold afterwards. Each writer runs one kind of transaction in turn
// and keeps what the server acknowledged; a transaction whose answer never came may be there or not, but only whole.
//   transfer  moves money between two accounts: the sum over all never changes; one history row for each
//   movement  the same by prepared statements, which the server answers on its shortest way
//   counter   counts a writer's own counter up by one in each transaction
//   pair      inserts a parent and two children with a foreign key
//   prepared  moves money in a prepared transaction, which is committed or rolled back
//   ticket    takes a number from a sequence into a table: no number comes twice
//   number    takes a number and keeps it to itself
//   DDL       makes a table with rows and indexes, adds a column to it, drops it (ddl.ts)
// What holds afterwards: checks.ts. A further kind is one more function in `kinds`.
import { WireClient, type WireResult } from '../../conformance/wire-client.js';
import { newPreparedSteps, prepareAndFinish } from './prepared.js';
import type { PreparedSteps } from './prepared.js';
import type { TestServer } from '../support/server.js';
import type { MadeTable } from './ddl.js';
import { changeSchema } from './ddl.js';

export const accountCount = 40;
export const startBalance = 1000;

export const schema = `
create table account (id int primary key, balance bigint not null);
create table history (writer int, step int, source int, target int, amount int, primary key (writer, step));
create index history_source on history (source);
create table movement (writer int, step int, source int, target int, amount int);
create table counter (writer int primary key, value bigint not null);
create table parent (id bigint primary key, writer int not null, label text not null unique);
create table child (parent bigint not null references parent, part int not null, filler text, primary key (parent, part));
create sequence ticket_number;
create sequence free_number;
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
  readonly movements: Set<number>;
  readonly parents: Set<number>;
  readonly tickets: Set<number>;
  readonly prepared: PreparedSteps;
  /** Numbers that no table has. */
  readonly numbers: Set<number>;
  readonly tables: Map<string, MadeTable>;
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
    movements: new Set(),
    parents: new Set(),
    tickets: new Set(),
    prepared: newPreparedSteps(),
    numbers: new Set(),
    tables: new Map(),
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

export class UnexpectedError extends Error {}

/** One transaction of a writer; resolves once it was acknowledged. */
export interface Turn {
  readonly client: WireClient;
  readonly told: Acknowledged;
  readonly step: number;
  random(limit: number): number;
}

const kinds: readonly ((turn: Turn) => Promise<void>)[] = [
  transfer,
  move,
  move,
  preparedTransfer,
  count,
  insertPair,
  takeTicket,
  takeNumber,
  changeSchema,
];

async function writeOne(
  client: WireClient,
  told: Acknowledged,
  step: number,
  random: (limit: number) => number,
): Promise<void> {
  await kinds[random(kinds.length)]?.({ client, told, step, random });
}

async function transfer(turn: Turn): Promise<void> {
  const { step } = await moveMoney(turn);
  await run(turn.client, 'commit');
  turn.told.history.add(step);
}

async function preparedTransfer(turn: Turn): Promise<void> {
  const moved = await moveMoney(turn);
  await prepareAndFinish(turn.client, turn.told, moved, turn.random(3) === 0 ? 'rollback' : 'commit');
}

async function move({ client, told, step, random }: Turn): Promise<void> {
  const { source, target, amount, moves } = randomMoves(random);
  const values = (...numbers: number[]) => numbers.map(String);
  const ask = async (sql: string, parameters: readonly string[] = []) =>
    expectRows(await client.prepared(sql, parameters), sql);
  await ask('begin');
  for (const { id, change } of moves)
    await ask('update account set balance = balance + $1 where id = $2', values(change, id));
  const all = values(told.writer, step, source, target, amount);
  await ask('insert into movement values ($1, $2, $3, $4, $5)', all);
  await ask('commit');
  told.movements.add(step);
}

/** Accounts to move money between, and what becomes of them. */
function randomMoves(random: Turn['random']) {
  const source = 1 + random(accountCount);
  const target = 1 + ((source + random(accountCount - 1)) % accountCount);
  const amount = 1 + random(9);
  // The lower id first: transfers would deadlock otherwise.
  const moves = [
    { id: source, change: -amount },
    { id: target, change: amount },
  ].sort((a, b) => a.id - b.id);
  return { source, target, amount, moves };
}

/** Begins a transaction and moves money in it. */
async function moveMoney({ client, told, step, random }: Turn): Promise<Transfer> {
  const { source, target, amount, moves } = randomMoves(random);
  await run(client, 'begin');
  for (const { id, change } of moves) {
    await run(client, `update account set balance = balance + ${change} where id = ${id}`);
  }
  await run(client, `insert into history values (${told.writer}, ${step}, ${source}, ${target}, ${amount})`);
  return { step, source, target };
}

async function count({ client, told }: Turn): Promise<void> {
  told.countTried++;
  await run(
    client,
    `insert into counter values (${told.writer}, 1) on conflict (writer) do update set value = counter.value + 1`,
  );
  told.counted++;
}

async function insertPair({ client, told, step, random }: Turn): Promise<void> {
  const id = told.writer * 1_000_000 + step;
  await run(client, 'begin');
  await run(client, `insert into parent values (${id}, ${told.writer}, 'label ${id}')`);
  await run(client, `insert into child values (${id}, 1, repeat('x', ${random(2000)})), (${id}, 2, null)`);
  await run(client, 'commit');
  told.parents.add(id);
}

async function takeTicket({ client, told, step }: Turn): Promise<void> {
  const rows = await run(
    client,
    `insert into ticket values (nextval('ticket_number'), ${told.writer}, ${step}) returning number`,
  );
  told.tickets.add(Number(rows[0]?.[0]));
}

async function takeNumber({ client, told }: Turn): Promise<void> {
  const rows = await run(client, `select nextval('free_number')`);
  told.numbers.add(Number(rows[0]?.[0]));
}

/** Runs the statement; an error of the server is not what a crash looks like. */
export async function run(client: WireClient, sql: string): Promise<(string | null)[][]> {
  return expectRows(await client.query(sql), sql);
}

function expectRows({ rows, error }: WireResult, sql: string): (string | null)[][] {
  // 57P01 and its like: the server says that it goes down.
  if (error?.code.startsWith('57P')) throw new Error(error.message);
  if (error) throw new UnexpectedError(`${error.code} ${error.message} in: ${sql}`);
  return rows;
}
