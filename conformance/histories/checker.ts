// Finds phenomena in a history: reads of what was never committed, and cycles of dependencies, by the kinds of their steps
// (Adya's thesis, chapter 4).
//   1. Steps are ww, wr and rw (cycles.ts).
//   2. G0 is a cycle of ww alone, G1c one of ww and wr, G-single has one rw, G2 more.
import { anyCycle, cyclesOfReads, type Edges, type Step } from './cycles.js';
import { type HistoryTransaction, initialVersion, type Operation, versionOf, type Versions } from './history.js';

export type Phenomenon =
  | 'G0 write cycle'
  | 'G1a aborted read'
  | 'G1b intermediate read'
  | 'G1c circular information flow'
  | 'disorder of versions'
  | 'internal inconsistency'
  | 'lost update'
  | 'lost write'
  | 'G-single read skew'
  | 'G2 anti-dependency cycle';

export interface Finding {
  readonly phenomenon: Phenomenon;
  readonly detail: string;
}

export type Level = 'read committed' | 'repeatable read' | 'serializable';

const committedOnly: readonly Phenomenon[] = [
  'G0 write cycle',
  'G1a aborted read',
  'G1b intermediate read',
  'G1c circular information flow',
  'disorder of versions',
  'lost write',
];
const oneSnapshot: readonly Phenomenon[] = [
  ...committedOnly,
  'internal inconsistency',
  'lost update',
  'G-single read skew',
];

/** What each level forbids; PostgreSQL's REPEATABLE READ is snapshot isolation. */
export const forbidden: Readonly<Record<Level, readonly Phenomenon[]>> = {
  'read committed': committedOnly,
  'repeatable read': oneSnapshot,
  serializable: [...oneSnapshot, 'G2 anti-dependency cycle'],
};

/** Of the cycles with rw steps: so many of each kind are told. */
const cyclesShown = 20;

/** All phenomena of a history. `ordersWrites`: the versions' order is known for sure, so ww counts. */
export function findPhenomena(
  history: readonly HistoryTransaction[],
  versions: Versions,
  ordersWrites: boolean,
): Finding[] {
  const counted = history.filter(({ committed }) => committed !== false);
  const writers = writersOf(history);
  const edges = dependencies(counted, versions, writers, ordersWrites);
  return [
    ...versions.disorder.map((detail) => ({ phenomenon: 'disorder of versions' as const, detail })),
    ...counted.flatMap((transaction) => readsOfOthers(transaction, writers)),
    ...counted.flatMap(inconsistencies),
    ...lostUpdates(counted, versions),
    ...cycles(edges),
  ];
}

interface Writer {
  readonly transaction: HistoryTransaction;
  /** The last one that its transaction wrote of the key. */
  readonly isLast: boolean;
}

function writersOf(history: readonly HistoryTransaction[]): ReadonlyMap<number, Writer> {
  const writers = new Map<number, Writer>();
  for (const transaction of history) {
    const last = new Map<number, number>();
    for (const { kind, key, ...rest } of transaction.operations) {
      if (kind === 'write' && 'value' in rest) last.set(key, rest.value);
    }
    for (const operation of transaction.operations) {
      if (operation.kind !== 'write') continue;
      writers.set(operation.value, { transaction, isLast: last.get(operation.key) === operation.value });
    }
  }
  return writers;
}

function readsOfOthers(reader: HistoryTransaction, writers: ReadonlyMap<number, Writer>): Finding[] {
  return reader.operations.flatMap((operation) => {
    if (operation.kind !== 'read') return [];
    const found: Finding[] = [];
    for (const value of operation.values) {
      if (writers.get(value)?.transaction.committed === false)
        found.push({ phenomenon: 'G1a aborted read', detail: `T${reader.id} read ${value} of key ${operation.key}` });
    }
    const last = writers.get(versionOf(operation.values));
    if (last !== undefined && !last.isLast && last.transaction !== reader)
      found.push({ phenomenon: 'G1b intermediate read', detail: `T${reader.id} read key ${operation.key}` });
    return found;
  });
}

/** Within a transaction a key is what it was at the last read, and with its own writes. */
function inconsistencies({ id, operations }: HistoryTransaction): Finding[] {
  const known = new Map<number, number>();
  const found: Finding[] = [];
  for (const operation of operations) {
    const { key } = operation;
    const version = operation.kind === 'read' ? versionOf(operation.values) : operation.value;
    const before = known.get(key);
    if (operation.kind === 'read' && before !== undefined && before !== version)
      found.push({
        phenomenon: 'internal inconsistency',
        detail: `T${id} read ${version} of key ${key} after ${before}`,
      });
    known.set(key, version);
  }
  return found;
}

/** Two transactions that have both replaced the version that both had read. */
function lostUpdates(history: readonly HistoryTransaction[], versions: Versions): Finding[] {
  const places = new Set(
    history.flatMap(({ operations }) => operations.map((each) => `${each.key} ${replaced(each)}`)),
  );
  return [...places].flatMap((place) => {
    const [key, version] = place.split(' ').map(Number) as [number, number];
    const next = versions.next(key, version);
    const detail = `key ${key}: ${next.join(' and ')} both follow ${version}`;
    return next.length > 1 ? [{ phenomenon: 'lost update' as const, detail }] : [];
  });
}

function replaced(operation: Operation): number {
  return operation.kind === 'read' ? versionOf(operation.values) : operation.value;
}

function dependencies(
  history: readonly HistoryTransaction[],
  versions: Versions,
  writers: ReadonlyMap<number, Writer>,
  ordersWrites: boolean,
): Edges {
  const edges: Edges = new Map();
  const add = (from: number | undefined, to: number | undefined, step: Step) => {
    if (from === undefined || to === undefined || from === to) return;
    const known = edges.get(from) ?? new Map<number, Step>();
    edges.set(from, known);
    // The stronger step of two says more about a cycle.
    if (known.get(to) === undefined || known.get(to) === 'rw') known.set(to, step);
  };
  const writer = (version: number) => {
    const found = writers.get(version)?.transaction;
    return found?.committed === false ? undefined : found?.id;
  };
  for (const { id, operations } of history) {
    for (const operation of operations) {
      const version = replaced(operation);
      const next = versions.next(operation.key, version);
      if (operation.kind === 'read') {
        if (version !== initialVersion) add(writer(version), id, 'wr');
        // What follows an own write is the next one's ww.
        if (writer(version) !== id && ordersWrites) for (const other of next) add(id, writer(other), 'rw');
      } else if (ordersWrites) for (const other of next) add(id, writer(other), 'ww');
    }
  }
  return edges;
}

function cycles(edges: Edges): Finding[] {
  const shown = (phenomenon: Phenomenon, paths: readonly (readonly number[])[]): Finding[] =>
    paths.map((path) => ({ phenomenon, detail: path.map((id) => `T${id}`).join(' -> ') }));
  const { single, others } = cyclesOfReads(edges, cyclesShown);
  return [
    ...shown('G0 write cycle', [anyCycle(edges, ['ww']) ?? []].filter(isPath)),
    ...shown('G1c circular information flow', [anyCycle(edges, ['ww', 'wr']) ?? []].filter(isPath)),
    ...shown('G-single read skew', single),
    ...shown('G2 anti-dependency cycle', others.slice(0, 1)),
  ];
}

function isPath(path: readonly number[]): boolean {
  return path.length > 0;
}
