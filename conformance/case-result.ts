// What the suites share: the options each one gets and the results it yields. A suite is a generator of results, one a
// case, in a fixed order; it knows neither the status file nor how results are shown. A case's name is unique within its
// suite and stays the same from run to run, so that its result can be compared with the one in status.tsv.

/** The suites in the order `all` runs them. */
export const suiteNames = [
  'regress',
  'isolation',
  'histories',
  'dumps',
  'expressions',
  'queries',
  'protocol',
  'ddl',
  'clients',
] as const;

export type SuiteName = (typeof suiteNames)[number];

export type Verdict = 'pass' | 'fail' | 'skip';

/** A place where the answer was another than the expected one. */
export interface Difference {
  /** The statement, permutation or query, as the user would write it. */
  readonly input: string;
  readonly expected: readonly string[];
  readonly got: readonly string[];
}

export interface CaseResult {
  readonly suite: SuiteName;
  readonly name: string;
  readonly verdict: Verdict;
  /** Of the case's parts (statements, permutations, generated queries): how many were answered as expected. */
  readonly same?: number;
  readonly total?: number;
  /** Of a skipped case: this machine lacks what it takes (a program, an oracle); its line in status.tsv stays. */
  readonly isUnavailable?: boolean;
  /** One line: why it failed or was skipped. Empty where it passed. */
  readonly reason: string;
  /** Shown beside the verdict, never kept: what the case did this time. */
  readonly figures?: string;
  /** What `--only` shows. */
  readonly differences: readonly Difference[];
  readonly seconds: number;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The database to connect to first; suites make databases of their own. */
  readonly database: string;
}

export interface SuiteOptions {
  readonly server: ServerAddress;
  /** Whether the server was started for this run, from this build. */
  readonly isOwnServer: boolean;
  /** A real PostgreSQL 17, for the suites that compare with one; null where none was named. */
  readonly oracle: ServerAddress | null;
  /** PostgreSQL's own files: a folder with regress/ and isolation/, or a source tree with src/test/. */
  readonly sources: string;
  /** The folder of psql and pg_dump; empty for those in PATH. */
  readonly bin: string;
  /** Names of the cases to run, in the suites' order; null for all. */
  readonly only: readonly string[] | null;
  /** A folder for whatever a suite wants to leave behind (transcripts); it exists. */
  readonly out: string;
  /** Plain dumps to restore. */
  readonly dumps: string;
  /** Of the generated suites: the first seed, and how many to make; null for what status.tsv was made with. */
  readonly seed: number | null;
  readonly count: number | null;
  /** Told when a case begins, for showing progress. */
  readonly onStart: (name: string) => void;
}

export type Suite = (options: SuiteOptions) => AsyncIterable<CaseResult>;
