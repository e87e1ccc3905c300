// Cumulative statistics: the process's counters per relation and per database, which live in the addon. Sessions add to
// them what they gathered (session-statistics.ts).
import { addon } from '../base/addon.js';
import { currentMicroseconds } from '../base/clock.js';

/** Names of the counters in their order in the addon; the functions room lists the same. */
export class StatisticsTable<Counter extends string> {
  private readonly index: ReadonlyMap<string, number>;

  constructor(private readonly names: readonly Counter[]) {
    this.index = new Map(names.map((name, index) => [name, index]));
  }

  counter(database: number, relation: number, counter: Counter): number {
    return addon.statisticsGet(database, relation)[this.at(counter)] ?? 0;
  }

  time(database: number, relation: number, counter: Counter): bigint | null {
    const value = this.counter(database, relation, counter);
    return value === 0 ? null : BigInt(Math.trunc(value));
  }

  reset(database: number, relation: number | null): void {
    addon.statisticsForget(database, relation);
    addon.statisticsSet(database, relation ?? 0, this.at('statsReset' as Counter), currentMicroseconds());
  }

  /** Sets a counter outright: estimates of live rows after ANALYZE, times of maintenance. */
  set(database: number, relation: number, counter: Counter, value: number): void {
    addon.statisticsSet(database, relation, this.at(counter), value);
  }

  /** Adds to a relation's counters (relation 0: the database's own), by their names. */
  add(database: number, relation: number, deltas: Readonly<Record<string, number>>): void {
    const values = new Float64Array(this.names.length);
    for (const [name, delta] of Object.entries(deltas)) values[this.at(name as Counter)] = delta;
    addon.statisticsAdd(database, relation, values);
  }

  forget(database: number, relation: number): void {
    addon.statisticsForget(database, relation);
  }

  /** Relations of a database that have counters. */
  relations(database: number): readonly number[] {
    return addon.statisticsRelations(database);
  }

  private at(counter: Counter): number {
    const index = this.index.get(counter);
    if (index === undefined) throw new Error(`no statistics counter "${counter}"`);
    return index;
  }
}
