// What one session's transactions did to relations, gathered until it is added to the process's counters: at the end of a
// transaction, at most once a second, and when the session ends, as PostgreSQL's pending statistics are.
// Scans, fetches and rows written count whatever becomes of the transaction, but for rows that a TRUNCATE of it took; what
// they do to the estimates of live and dead rows is known at its end only (a savepoint's rollback turns its new rows into
// dead ones), which for a prepared transaction may be another session's.
import { currentMicroseconds } from '../base/clock.js';
import { FunctionStatistics } from './function-statistics.js';
import { isSharedRelation } from './lock-modes.js';

/** Counters of one relation that grow as a statement runs: nodes add to the fields themselves. */
export class RelationCounts {
  numscans = 0;
  tuplesReturned = 0;
  tuplesFetched = 0;
  tuplesInserted = 0;
  tuplesUpdated = 0;
  tuplesDeleted = 0;
  tuplesHotUpdated = 0;
  deadTuples = 0;
  liveTuples = 0;
  modSinceAnalyze = 0;
  insSinceVacuum = 0;
  /** The table was emptied since the last flush: its estimates start from nothing. */
  emptied = false;
  /** Rows written by the open transaction and not undone by a savepoint. */
  private written = new RowsWritten();

  scanned(): void {
    this.numscans += 1;
  }

  inserted(rowCount: number): void {
    this.tuplesInserted += rowCount;
    this.written.inserted += rowCount;
  }

  /** `hot`: no index entry changed. */
  updated(hot: boolean, rowCount = 1): void {
    this.tuplesUpdated += rowCount;
    if (hot) this.tuplesHotUpdated += rowCount;
    this.written.updated += rowCount;
  }

  deleted(): void {
    this.tuplesDeleted += 1;
    this.written.deleted += 1;
  }

  /** The table got an empty new file: what was written before counts only if that is taken back. */
  truncated(): void {
    const before = this.written;
    this.recount(before, -1);
    this.written = new RowsWritten();
    this.written.before = before;
  }

  get hasWritten(): boolean {
    const { inserted, updated, deleted, before } = this.written;
    return before !== null || inserted + updated + deleted > 0;
  }

  /** What was written so far, for `undoTo`. */
  mark(): RowsWritten {
    return Object.assign(new RowsWritten(), this.written);
  }

  /** A savepoint was rolled back to: what was written since is dead. */
  undoTo(mark: RowsWritten): void {
    const lost = this.untruncated((rows) => rows.before === mark.before);
    this.deadTuples += lost.inserted + lost.updated - mark.inserted - mark.updated;
    this.insSinceVacuum += lost.inserted - mark.inserted;
    this.written = Object.assign(new RowsWritten(), mark);
  }

  /** The transaction ended. */
  settle(committed: boolean): void {
    if (committed) {
      const { inserted, updated, deleted, before } = this.written;
      if (before !== null) this.empty();
      this.insSinceVacuum += inserted;
      this.liveTuples += inserted - deleted;
      this.deadTuples += updated + deleted;
      this.modSinceAnalyze += inserted + updated + deleted;
    } else {
      const lost = this.untruncated((rows) => rows.before === null);
      this.insSinceVacuum += lost.inserted;
      this.deadTuples += lost.inserted + lost.updated;
    }
    this.written = new RowsWritten();
  }

  /** The transaction was prepared: gives what it wrote, as numbers for `resume`, out of here. */
  suspend(): readonly number[] {
    const { written } = this;
    let first = written;
    while (first.before !== null) first = first.before;
    this.recount(written, -1);
    this.written = new RowsWritten();
    const isTruncated = written.before === null ? 0 : 1;
    const rows = [written, first].flatMap(({ inserted, updated, deleted }) => [inserted, updated, deleted]);
    return [isTruncated, ...rows];
  }

  /** Takes up what a prepared transaction wrote, which ends now. */
  resume([isTruncated = 0, ...rows]: readonly number[]): void {
    const [written, first] = [RowsWritten.of(rows.slice(0, 3)), RowsWritten.of(rows.slice(3))];
    if (isTruncated === 1) written.before = first;
    this.recount(written, 1);
    this.written = written;
  }

  /** Takes TRUNCATEs back, the latest first, until what was written suits; that counts again. */
  private untruncated(suits: (rows: RowsWritten) => boolean): RowsWritten {
    let rows = this.written;
    if (suits(rows)) return rows;
    this.recount(rows, -1);
    while (!suits(rows) && rows.before !== null) rows = rows.before;
    this.recount(rows, 1);
    return rows;
  }

  private recount({ inserted, updated, deleted }: RowsWritten, sign: 1 | -1): void {
    this.tuplesInserted += sign * inserted;
    this.tuplesUpdated += sign * updated;
    this.tuplesDeleted += sign * deleted;
  }

