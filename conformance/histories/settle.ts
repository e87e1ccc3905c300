// What a crash leaves open: transactions whose commit was sent and never answered, and writes that may be gone.
import {
  type HistoryTransaction,
  initialVersion,
  type Operation,
  type Versions,
  versionOf,
  type Workload,
} from './history.js';

/** A transaction of unknown outcome that another one has seen did commit. One that nobody has seen counts as not
 *  committed: nothing in the history rests on it. All other transactions stay as they are. */
export function settled(history: readonly HistoryTransaction[]): HistoryTransaction[] {
  const readers = new Map<number, Set<number>>();
  for (const { id, operations } of history) {
    for (const operation of operations) {
      if (operation.kind !== 'read') continue;
      for (const value of operation.values) readers.set(value, (readers.get(value) ?? new Set()).add(id));
    }
  }
  const isSeen = ({ id, operations }: HistoryTransaction) =>
    operations.some(
      (each) => each.kind === 'write' && [...(readers.get(each.value) ?? [])].some((reader) => reader !== id),
    );
  return history.map((each) => (each.committed === null ? { ...each, committed: isSeen(each) } : each));
}

export interface Settled {
  readonly workload: Workload;
  readonly history: readonly HistoryTransaction[];
  readonly versions: Versions;
  /** The versions' order is known for sure. */
  readonly ordersWrites: boolean;
  /** Has read every key after all others had ended. */
  readonly last: HistoryTransaction;
}

/** Committed writes that are not there in the end, nor under what is there. */
export function lostWrites(run: Settled): string[] {
  const inTheEnd = new Map<number, readonly number[]>();
  for (const operation of run.last.operations) {
    if (operation.kind === 'read') inTheEnd.set(operation.key, operation.values);
  }
  return run.workload === 'lists' ? lostElements(run, inTheEnd) : lostValues(run, inTheEnd);
}

function lostElements({ history }: Settled, inTheEnd: ReadonlyMap<number, readonly number[]>): string[] {
  return history.flatMap(({ id, committed, operations }) =>
    writesOf(operations)
      .filter(({ key, value }) => committed === true && !inTheEnd.get(key)?.includes(value))
      .map(({ key, value }) => `T${id} added ${value} to key ${key}`),
  );
}

/** A register shows its last value only: one that began to be written after that one was there is lost, and so is one
 *  that is known to follow it. */
function lostValues(
  { history, versions, ordersWrites }: Settled,
  inTheEnd: ReadonlyMap<number, readonly number[]>,
): string[] {
  const there = new Map<number, number>([[initialVersion, 0]]);
  for (const { operations, ended } of history) {
    for (const { value } of writesOf(operations)) there.set(value, ended ?? Number.POSITIVE_INFINITY);
  }
  const end = (key: number) => versionOf(inTheEnd.get(key) ?? []);
  const later = history.flatMap(({ id, committed, operations, began }) =>
    writesOf(operations)
      .filter(({ key }) => committed === true && (began ?? 0) > (there.get(end(key)) ?? Number.POSITIVE_INFINITY))
      .map(({ key, value }) => `T${id} set key ${key} to ${value} after the ${end(key)} that it has in the end`),
  );
  const following = [...inTheEnd.keys()].flatMap((key) =>
    (ordersWrites ? versions.next(key, end(key)) : []).map(
      (value) => `${value} followed the ${end(key)} that key ${key} has in the end`,
    ),
  );
  return [...later, ...following];
}

function writesOf(operations: readonly Operation[]) {
  return operations.filter((operation) => operation.kind === 'write');
}
