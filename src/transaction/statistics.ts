// Cumulative statistics: the process's counters of relations (and, under relation 0, of databases) and of functions, which
// live in the addon. Sessions add to them what they gathered (session-statistics.ts). What was dropped has none, and gets
// none from whoever still adds to it.
import { addon } from '../base/addon.js';
import { currentMicroseconds } from '../base/clock.js';
import type { CounterDeltas, CounterSink, ObjectCounters } from './session-statistics.js';

/** Kinds of objects, as the addon numbers them; `fixed`: parts of the server, under database 0. */
export const statisticsKinds = { relation: 0, function: 1, fixed: 2 } as const;

/** The counters of one kind of objects, by their names in their order in the addon. */
export class StatisticsTable<Counter extends string> {
  private readonly index: ReadonlyMap<string, number>;

  constructor(
    private readonly names: readonly Counter[],
    private readonly kind: number,
  ) {
    this.index = new Map(names.map((name, index) => [name, index]));
  }

  /** All counters of an object, for `of`; null where there are none. */
  read(database: number, oid: number): readonly number[] | null {
    return addon.statisticsGet(this.kind, database, oid);
  }

  /** One of the counters that `read` has returned. */
  of(counters: readonly number[] | null, counter: Counter): number {
    return counters?.[this.at(counter)] ?? 0;
  }

  counter(database: number, oid: number, counter: Counter): number {
    return this.of(this.read(database, oid), counter);
  }

  /** Sets counters to zero: one object's, or with null all of the database. */
  reset(database: number, oid: number | null): void {
    addon.statisticsReset(this.kind, database, oid);
  }

  /** Sets a counter outright: estimates of live rows after ANALYZE, times of maintenance. */
  set(database: number, oid: number, counter: Counter, value: number): void {
    addon.statisticsSet(this.kind, database, oid, this.at(counter), value);
  }

  /** Notes when counters began anew. */
  setResetTime(database: number, oid: number): void {
    this.set(database, oid, 'statsReset' as Counter, currentMicroseconds());
  }

  open(database: number, oid: number): void {
    addon.statisticsOpen(this.kind, database, oid);
  }

  /** Adds to an object's counters by their names, where it has any (relation 0: the database's own). */
  add(database: number, oid: number, deltas: CounterDeltas): void {
    const values = new Float64Array(this.names.length);
    for (const [name, delta] of Object.entries(deltas)) values[this.at(name as Counter)] = delta;
    addon.statisticsAdd(this.kind, database, oid, values);
  }

  /** An object was dropped; with null a database. */
  forget(database: number, oid: number | null): void {
    addon.statisticsForget(this.kind, database, oid);
  }

  /** Objects of a database that have counters. */
  objects(database: number): readonly number[] {
    return addon.statisticsObjects(this.kind, database);
  }

  private at(counter: Counter): number {
    const index = this.index.get(counter);
    if (index === undefined) throw new Error(`no statistics counter "${counter}"`);
    return index;
  }
}

/** Where sessions add what they gathered. */
export function sinkOf(relations: ObjectCounters, functions: ObjectCounters): CounterSink {
  return {
    ...{ relations, functions },
    keepPrepared: (gid, counts) => addon.statisticsPrepared(gid, Float64Array.from(counts)),
    takePrepared: (gid) => addon.statisticsFinishPrepared(gid),
  };
}
