// Cumulative statistics: what a session's transactions did, gathered here and added to the process's counters when the
// transaction ends (or the session goes idle), as PostgreSQL's pending statistics are.
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

  /** What one session gathers. */
  pending(database: number): PendingStatistics<Counter> {
    return new PendingStatistics(database, this.names.length, (counter) => this.at(counter));
  }

  private at(counter: Counter): number {
    return this.index.get(counter) ?? 0;
  }
}

export class PendingStatistics<Counter extends string> {
  private readonly relations = new Map<number, Float64Array>();

  constructor(
    private readonly database: number,
    private readonly counterCount: number,
    private readonly at: (counter: Counter) => number,
  ) {}

  /** Relation 0: the database's own. */
  count(relation: number, counter: Counter, by = 1): void {
    let counters = this.relations.get(relation);
    if (counters === undefined) {
      counters = new Float64Array(this.counterCount);
      this.relations.set(relation, counters);
    }
    const index = this.at(counter);
    counters[index] = (counters[index] ?? 0) + by;
  }

  flush(): void {
    for (const [relation, counters] of this.relations) addon.statisticsAdd(this.database, relation, counters);
    this.relations.clear();
  }
}
