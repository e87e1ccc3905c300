// Run state of one execution: parameters, call sites' CallInfo, subplans, shared tuple stores. Plans and compiled
// programs are shared and frozen; everything that changes while a statement runs hangs on this object. Generated code
// sees it as `x`: x.p exec parameters, x.v extern parameters, x.c CallInfo by call site.
import { SqlState, pgError } from '../errors/pg-error.js';
import type { CallInfo } from '../functions/call-info.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { IoContext } from '../types/io-context.js';
import type { MemoryAccount } from '../types/memory.js';
import type { Row, Value } from '../types/value.js';
import type { ExecutionContext } from './api.js';
import type { CompileUnit } from './expressions/unit.js';
import type { CteStore } from './nodes/cte-scan.js';
import type { SubPlanState } from './subplan.js';
import type { EvalPlanQualRows } from './nodes/eval-plan-qual.js';
import { TupleStore } from './spill/tuple-store.js';
import type { QueryLevel } from './triggers/query-level.js';

/** Rows between nodes, never empty; the array is the consumer's to keep and change, the rows are immutable. */
export type Batch = Row[];

/** A running plan node. */
export interface PlanNode {
  /** Up to `rowCountMax` (>= 1) further rows; null at the end. Not called again after null without a rescan. */
  next(rowCountMax: number): Batch | null | Promise<Batch | null>;
  /** Starts over with the current values of the exec parameters. */
  rescan(): void;
  /** Releases cursors and temporary files. Idempotent. */
  close(): void;
  /** Rows dropped by the node's qual and join qual so far; facts for EXPLAIN ANALYZE. */
  filtered?: number;
  joinFiltered?: number;
  extra?(): Readonly<Record<string, string | number>>;
}

/** Stands in an exec parameter for the error that its initplan raised: thrown when the value is needed. */
export class PoisonedParameter {
  readonly internal = true;
  constructor(readonly error: unknown) {}
}

export interface InitPlanState {
  /** Runs the plan and sets its exec parameters. */
  evaluate(): Promise<void>;
}

export class RunState {
  /** Exec parameters by id; undefined while not computed. */
  readonly p: (Value | undefined)[] = [];
  readonly v: Value[];
  readonly c: (CallInfo | undefined)[] = [];
  readonly io: IoContext;
  /** What the statement's nodes hold that can't spill; given back when it closes. */
  readonly memory: MemoryAccount;
  /** Rows by RT index that replace scans while EvalPlanQual re-runs a plan; null in ordinary runs. */
  evalPlanQual: EvalPlanQualRows | null = null;
  /** merge_action() of the row in hand. */
  mergeAction: string | null = null;
  /** Row counts of the ModifyTable that sets the command tag. */
  counts: { processed: number } | null = null;
  /** Checks that the statement's end owes: foreign keys, deferrable unique keys. */
  private afterStatement: (() => Promise<void>)[] | null = null;
  /** Its triggers' events and transition tables; null where none fire. */
  queryLevel: QueryLevel | null = null;
  // Made when first needed: most statements need none of them.
  private lazyInitPlans: Map<number, InitPlanState> | null = null;
  private lazyCtes: Map<number, CteStore> | null = null;
  private lazyWorkTables: Map<number, TupleStore> | null = null;
  private lazySubPlans: Map<unknown, SubPlanState> | null = null;
  private lazyCollated: Map<number, IoContext> | null = null;

  constructor(
    readonly unit: CompileUnit,
    readonly context: ExecutionContext,
    readonly planned: PlannedStatement | null,
    /** Values of the extern parameters that somebody else keeps and changes. */
    shared: Value[] | null = null,
  ) {
    this.io = context.io;
    this.memory = context.memory.child();
    if (shared !== null) {
      this.v = shared;
      return;
    }
    const parameters = context.parameters;
    const values: Value[] = new Array(parameters.length);
    for (let n = 0; n < parameters.length; n++) values[n] = (parameters[n] as { value: Value }).value;
    this.v = values;
  }

  /** Initplans by each exec parameter they set. */
  get initPlans(): Map<number, InitPlanState> {
    this.lazyInitPlans ??= new Map();
    return this.lazyInitPlans;
  }
  get ctes(): Map<number, CteStore> {
    this.lazyCtes ??= new Map();
    return this.lazyCtes;
  }
  /** Work tables of WITH RECURSIVE by parameter. */
  get workTables(): Map<number, TupleStore> {
    this.lazyWorkTables ??= new Map();
    return this.lazyWorkTables;
  }
  get subPlanStates(): Map<unknown, SubPlanState> {
    this.lazySubPlans ??= new Map();
    return this.lazySubPlans;
  }

