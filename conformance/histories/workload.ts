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
}

const clientCount = 8;
/** Keys that are in use at a time; a full list makes way for a new key. */
const keyCount = 5;
const appendsPerKey = 40;
const operationsMax = 5;

export const tableStatements: readonly string[] = [
  'create table lists (id int primary key, elements int[] not null)',
  'create table registers (id int primary key, value int not null)',
];

interface Run {
  readonly options: WorkloadOptions;
  readonly address: ServerAddress;
  readonly history: HistoryTransaction[];
  begun: number;
  written: number;
}

/** Runs the transactions; the history ends with one that reads all keys. */
export async function runWorkload(address: ServerAddress, options: WorkloadOptions): Promise<HistoryTransaction[]> {
  const run: Run = { options, address, history: [], begun: 0, written: 0 };
  await Promise.all(Array.from({ length: clientCount }, (_, n) => runClient(run, n)));
  await withClient(address, (client) => readAll(run, client));
  return run.history;
}

async function withClient<T>(address: ServerAddress, use: (client: WireClient) => Promise<T>): Promise<T> {
  const client = await WireClient.connect(address);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

async function runClient(run: Run, number: number): Promise<void> {
  const source = new Source(run.options.seed * clientCount + number);
  await withClient(run.address, async (client) => {
    // Deadlocks are part of it; waiting long for their end is not.
    await client.query("set deadlock_timeout = '20ms'");
    while (run.begun < run.options.transactionCount) {
      const id = ++run.begun;
      run.history.push(await runTransaction(run, client, source, id));
    }
  });
}

async function runTransaction(run: Run, client: WireClient, source: Source, id: number): Promise<HistoryTransaction> {
  const operations: Operation[] = [];
  const began = await client.query(`begin isolation level ${run.options.level}`);
  let isFailed = began.error !== null;
  for (let left = 1 + source.below(operationsMax); left > 0 && !isFailed; left--) {
    const done = await runOperation(run, client, source);
    isFailed = done === null;
    operations.push(...(done ?? []));
  }
  const gives = isFailed || source.chance(0.05);
  const ended = await client.query(gives ? 'rollback' : 'commit');
  return { id, committed: !gives && ended.error === null, operations };
}

/** What a random operation saw and wrote; null where the server refused it. */
async function runOperation(run: Run, client: WireClient, source: Source): Promise<Operation[] | null> {
  const base = Math.floor(run.written / (appendsPerKey * keyCount)) * keyCount;
  const key = base + source.below(keyCount);
  const { workload } = run.options;
  if (source.chance(0.15)) return readRange(workload, client, base, base + keyCount - 1);
  if (source.chance(0.5)) return readRange(workload, client, key, key);
  // A register's write says what it follows only where its transaction has read before.
  const before = workload === 'registers' ? await readRange(workload, client, key, key) : [];
  if (before === null) return null;
  const value = ++run.written;
  const { error } = await client.query(writeStatement(workload, key, value));
  return error === null ? [...before, { kind: 'write', key, value }] : null;
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
  run.history.push({ id: run.begun + 1, committed: true, operations: operations ?? [] });
}