  private empty(): void {
    this.emptied = true;
    this.liveTuples = 0;
    this.deadTuples = 0;
  }
}

/** Rows written since the transaction's last TRUNCATE; `before`: until it. */
class RowsWritten {
  inserted = 0;
  updated = 0;
  deleted = 0;
  before: RowsWritten | null = null;

  static of([inserted = 0, updated = 0, deleted = 0]: readonly number[]): RowsWritten {
    return Object.assign(new RowsWritten(), { inserted, updated, deleted });
  }
}

/** Deltas by the counters' names. */
export type CounterDeltas = Readonly<Record<string, number>>;

/** The process's counters of one kind of objects. */
export interface ObjectCounters {
  /** Makes counters for an object; others add to none. */
  open(database: number, oid: number): void;
  add(database: number, oid: number, deltas: CounterDeltas): void;
  set(database: number, oid: number, counter: string, value: number): void;
  forget(database: number, oid: number): void;
}

/** The process's counters. */
export interface CounterSink {
  readonly relations: ObjectCounters;
  readonly functions: ObjectCounters;
  /** Keeps numbers about a prepared transaction until it is finished. */
  keepPrepared(gid: string, counts: readonly number[]): void;
  /** An empty list where nothing was kept. */
  takePrepared(gid: string): readonly number[];
}

export interface StatisticsMark {
  readonly written: ReadonlyMap<RelationCounts, RowsWritten>;
}

/** What pg_stat_get_xact_* and the executor see. */
export interface TransactionStatistics {
  /** The relation's counters, to add to. */
  of(relation: number): RelationCounts;
  /** Bytes that a statement wrote to a temporary file. */
  temporaryFile(bytes: number): void;
  deadlock(): void;
  /** The object is gone: its counters with it, once the transaction commits. */
  dropped(kind: 'relation' | 'function', oid: number): void;
}

const flushIntervalMs = 1000;

/** Numbers that are kept of an object of a prepared transaction: its kind, its oid, what `suspend` gives. */
const preparedNumbers = 9;
/** Kinds of those numbers. */
const preparedKinds = ['written', 'relation', 'function'] as const;

export class SessionStatistics implements TransactionStatistics {
  readonly functions = new FunctionStatistics();
  private readonly relations = new Map<number, RelationCounts>();
  private readonly own = new Map<string, number>();
  private readonly gone = { relation: new Set<number>(), function: new Set<number>() };
  private lastFlush = Number.NEGATIVE_INFINITY;
  private isInTransaction = false;
  private timer: NodeJS.Timeout | null = null;
  /** pg_stat_force_next_flush() was called. */
  isForced = false;
  /** Told of each transaction's end. */
  onTransactionEnd: () => void = () => {};

  /** `sink` null: nothing is kept (sessions of the server's own making, tests). `isOn`: track_counts. */
  constructor(
    private readonly database: number,
    private readonly sink: CounterSink | null,
    private readonly isOn: () => boolean = () => true,
  ) {}

  of(relation: number): RelationCounts {
    // What is counted now is forgotten with the statement.
    return this.isOn() ? this.kept(relation) : new RelationCounts();
  }

  private kept(relation: number): RelationCounts {
    let counts = this.relations.get(relation);
    if (counts === undefined) {
      counts = new RelationCounts();
      this.relations.set(relation, counts);
      this.sink?.relations.open(this.databaseOf(relation), relation);
    }
    return counts;
  }

  /** A function is called; what is returned is called when that has succeeded. */
  functionCalled(oid: number): () => void {
    if (this.functions.pending(oid) === null) this.sink?.functions.open(this.database, oid);
    return this.functions.begin(oid);
  }

  /** The counters gathered since the last flush; null where there are none. */
  pending(relation: number): RelationCounts | null {
    return this.relations.get(relation) ?? null;
  }

  /** Told of each temporary file that is done with. */
  onTemporaryFile: (bytes: number) => void = () => {};

  temporaryFile(bytes: number): void {
    this.onTemporaryFile(bytes);
    this.count('tempFiles', 1);
    this.count('tempBytes', bytes);
  }

  deadlock(): void {
    this.count('deadlocks', 1);
  }

  dropped(kind: 'relation' | 'function', oid: number): void {
    this.gone[kind].add(oid);
  }

  /** Adds to one of the database's own counters. */
  count(counter: string, by: number): void {
    this.own.set(counter, (this.own.get(counter) ?? 0) + by);
  }

  mark(): StatisticsMark {
    const written = new Map<RelationCounts, RowsWritten>();
    for (const counts of this.relations.values()) if (counts.hasWritten) written.set(counts, counts.mark());
    return { written };
  }

