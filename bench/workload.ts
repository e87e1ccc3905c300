// What a workload is: the data it needs, its measures with their targets, and the site (one server with one database)
// that it is run on. A workload knows neither the other server nor how rounds alternate.
import type { ServerAddress } from '../conformance/case-result.js';
import type { WireColumn } from '../conformance/wire-client.js';
import type { DuckDatabase } from './duckdb.js';
import type { Size } from './size.js';

/** Rates (more is better), times and memory (less is better), and the share of a rate that is kept. */
export type Unit = 'a second' | 's' | 'KiB' | 'share';

/** What the project sets out to reach. `ratio`: how many times as good as the peer; `most` and `least`: the value itself. */
export type Target =
  | { readonly kind: 'ratio'; readonly least: number }
  | { readonly kind: 'most'; readonly value: number }
  | { readonly kind: 'least'; readonly value: number };

export interface Answer {
  readonly columns: readonly WireColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface Sample {
  readonly value: number;
  /** Rows that the other server has to answer too. */
  readonly answer?: Answer;
  /** The statement was canceled at the limit, which is the value: the true one is worse. */
  readonly isLimited?: boolean;
}

/** One server, with a database that holds the workload's data. Everything rejects with the server's own words. */
export interface Site {
  readonly address: ServerAddress;
  readonly size: Size;
  /** How long a rate is measured: for a time, or for a number of transactions of each client. */
  readonly duration: { readonly seconds: number } | { readonly transactions: number };
  readonly statementLimitMs: number;
  /** The processes that are the server, to ask for their memory; empty where they can't be known. */
  processes(): readonly number[];
  /** Processor time that the server used so far; NaN where it can't be known. */
  processorSeconds(): number;
  /** Runs one of PostgreSQL's programs (psql, pgbench, pg_dump) against this site's database; gives both outputs. */
  program(name: string, args: readonly string[], input?: string): Promise<string>;
  /** Runs simple queries on a connection that stays open. */
  query(sql: string): Promise<Answer>;
  /** As `query`, timed in seconds; canceled at the statement limit. */
  timed(sql: string): Promise<Sample>;
}

export interface Measure {
  readonly name: string;
  readonly unit: Unit;
  readonly target: Target | null;
  /** Whether one unrecorded run comes first, so that a server is measured as it runs and not as it starts. */
  readonly warmsUp?: boolean;
  /** Where more rounds would measure something else. */
  readonly roundsMax?: number;
  /** Work before each run that is not measured. */
  prepare?(site: Site): Promise<void>;
  run(site: Site): Promise<Sample>;
  /** What must be equal on both servers after the runs. */
  check?(site: Site): Promise<Answer>;
  /** The same by DuckDB on two threads, in seconds; the server may take `most` times as long. */
  readonly duckdb?: { readonly most: number; run(database: DuckDatabase): Promise<number> };
}

/** Data that is made once for each server, in a database of its own, and serves all workloads that name it. */
export interface Dataset {
  readonly name: string;
  setUp(site: Site): Promise<void>;
  /** The same for DuckDB. */
  duckdb?(database: DuckDatabase, size: Size): Promise<void>;
}

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly dataset: Dataset;
  readonly measures: readonly Measure[];
  /** The geometric mean of the measures' ratios, where that is what the target is about. */
  readonly meanTarget?: Target;
}

/** Something that this machine or this server lacks: the workload is not run, and the report says why. */
export class Unavailable extends Error {}

/** At least so many times the peer's rate, or so many times shorter. */
export function times(least: number): Target {
  return { kind: 'ratio', least };
}

/** Whether a lower value is the better one. */
export function isCost(unit: Unit): boolean {
  return unit === 's' || unit === 'KiB';
}