  /** A store for rows, in memory up to work_mem. */
  tupleStore(): TupleStore {
    return new TupleStore(this.context.workMemBytes, this.context.transaction.statistics);
  }

  /** The CallInfo of a call site, made at its first call. */
  info(site: number): CallInfo {
    const call = this.unit.callSites[site];
    if (call === undefined) throw new Error(`no call site ${site}`);
    const info: CallInfo = {
      argTypes: call.argTypes,
      resultType: call.resultType,
      collation: call.collation,
      io: this.ioFor(call.collation),
      session: this.context.session,
      isVariadic: call.isVariadic,
      memo: undefined,
      ...(call.columns === null ? {} : { columns: call.columns }),
    };
    this.c[site] = info;
    return info;
  }

  /** The session's IoContext under a collation. */
  ioFor(collation: number): IoContext {
    if (collation === 0 || collation === this.io.collationOid) return this.io;
    this.lazyCollated ??= new Map();
    let io = this.lazyCollated.get(collation);
    if (io === undefined) {
      io = Object.create(this.io, { collationOid: { value: collation, enumerable: true } }) as IoContext;
      this.lazyCollated.set(collation, io);
    }
    return io;
  }

  /** Runs an action at the statement's end; actions may add further ones. */
  atStatementEnd(action: () => Promise<void>): void {
    this.afterStatement ??= [];
    this.afterStatement.push(action);
  }

  /** True where the action is the last one that the statement's end owes. */
  isLastOwed(action: () => Promise<void>): boolean {
    const actions = this.afterStatement;
    return actions !== null && actions.length > 0 && actions[actions.length - 1] === action;
  }

  noteQueryLevel(level: QueryLevel): QueryLevel {
    this.queryLevel = level;
    return level;
  }

  get owesChecks(): boolean {
    return this.afterStatement !== null;
  }

  async runAfterStatement(): Promise<void> {
    const actions = this.afterStatement;
    if (actions === null) return;
    for (let action = actions.shift(); action !== undefined; action = actions.shift()) await action();
  }

  /** Rowid of the row that each relation's scan (or row lock) gave last, by relation; null while nobody asks. Scans then
   *  give one row at a time, so that it is the row behind the statement's newest one. */
  scannedRowIds: Map<number, number> | null = null;

  close(): void {
    if (this.lazySubPlans !== null) for (const state of this.lazySubPlans.values()) state.close();
    if (this.lazyCtes !== null) for (const cte of this.lazyCtes.values()) cte.close();
    this.queryLevel?.close();
    this.memory.clear();
  }

  /** Notes that an exec parameter (or what it stands for: a work table) has a new value. */
  touch(param: number): void {
    this.versions[param] = (this.versions[param] ?? 0) + 1;
  }

  /** A number that differs whenever one of these parameters changed: what a subtree computed before is stale then. */
  versionOf(params: readonly number[]): number {
    let version = 0;
    for (const param of params) {
      version += this.versions[param] ?? 0;
      const cte = this.unit.ctePlans.get(param);
      if (cte !== undefined) version += this.versionOf(this.planned?.subplans[cte - 1]?.externParams ?? []);
    }
    return version;
  }
  private readonly versions: (number | undefined)[] = [];

  /** A client parameter that the statement refers to but that was not bound. */
  missingParameter(id: number): never {
    throw pgError(SqlState.undefinedParameter, `there is no parameter $${id}`);
  }

  /** Computes the initplans behind these parameters where they are not set yet. */
  ensureInit(params: readonly number[]): Promise<void> | undefined {
    for (const param of params) {
      if (this.p[param] === undefined && this.initPlans.has(param)) return this.runInit(params);
    }
    return undefined;
  }

  private async runInit(params: readonly number[]): Promise<void> {
    for (const param of params) {
      const plan = this.initPlans.get(param);
      if (plan === undefined || this.p[param] !== undefined) continue;
      try {
        await plan.evaluate();
      } catch (error) {
        // The branch that needs the value may never be reached: PostgreSQL would not have run the subquery then.
        this.p[param] = new PoisonedParameter(error);
      }
    }
  }
}

/** Value of an exec parameter that an initplan sets; throws the initplan's error. */
export function initPlanValue(value: Value | undefined): Value {
  if (value instanceof PoisonedParameter) throw value.error;
  return value as Value;
}
