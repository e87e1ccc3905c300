// Clients that run random transactions over few keys, and note what they saw.
import type { ServerAddress } from '../case-result.js';
import { Source } from '../queries/source.js';
import { WireClient } from '../wire-client.js';
import type { Level } from './checker.js';
import type { HistoryTransaction, Operation, Workload } from './history.js';

export interface WorkloadOptions {
  readonly workload: Workload;
  readonly level: Level;
  readonly seed: number;
  readonly transactionCount: number;
  readonly kills?: Kills;
}

/** The server's deaths: after each so many transactions begun, while the clients go on. */
export interface Kills {
  readonly everyTransactions: number;
  /** Kills the server and starts it again; resolves to where it then is. */
  restart(): Promise<ServerAddress>;
}

const clientCount = 8;
/** Keys that are in use at a time; a full list makes way for a new key. */
const keyCount = 5;
const appendsPerKey = 40;
const operationsMax = 5;
const killDelayMsMax = 3;

export const tableStatements: readonly string[] = [
  'create table lists (id int primary key, elements int[] not null)',
  'create table registers (id int primary key, value int not null)',
];

interface Run {
  readonly options: WorkloadOptions;
  /** Where the server is, once it is there. */
  address: Promise<ServerAddress>;
  /** Times that the server was killed. */
  deaths: number;
  /** It is to be killed at the next commit. */
  isKillDue: boolean;
  readonly history: HistoryTransaction[];
  begun: number;
  written: number;
  clock: number;
}

/** Runs the transactions; the history ends with one that reads all keys. Rejects where the server leaves a client that
 *  had no reason to expect it. */
export async function runWorkload(address: ServerAddress, options: WorkloadOptions): Promise<HistoryTransaction[]> {
  const run: Run = {
    options,
    address: Promise.resolve(address),
    deaths: 0,
    isKillDue: false,
    history: [],
    begun: 0,
    written: 0,
    clock: 0,
  };
  await Promise.all(Array.from({ length: clientCount }, (_, n) => runClient(run, n)));
  const { client } = await connectTo(run);
  await readAll(run, client);
  client.close();
  return run.history;
}

interface Connection {
  readonly client: WireClient;
  /** How often the server had been killed before. */
  readonly deaths: number;
}

/** Connects to the server that is there, or to the next one where that is killed meanwhile. */
async function connectTo(run: Run): Promise<Connection> {
  for (;;) {
    const { deaths } = run;
    try {
      const client = await WireClient.connect(await run.address);
      // Deadlocks are part of it; waiting long for their end is not.
      await client.query("set deadlock_timeout = '20ms'");
      return { client, deaths };
    } catch (error) {
      if (run.deaths === deaths) throw error;
    }
  }
}

async function runClient(run: Run, number: number): Promise<void> {
  const source = new Source(run.options.seed * clientCount + number);
  let connection = await connectTo(run);
  while (run.begun < run.options.transactionCount) {
    const id = ++run.begun;
    if (isDue(run, id)) run.isKillDue = true;
    const transaction: Attempt = { id, began: ++run.clock, operations: [], isCommitting: false };
    try {
      const committed = await runTransaction(run, connection.client, source, transaction);
      run.history.push({ ...transaction, committed, ended: ++run.clock });
    } catch (error) {
      if (run.deaths === connection.deaths) throw error;
      run.history.push({ ...transaction, committed: transaction.isCommitting ? null : false, ended: ++run.clock });
      connection = await connectTo(run);
    }
  }
  connection.client.close();
}

function isDue({ options: { kills, transactionCount } }: Run, id: number): boolean {
  return kills !== undefined && id % kills.everyTransactions === 0 && id < transactionCount;
}

/** Kills the server around the time that it does a commit just sent. */
async function killWhereDue(run: Run, source: Source): Promise<void> {
  const { kills } = run.options;
  if (kills === undefined || !run.isKillDue) return;
  run.isKillDue = false;
  await new Promise((resolve) => setTimeout(resolve, source.below(killDelayMsMax + 1)));
  run.deaths++;
  run.address = kills.restart();
}

/** A transaction on its way. */
interface Attempt {
  readonly id: number;
  readonly began: number;
  readonly operations: Operation[];
  isCommitting: boolean;
}

/** Tells whether it has committed; rejects where the connection is lost. */
async function runTransaction(run: Run, client: WireClient, source: Source, attempt: Attempt): Promise<boolean> {
  const began = await client.query(`begin isolation level ${run.options.level}`);
  let isFailed = began.error !== null;
  for (let left = 1 + source.below(operationsMax); left > 0 && !isFailed; left--)
    isFailed = !(await runOperation(run, client, source, attempt.operations));
  const gives = isFailed || source.chance(0.05);
  attempt.isCommitting = !gives;
  const ending = client.query(gives ? 'rollback' : 'commit');
  const [ended] = await Promise.all([ending, attempt.isCommitting ? killWhereDue(run, source) : null]);
  return !gives && ended.error === null;
}

/** Adds what a random operation saw and wrote, a write before it is sent: it must not be seen even where its answer never
 *  came. False where the server refused it. */
async function runOperation(run: Run, client: WireClient, source: Source, operations: Operation[]): Promise<boolean> {
  const base = Math.floor(run.written / (appendsPerKey * keyCount)) * keyCount;
  const key = base + source.below(keyCount);
  const { workload } = run.options;
  const isRange = source.chance(0.15);
  if (isRange || source.chance(0.5)) {
    const [from, to] = isRange ? [base, base + keyCount - 1] : [key, key];
    return addAll(operations, await readRange(workload, client, from, to));
  }
  // A register's write says what it follows only where its transaction has read before.
  if (workload === 'registers' && !addAll(operations, await readRange(workload, client, key, key))) return false;
  const value = ++run.written;
  operations.push({ kind: 'write', key, value });
  const { error } = await client.query(writeStatement(workload, key, value));
  return error === null;
}

function addAll(operations: Operation[], more: readonly Operation[] | null): boolean {
  operations.push(...(more ?? []));
  return more !== null;
}

function writeStatement(workload: Workload, key: number, value: number): string {
  return workload === 'lists'
    ? `insert into lists as l values (${key}, '{${value}}') on conflict (id) do update set elements = l.elements || ${value}`
    : `insert into registers values (${key}, ${value}) on conflict (id) do update set value = ${value}`;
}

async function readRange(
  workload: Workload,
  client: WireClient,
  from: number,
  to: number,
): Promise<Operation[] | null> {
  const what = workload === 'lists' ? `array_to_string(elements, ' ') from lists` : 'value from registers';
  const condition = from === to ? `= ${from}` : `between ${from} and ${to}`;
  const { rows, error } = await client.query(`select id, ${what} where id ${condition}`);
  if (error !== null) return null;
  const seen = new Map(rows.map(([id, text]) => [Number(id), (text ?? '').split(' ').map(Number)]));
  const keys = Array.from({ length: to - from + 1 }, (_, n) => from + n);
  return keys.map((key) => ({ kind: 'read', key, values: seen.get(key) ?? [] }));
}

async function readAll(run: Run, client: WireClient): Promise<void> {
  const last = (Math.floor(run.written / (appendsPerKey * keyCount)) + 1) * keyCount - 1;
  const operations = await readRange(run.options.workload, client, 0, last);
  run.history.push({ id: run.begun + 1, committed: operations !== null, operations: operations ?? [] });
}
