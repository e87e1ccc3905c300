// The executor as the session, commands and catalog functions see it: a planned statement goes in, batches of rows come
// out. `execute.ts` implements `startExecution`.
import type { Awaitable } from '../base/awaitable.js';
import type { Catalog } from '../catalog/api.js';
import type { SessionServices } from '../functions/call-info.js';
import type { Store, ReadView } from '../storage/api.js';
import type { Transaction } from '../transaction/api.js';
import type { Expression } from '../trees/expression.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { CursorRow } from './cursor-row.js';
import type { TransitionTable } from './services.js';
import type { Query } from '../trees/query.js';
import type { IoContext } from '../types/io-context.js';
import type { MemoryAccount } from '../types/memory.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Row, Value } from '../types/value.js';

/** Everything a running statement depends on. One object per execution. */
export interface ExecutionContext {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly transaction: Transaction;
  /** What the statement reads; the executor never takes another one for it, save to recheck rows it locked. */
  readonly view: ReadView;
  readonly session: SessionServices;
  readonly io: IoContext;
  /** Values of $1.. with their types; index 0 is $1. */
  readonly parameters: readonly { readonly type: number; readonly value: Value }[];
  /** Bytes that one sort, hash or materialize may hold before it spills (work_mem; hash_mem_multiplier applies). */
  readonly workMemBytes: number;
  /** heliosdb.native_pipelines, and how many threads one may have (max_parallel_workers_per_gather and this one). */
  readonly pipelines: PipelineSettings;
  /** The session's account: charged for what can't spill. */
  readonly memory: MemoryAccount;
  /** Throws 57014 / 57P01 once the statement is cancelled or timed out; called between batches. */
  checkInterrupts(): void;
  /** Lets other sessions of this worker run, where the time slice is over; awaited between batches. */
  yieldToEventLoop(): Promise<void> | undefined;
  /** Runs rooms above (SQL functions, foreign keys' queries, view definitions). */
  readonly subqueries: SubqueryRunner;
  /** EXPLAIN ANALYZE: collect timings and counts per node. */
  readonly instrument: boolean;
  /** Effective user of the statement. */
  readonly userId: number;
  /** A trigger function's own queries: the transition tables that they know by name. */
  readonly transitionTables?: readonly TransitionTable[];
  /** Statements of the session that were opened and not closed yet; each adds and removes itself. */
  readonly openExecutions?: Set<Execution>;
}

export interface PipelineSettings {
  /** `force`: on tables of any size. */
  readonly mode: 'off' | 'on' | 'force';
  readonly threadCount: number;
}

/** The corridor as the executor may use it: filled by the session. */
export interface SubqueryRunner {
  /** Rewrites and plans a bound query. */
  plan(query: Query): PlannedStatement;
  /** A bound tree stored in a catalog as JSON (defaults, checks, predicates, views), parsed and cached by its text. */
  expression(json: string): Expression;
  /** Statements of a SQL-language function's body, bound with its argument types; cached per function and version. */
  sqlFunctionBody(functionOid: number, argTypes: readonly number[]): readonly Query[];
}

/** An open statement. `next` is never called again after null, an error or `close`. */
export interface Execution {
  /** Result columns: empty for DML without RETURNING. */
  readonly columns: readonly ResultColumn[];
  /** Up to `rowCountMax` further rows; null at the end. The rows are the caller's to keep. */
  next(rowCountMax: number): Awaitable<readonly Row[] | null>;
  /** Backward fetch of a scrollable execution (rows it already delivered, newest first). */
  readonly processedRowCount: number;
  /** INSERT: number of rows inserted and so on, for the command tag, once the end is reached. */
  close(): void;
  /** Per plan node, by nodeId; only with `instrument`. */
  readonly instrumentation: readonly NodeInstrumentation[] | null;
  /** Triggers that fired, foreign keys' included; only with `instrument`. */
  readonly triggerInstrumentation: readonly TriggerInstrumentation[];
  /** The relation's row behind a delivered row (1-based), for WHERE CURRENT OF, once `trackRows` was called. */
  currentRow(relation: number, position: number): CursorRow;
  /** Oids of the relations and indexes that the plan reads or writes: what DDL of the same session must not touch. */
  usedRelations(): readonly number[];
  /** Keeps track of the stored rows behind delivered ones: for cursors. */
  trackRows(): void;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: TypeDescriptor;
  readonly typmod: number;
  readonly originTable: number;
  readonly originColumn: number;
}

export interface NodeInstrumentation {
  readonly startupMs: number;
  readonly totalMs: number;
  readonly rowCount: number;
  readonly loopCount: number;
  readonly filteredRowCount: number;
  readonly joinFilteredRowCount: number;
  /** Node-specific facts in EXPLAIN's words: { 'Sort Method': 'quicksort', ... }. */
  readonly extra: Readonly<Record<string, string | number>>;
}

export interface TriggerInstrumentation {
  readonly name: string;
  /** pg_constraint oid of a constraint trigger or foreign key, else 0. */
  readonly constraint: number;
  readonly relation: string;
  readonly totalMs: number;
  readonly callCount: number;
}

/** Evaluates an expression without Vars at once (defaults, constant folding, EXECUTE arguments, SET values). */
export interface ExpressionEvaluator {
  evaluate(expression: Expression): Value | Promise<Value>;
}
