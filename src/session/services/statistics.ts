// Cumulative statistics as functions and commands ask for them: the process's counters, kept for the transaction as
// stats_fetch_consistency asks (manual, section 27.2.2), with what the session itself has gathered since its last flush
// beside them.
import { currentMicroseconds } from '../../base/clock.js';
import { statisticsCounters } from '../../functions/server-services.js';
import type {
  FunctionCounter,
  SlruCounters,
  StatisticsCounter,
  StatisticsService,
} from '../../functions/server-services.js';
import { notificationPagesBegun } from '../../transaction/notifications.js';
import { RelationCounts } from '../../transaction/session-statistics.js';
import { sinkOf, statisticsKinds, StatisticsTable } from '../../transaction/statistics.js';
import type { Session } from '../session.js';

/** The counters of the process, by the names that the functions room lists. */
export const statistics = new StatisticsTable(statisticsCounters, statisticsKinds.relation);
const functions = new StatisticsTable(
  ['functionCalls', 'functionTotalTime', 'functionSelfTime'] satisfies FunctionCounter[],
  statisticsKinds.function,
);
const fixed = new StatisticsTable(['pagesBefore', 'statsReset'], statisticsKinds.fixed);
export const statisticsSink = sinkOf(statistics, functions);

/** PostgreSQL's small caches of pages (pg_stat_slru), in its order; the last stands for all others. */
const slruNames = [
  'commit_timestamp',
  'multixact_member',
  'multixact_offset',
  'notify',
  'serializable',
  'subtransaction',
  'transaction',
  'other',
];

const nothing = new RelationCounts();

type Counters = readonly number[] | null;

/** What the transaction has read of the process's counters, as long as it is to see the same again. */
class Fetched {
  private mode = '';
  private readonly counters = new Map<string, Counters>();
  private slru: readonly SlruCounters[] | null = null;
  /** When everything was read at once. */
  time: bigint | null = null;

  constructor(private readonly session: Session) {}

  clear(): void {
    this.counters.clear();
    this.slru = null;
    this.time = null;
  }

  read(kind: 'relation' | 'function', database: number, oid: number): Counters {
    const table = kind === 'relation' ? statistics : functions;
    if (!this.keeps()) return table.read(database, oid);
    const known = this.counters.get(`${kind} ${database} ${oid}`);
    if (known !== undefined || this.time !== null) return known ?? null;
    return this.keep(kind, database, oid);
  }

  private keep(kind: 'relation' | 'function', database: number, oid: number): Counters {
    const counters = (kind === 'relation' ? statistics : functions).read(database, oid);
    this.counters.set(`${kind} ${database} ${oid}`, counters);
    return counters;
  }

  readSlru(): readonly SlruCounters[] {
    if (!this.keeps()) return slruCounters();
    this.slru ??= slruCounters();
    return this.slru;
  }

  /** False where every read is a new one. In a snapshot everything is read with the first. */
  private keeps(): boolean {
    const mode = this.session.settings.text('stats_fetch_consistency');
    if (mode !== this.mode) this.clear();
    this.mode = mode;
    if (mode === 'snapshot' && this.time === null) {
      this.readAll();
      this.time = BigInt(currentMicroseconds());
    }
    return mode !== 'none';
  }

  private readAll(): void {
    const { oid: own } = this.session.connection.database;
    for (const { row } of this.session.catalog.tables.find('pg_database', {})) this.keep('relation', row.oid, 0);
    for (const database of [0, own]) {
      for (const oid of [0, ...statistics.objects(database)]) this.keep('relation', database, oid);
      for (const oid of functions.objects(database)) this.keep('function', database, oid);
    }
    this.slru = slruCounters();
  }
}

function slruCounters(): readonly SlruCounters[] {
  return slruNames.map((name, index) => {
    const kept = fixed.read(0, index);
    const pages = name === 'notify' ? notificationPagesBegun() - fixed.of(kept, 'pagesBefore') : 0;
    const time = fixed.of(kept, 'statsReset');
    return { name, blocksZeroed: pages, resetTime: time === 0 ? null : BigInt(Math.trunc(time)) };
  });
}

function resetSlru(name: string | null): void {
  const known = name === null || slruNames.includes(name) ? name : 'other';
  for (const [index, one] of slruNames.entries()) {
    if (known !== null && known !== one) continue;
    fixed.open(0, index);
    fixed.set(0, index, 'pagesBefore', notificationPagesBegun());
    fixed.setResetTime(0, index);
  }
}

export function statisticsOf(session: Session): StatisticsService {
  const fetched = new Fetched(session);
  session.statistics.onTransactionEnd = () => fetched.clear();
  const own = session.connection.database.oid;
  const counter = (database: number, relation: number, name: StatisticsCounter): number =>
    statistics.of(fetched.read('relation', database, relation), name);
  return {
    ...{ counter, resetSlru },
    time(database, relation, name) {
      const value = counter(database, relation, name);
      return value === 0 ? null : BigInt(Math.trunc(value));
    },
    functionCounter(oid, name) {
      const counters = fetched.read('function', own, oid);
      return counters === null ? null : functions.of(counters, name);
    },
    functionCalled(oid, level) {
      const tracked = session.settings.text('track_functions');
      return tracked === 'all' || tracked === level ? session.statistics.functionCalled(oid) : null;
    },
    slru: () => fetched.readSlru(),
    has: (database, relation) => statistics.read(database, relation) !== null,
    pending(relation, name) {
      const counts = session.statistics.pending(relation) ?? nothing;
      return name in counts ? Number(counts[name as StatisticsCounter & keyof RelationCounts]) : 0;
    },
    pendingFunction: (oid, name: FunctionCounter) => session.statistics.functions.pending(oid)?.[name] ?? null,
    clearSnapshot: () => fetched.clear(),
    snapshotTime: () => fetched.time,
    forceFlush() {
      session.statistics.isForced = true;
    },
    reset(database, relation) {
      statistics.reset(database, relation);
      statistics.open(database, 0);
      statistics.setResetTime(database, 0);
    },
    resetFunction: (oid) => functions.reset(own, oid),
    forgetDatabase: (database) => statistics.forget(database, null),
    maintained(database, relation, changes) {
      statistics.open(database, relation);
      for (const [name, value] of Object.entries(changes.set)) {
        statistics.set(database, relation, name as StatisticsCounter, value);
      }
      statistics.add(database, relation, { [changes.count]: 1 });
    },
  };
}
