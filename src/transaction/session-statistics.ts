// What one session's transactions did to relations, gathered until it is added to the process's counters: at the end of a
// transaction, at most once a second, and when the session ends, as PostgreSQL's pending statistics are.
// Scans, fetches and rows written count whatever becomes of the transaction; what they do to the estimates of live and
// dead rows is known at its end only (a savepoint's rollback turns its new rows into dead ones).
import { currentMicroseconds } from '../base/clock.js';
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

  /** The table got an empty new file. */
  truncated(): void {
    const before = this.written.before ?? this.written;
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
    const lost = mark.before === null ? (this.written.before ?? this.written) : this.written;
    this.deadTuples += lost.inserted + lost.updated - mark.inserted - mark.updated;
    this.insSinceVacuum += lost.inserted - mark.inserted;
    this.written = Object.assign(new RowsWritten(), mark);
  }

  /** The transaction ended. */
  settle(committed: boolean): void {
    const { inserted, updated, deleted, before } = this.written;
    this.insSinceVacuum += inserted;
    if (committed) {
      if (before !== null) this.empty();
      this.liveTuples += inserted - deleted;
      this.deadTuples += updated + deleted;
      this.modSinceAnalyze += inserted + updated + deleted;
    } else {
      const lost = before ?? this.written;
      this.deadTuples += lost.inserted + lost.updated;
    }
    this.written = new RowsWritten();
  }

  private empty(): void {
    this.emptied = true;
    this.liveTuples = 0;
    this.deadTuples = 0;
  }
}

/** Rows written so far; `before`: those before the transaction's first TRUNCATE. */
class RowsWritten {
  inserted = 0;
  updated = 0;
  deleted = 0;
  before: RowsWritten | null = null;
}

/** Deltas by the counters' names. */
export type CounterDeltas = Readonly<Record<string, number>>;

/** The process's counters. */
export interface CounterSink {
  add(database: number, relation: number, deltas: CounterDeltas): void;
  set(database: number, relation: number, counter: string, value: number): void;
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
  /** The relation is gone: its counters with it, once the transaction commits. */
  dropped(relation: number): void;
}

const flushIntervalMs = 1000;

export class SessionStatistics implements TransactionStatistics {
  private readonly relations = new Map<number, RelationCounts>();
  private readonly own = new Map<string, number>();
  private readonly gone = new Set<number>();
  private lastFlush = Number.NEGATIVE_INFINITY;
  private isInTransaction = false;
  private timer: NodeJS.Timeout | null = null;
  /** pg_stat_force_next_flush() was called. */
  isForced = false;

  /** `sink` null: nothing is kept (sessions of the server's own making, tests). */
  constructor(
    private readonly database: number,
    private readonly sink: (CounterSink & { forget(database: number, relation: number): void }) | null,
    private readonly isOn: () => boolean = () => true,
  ) {}

  of(relation: number): RelationCounts {
    let counts = this.relations.get(relation);
    if (counts === undefined) {
      counts = new RelationCounts();
      this.relations.set(relation, counts);
    }
    return counts;
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

  dropped(relation: number): void {
    this.gone.add(relation);
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
    this.isInTransaction = false;
    for (const counts of this.relations.values()) if (counts.hasWritten) counts.settle(committed);
    this.count(committed ? 'transactionsCommitted' : 'transactionsRolledBack', 1);
    if (!committed) this.gone.clear();
    const isDue = this.isForced || this.gone.size > 0 || performance.now() - this.lastFlush >= flushIntervalMs;
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
    if (sink !== null && this.isOn()) this.flushTo(sink);
    if (sink !== null) for (const relation of this.gone) sink.forget(this.databaseOf(relation), relation);
    this.relations.clear();
    this.own.clear();
    this.gone.clear();
  }

  private flushTo(sink: CounterSink): void {
    const lastScan = currentMicroseconds();
    for (const [relation, counts] of this.relations) {
      const database = this.databaseOf(relation);
      if (counts.emptied) {
        for (const counter of ['liveTuples', 'deadTuples']) sink.set(database, relation, counter, 0);
      }
      if (counts.numscans > 0) sink.set(database, relation, 'lastScan', lastScan);
      sink.add(database, relation, deltasOf(counts));
      for (const counter of databaseTotals) this.count(counter, counts[counter]);
    }
    sink.add(this.database, 0, Object.fromEntries(this.own));
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