  undoTo(mark: StatisticsMark): void {
    for (const counts of this.relations.values()) {
      if (counts.hasWritten) counts.undoTo(mark.written.get(counts) ?? new RowsWritten());
    }
  }

  transactionStarted(): void {
    this.isInTransaction = true;
  }

  /** The transaction ended: flushes where that is due, or sees that it happens soon. */
  transactionEnded(committed: boolean): void {
    for (const counts of this.relations.values()) if (counts.hasWritten) counts.settle(committed);
    this.count(committed ? 'transactionsCommitted' : 'transactionsRolledBack', 1);
    if (!committed) for (const gone of [this.gone.relation, this.gone.function]) gone.clear();
    this.left();
  }

  /** The transaction was prepared: whoever finishes it counts what it did to rows. */
  transactionPrepared(gid: string): void {
    const numbers: number[] = [];
    const keep = (kind: (typeof preparedKinds)[number], oid: number, counts: readonly number[]): void => {
      numbers.push(preparedKinds.indexOf(kind), oid, ...counts);
    };
    for (const [oid, counts] of this.relations) if (counts.hasWritten) keep('written', oid, counts.suspend());
    for (const kind of ['relation', 'function'] as const) {
      for (const oid of this.gone[kind]) keep(kind, oid, new Array<number>(preparedNumbers - 2).fill(0));
      this.gone[kind].clear();
    }
    if (numbers.length > 0) this.sink?.keepPrepared(gid, numbers);
    this.left();
  }

  /** A prepared transaction was finished, outside of a transaction of this session. */
  preparedFinished(gid: string, committed: boolean): void {
    const numbers = this.sink?.takePrepared(gid) ?? [];
    for (let at = 0; at < numbers.length; at += preparedNumbers) {
      const [kind = 0, oid = 0, ...counts] = numbers.slice(at, at + preparedNumbers);
      const name = preparedKinds[kind];
      if (name === 'relation' || name === 'function') this.dropped(name, oid);
      else this.kept(oid).resume(counts);
    }
    this.transactionEnded(committed);
  }

  private left(): void {
    this.isInTransaction = false;
    this.onTransactionEnd();
    const hasDropped = this.gone.relation.size + this.gone.function.size > 0;
    const isDue = this.isForced || hasDropped || performance.now() - this.lastFlush >= flushIntervalMs;
    if (isDue) this.flush();
    else if (this.timer === null) this.timer = setTimeout(() => this.flush(), flushIntervalMs).unref();
  }

  /** Adds everything to the process's counters. A running transaction keeps its counts to its end. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.isInTransaction) return;
    this.isForced = false;
    this.lastFlush = performance.now();
    const { sink } = this;
    if (sink !== null) this.flushTo(sink);
    this.relations.clear();
    this.own.clear();
    this.gone.relation.clear();
    this.gone.function.clear();
  }

  private flushTo({ relations, functions }: CounterSink): void {
    const lastScan = currentMicroseconds();
    for (const [relation, counts] of this.relations) {
      for (const counter of databaseTotals) this.count(counter, counts[counter]);
      if (this.gone.relation.has(relation)) continue;
      const database = this.databaseOf(relation);
      if (counts.emptied) {
        for (const counter of ['liveTuples', 'deadTuples']) relations.set(database, relation, counter, 0);
      }
      if (counts.numscans > 0) relations.set(database, relation, 'lastScan', lastScan);
      relations.add(database, relation, deltasOf(counts));
    }
    for (const [oid, counts] of this.functions.take()) functions.add(this.database, oid, { ...counts });
    relations.open(this.database, 0);
    relations.add(this.database, 0, Object.fromEntries(this.own));
    for (const relation of this.gone.relation) relations.forget(this.databaseOf(relation), relation);
    for (const oid of this.gone.function) functions.forget(this.database, oid);
  }

  private databaseOf(relation: number): number {
    return isSharedRelation(relation) ? 0 : this.database;
  }
}

const databaseTotals = ['tuplesReturned', 'tuplesFetched', 'tuplesInserted', 'tuplesUpdated', 'tuplesDeleted'] as const;

function deltasOf(counts: RelationCounts): CounterDeltas {
  const { numscans, tuplesReturned, tuplesFetched, tuplesInserted, tuplesUpdated, tuplesDeleted } = counts;
  const { tuplesHotUpdated, deadTuples, liveTuples, modSinceAnalyze, insSinceVacuum } = counts;
  return {
    ...{ numscans, tuplesReturned, tuplesFetched, tuplesInserted, tuplesUpdated, tuplesDeleted },
    ...{ tuplesHotUpdated, deadTuples, liveTuples, modSinceAnalyze, insSinceVacuum },
  };
}
