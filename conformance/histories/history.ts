// What clients saw, and the versions of keys that follow from it.

export interface Read {
  readonly kind: 'read';
  readonly key: number;
  /** Lists: all elements. Registers: the value, none where the key is not there. */
  readonly values: readonly number[];
}
export interface Write {
  readonly kind: 'write';
  readonly key: number;
  /** Unlike any other that was ever written. */
  readonly value: number;
}
export type Operation = Read | Write;

export interface HistoryTransaction {
  readonly id: number;
  /** Null: the connection was lost at the commit, which may have happened or not. */
  readonly committed: boolean | null;
  readonly operations: readonly Operation[];
  /** Moments of the run's own clock: before the first statement was sent, after the last answer (or its loss). */
  readonly began?: number;
  readonly ended?: number;
}

export type Workload = 'lists' | 'registers';

/** A version of a key is the number written last; this one is there before any write. */
export const initialVersion = 0;

/** The versions of all keys in their order. */
export interface Versions {
  /** Those that follow a version: one, where no update was lost. */
  next(key: number, version: number): readonly number[];
  /** Reads of lists that are no prefix of the longest one. */
  readonly disorder: readonly string[];
}

/** The version that a read saw, of lists and registers alike: its last number. */
export function versionOf(values: readonly number[]): number {
  return values[values.length - 1] ?? initialVersion;
}

export function versionsOf(workload: Workload, history: readonly HistoryTransaction[]): Versions {
  return workload === 'lists' ? listVersions(history) : registerVersions(history);
}

/** The longest list of a key tells the order; every other list must be a beginning of it. */
function listVersions(history: readonly HistoryTransaction[]): Versions {
  const longest = new Map<number, readonly number[]>();
  const reads = history.filter(({ committed }) => committed !== false).flatMap(readsOf);
  for (const { key, values } of reads) if (values.length > (longest.get(key)?.length ?? 0)) longest.set(key, values);
  const disorder = reads
    .filter(({ key, values }) => values.some((value, n) => longest.get(key)?.[n] !== value))
    .map(({ key, values }) => `key ${key}: [${values}] is no beginning of [${longest.get(key) ?? ''}]`);
  const following = new Map<string, number[]>();
  for (const [key, values] of longest) follow(following, key, values);
  return { next: (key, version) => following.get(`${key} ${version}`) ?? [], disorder };
}

function follow(following: Map<string, number[]>, key: number, values: readonly number[]): void {
  let before = initialVersion;
  for (const value of values) {
    following.set(`${key} ${before}`, [value]);
    before = value;
  }
}

/** A write follows what its transaction saw of the key before. */
function registerVersions(history: readonly HistoryTransaction[]): Versions {
  const following = new Map<string, number[]>();
  for (const { committed, operations } of history) {
    if (committed === false) continue;
    const seen = new Map<number, number>();
    for (const operation of operations) {
      const { key } = operation;
      if (operation.kind === 'read') seen.set(key, versionOf(operation.values));
      else {
        const place = `${key} ${seen.get(key) ?? initialVersion}`;
        following.set(place, [...(following.get(place) ?? []), operation.value]);
        seen.set(key, operation.value);
      }
    }
  }
  return { next: (key, version) => following.get(`${key} ${version}`) ?? [], disorder: [] };
}

function readsOf({ operations }: HistoryTransaction): readonly Read[] {
  return operations.filter((operation) => operation.kind === 'read');
}
