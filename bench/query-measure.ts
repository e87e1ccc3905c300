// A measure that is the time of one query, whose answer both servers have to agree on.
import type { Measure, Target } from './workload.js';

export interface QueryTargets {
  readonly target: Target | null;
  /** DuckDB is asked the same text; the server may take so many times as long. */
  readonly duckdbMost?: number;
}

/** The time of one query, warmed up. */
export function queryMeasure(name: string, sql: string, { target, duckdbMost }: QueryTargets): Measure {
  return {
    name,
    unit: 's',
    target,
    warmsUp: true,
    run: (site) => site.timed(sql),
    ...(duckdbMost === undefined ? {} : { duckdb: { most: duckdbMost, run: (database) => database.timed(sql) } }),
  };
}
