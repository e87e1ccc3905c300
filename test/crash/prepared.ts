// Prepared transactions in the crash test: a transfer that is prepared, then committed or rolled back. A crash in between
// must find it prepared, with its locks, and whoever comes after it finishes it.
import type { WireClient } from '../../conformance/wire-client.js';
import type { Acknowledged, Transfer } from './model.js';
import { run } from './model.js';

/** What a writer was told of its prepared transactions, by their steps. */
export interface PreparedSteps {
  /** Prepared, and nobody has begun to finish them. */
  readonly waiting: Map<number, Transfer>;
  /** Begun to finish, without an answer. */
  readonly finishing: Map<number, Outcome>;
  readonly rolledBack: Set<number>;
}
type Outcome = 'commit' | 'rollback';

export function newPreparedSteps(): PreparedSteps {
  return { waiting: new Map(), finishing: new Map(), rolledBack: new Set() };
}

/** Prepares the open transaction, a transfer, and finishes it. */
export async function prepareAndFinish(
  client: WireClient,
  told: Acknowledged,
  transfer: Transfer,
  outcome: Outcome,
): Promise<void> {
  const { step } = transfer;
  await run(client, `prepare transaction '${gidOf(told.writer, step)}'`);
  told.prepared.waiting.set(step, transfer);
  await finish(client, told, step, outcome);
}

async function finish(client: WireClient, told: Acknowledged, step: number, outcome: Outcome): Promise<void> {
  told.prepared.finishing.set(step, outcome);
  told.prepared.waiting.delete(step);
  await run(client, `${outcome} prepared '${gidOf(told.writer, step)}'`);
  told.prepared.finishing.delete(step);
  if (outcome === 'commit') told.history.add(step);
  else told.prepared.rolledBack.add(step);
}

function gidOf(writer: number, step: number): string {
  return `transfer ${writer}/${step}`;
}

/** After a restart: what is wrong with the prepared transactions, in words. Finishes those that are there. */
export async function settlePrepared(client: WireClient, writers: readonly Acknowledged[]): Promise<string[]> {
  const problems: string[] = [];
  const listed = new Set((await run(client, 'select gid from pg_prepared_xacts')).map(([gid]) => String(gid)));
  for (const told of writers) {
    const { waiting, rolledBack } = told.prepared;
    for (const [step, transfer] of waiting) {
      if (!listed.has(gidOf(told.writer, step))) problems.push(`prepared ${told.writer}/${step} is lost`);
      else problems.push(...(await missingLocks(client, transfer)));
    }
    for (const step of [...told.history, ...rolledBack])
      if (listed.has(gidOf(told.writer, step))) problems.push(`finished ${told.writer}/${step} is prepared again`);
  }
  const visible = new Set((await run(client, 'select writer, step from history')).map((row) => row.join('/')));
  for (const gid of listed) {
    const [writer, step] = gid.replace('transfer ', '').split('/').map(Number) as [number, number];
    if (visible.has(`${writer}/${step}`)) problems.push(`${gid} is prepared, but its rows are there`);
    const told = writers.find((one) => one.writer === writer);
    if (told !== undefined) await finish(client, told, step, step % 2 === 0 ? 'commit' : 'rollback');
  }
  for (const told of writers) problems.push(...settleFinished(told, visible));
  return problems;
}

/** The accounts of a prepared transfer can't be locked by anybody else. */
async function missingLocks(client: WireClient, { source, target }: Transfer): Promise<string[]> {
  const problems: string[] = [];
  for (const id of [source, target]) {
    const { error } = await client.query(`select from account where id = ${id} for update nowait`);
    if (error?.code !== '55P03') problems.push(`account ${id} is not locked by its prepared transfer`);
  }
  return problems;
}

/** What was being finished when the server crashed, and was no longer prepared, has had its outcome. */
function settleFinished(told: Acknowledged, visible: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [step, outcome] of told.prepared.finishing) {
    const name = `${told.writer}/${step}`;
    if (outcome === 'commit' && !visible.has(name)) problems.push(`${name} was to be committed and is gone`);
    if (outcome === 'rollback' && visible.has(name)) problems.push(`${name} was to be rolled back and is there`);
  }
  told.prepared.finishing.clear();
  for (const step of told.prepared.rolledBack)
    if (visible.has(`${told.writer}/${step}`)) problems.push(`${told.writer}/${step} was rolled back and is there`);
  return problems;
}
