// A prepared statement: parsed once, bound and planned when first needed and again whenever the catalogs or the
// search_path moved. Named ones live in the session, the unnamed one until the next Parse, simple queries use one and
// drop it. Custom and generic plans are chosen by the planner's rule.
import { SqlState, pgError } from '../errors/pg-error.js';
import { assert } from '../errors/unreachable.js';
import type { ResultColumn } from '../executor/api.js';
import { type PointSelect, pointSelect } from '../executor/point-select.js';
import type { TransitionTable } from '../executor/services.js';
import type { ReadView } from '../storage/api.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import type { ParsedStatement } from '../parser/parse.js';
import type { BoundStatement } from '../trees/statement.js';
import { analyzeStatement, planQuery, rewriteOne } from './corridor.js';
import { type SharedStatement, sharedStatement } from './plan-cache/shared-plans.js';
import { PlanChoice } from './plan-choice.js';
import type { ParameterValue } from './parameters.js';
import type { LockOutcome } from './relation-locks.js';
import { resultColumnsOf } from './result-columns.js';
import type { Session } from './session.js';

export interface PreparedStatementOptions {
  readonly name: string;
  /** Text of this statement alone, and all of the query string that error positions count in. */
  readonly sourceText: string;
  readonly queryString: string;
  /** Null: an empty query string. */
  readonly raw: ParsedStatement | null;
  /** Types the client declared for $1..; 0 leaves one to inference. Null: a text that can have no parameters. */
  readonly declaredTypes: readonly number[] | null;
  /** Made by PREPARE, not by a Parse message: shown in pg_prepared_statements. */
  readonly fromSql: boolean;
  readonly preparedAt: bigint;
  /** Made by the protocol: sessions share what they find out about its text. */
  readonly isShared?: boolean;
  /** Binds the statement in another way than by itself: statements of functions know the function's variables. */
  readonly bind?: (session: Session) => BoundStatement;
}

/** What a function's statement runs under, beside the session. */
export interface StatementSetting {
  /** The function's caller's, where the function may not look further. */
  readonly view: ReadView | null;
  readonly transitionTables: readonly TransitionTable[];
}

/** What a statement was bound and planned under. */
interface BindingState {
  readonly catalogVersion: number;
  readonly searchPath: string;
  /** The settings' generation at which the search_path was last seen to be this one. */
  generation: number;
}

export class PreparedStatement {
  private bound: BoundStatement | null = null;
  private state: BindingState | null = null;
  private types: readonly number[] = [];
  private described: readonly ResultColumn[] | null | undefined;
  private describedFor: BoundStatement | null = null;
  private point: { readonly plan: PlannedStatement; readonly select: PointSelect | null } | null = null;
  protected readonly choice = new PlanChoice();
  private rewrittenQuery: Query | null = null;
  private shared: SharedStatement | null = null;

  /** Set before a statement of a function is opened. */
  setting: StatementSetting | null = null;

  constructor(readonly options: PreparedStatementOptions) {}

  get name(): string {
    return this.options.name;
  }

  get sourceText(): string {
    return this.options.sourceText;
  }

  get genericPlanCount(): number {
    return this.choice.genericPlanCount;
  }

  get customPlanCount(): number {
    return this.choice.customPlanCount;
  }

  get parameterCount(): number {
    return this.types.length;
  }

  /** The bound statement, bound again where the catalogs moved. Throws 0A000 where its result type would change. */
  bind(session: Session): BoundStatement {
    if (this.bound && this.isCurrent(session)) return this.bound;
    const raw = this.options.raw;
    if (!raw) throw pgError(SqlState.invalidSqlStatementName, 'an empty statement has nothing to bind');
    const isRevalidation = this.bound !== null;
    const known = isRevalidation && this.options.declaredTypes ? this.types : this.options.declaredTypes;
    const catalogVersion = session.catalog.version();
    const own = this.options.bind?.(session);
    const analyzed = own === undefined ? this.analyze(session, raw, known) : { bound: own, parameterTypes: [] };
    this.bound = analyzed.bound;
    this.types = analyzed.parameterTypes;
    this.rewrittenQuery = null;
    this.choice.forget();
    this.state = {
      catalogVersion,
      searchPath: session.settings.text('search_path'),
      generation: session.settings.generation,
    };
    if (isRevalidation && this.described !== undefined && own === undefined) this.requireSameResult(session);
    return this.bound;
  }

  private analyze(session: Session, raw: ParsedStatement, types: readonly number[] | null) {
    const { queryString: sql, isShared } = this.options;
    const analyze = () => analyzeStatement(session, raw.statement, sql, types);
    this.shared = isShared === true ? sharedStatement(session, { sql, raw, types }, analyze) : null;
    return this.shared ?? analyze();
  }

  /** Types of $1.. after inference. */
  parameterTypes(session: Session): readonly number[] {
    if (this.options.raw) this.bind(session);
    return this.types;
  }

  /** Result columns for Describe; null for statements that return no rows. */
  columns(session: Session): readonly ResultColumn[] | null {
    if (!this.options.raw) return null;
    const bound = this.bind(session);
    // What a command answers may depend on more than its tree (SHOW, FETCH, EXECUTE).
    if (bound.kind === 'query' && this.describedFor === bound) return this.described ?? null;
    this.described = resultColumnsOf(session, bound);
    this.describedFor = bound;
    return this.described;
  }

  /** The bound query after the rewriter: views expanded, defaults filled in. Only for queries. */
  rewritten(session: Session): Query {
    if (this.rewrittenQuery) return this.rewrittenQuery;
    const bound = this.bind(session);
    assert(bound.kind === 'query', 'only queries are rewritten');
    this.rewrittenQuery = this.shared?.rewritten ?? rewriteOne(session, bound.query);
    if (this.shared !== null) this.shared.rewritten = this.rewrittenQuery;
    return this.rewrittenQuery;
  }

  /** A plan for these parameter values: the cached generic one or a custom one. Only for queries. */
  plan(session: Session, parameters: readonly ParameterValue[]): PlannedStatement {
    return this.choice.choose(session, this.rewritten(session), parameters, this.shared?.plans);
  }

  /** The plan for a statement that holds the locks told of; one made for the inheritance children of before a wait serves
   *  this once. */
  planLocked(session: Session, parameters: readonly ParameterValue[], locked: LockOutcome): PlannedStatement {
    const { inheritors } = locked;
    if (inheritors === null) return this.plan(session, parameters);
    return planQuery(session, this.rewritten(session), parameters, { inheritors });
  }

  /** True while neither the catalogs nor the search_path moved since it was bound. */
  isCurrent(session: Session): boolean {
    const { state } = this;
    if (state === null || state.catalogVersion !== session.catalog.version()) return false;
    const { generation } = session.settings;
    if (state.generation === generation) return true;
    if (state.searchPath !== session.settings.text('search_path')) return false;
    state.generation = generation;
    return true;
  }

  /** The plan that every value of the parameters runs with; null where that isn't settled (yet), or for a command. */
  settledPlan(session: Session): PlannedStatement | null {
    return this.isCurrent(session) ? this.choice.settled(session, this.types.length) : null;
  }

  /** The short way of a SELECT by key, once its plan is settled; null where it has none. */
  pointSelect(session: Session): PointSelect | null {
    const plan = this.settledPlan(session);
    if (plan === null) return null;
    if (this.point?.plan !== plan) this.point = { plan, select: selectOf(session, plan) };
    return this.point.select;
  }

  /** The next use plans anew, from the same bound query. */
  forgetPlan(): void {
    this.choice.forget();
  }

  /** DISCARD PLANS: the next use binds and plans anew. */
  forgetPlans(): void {
    this.state = null;
  }

  private requireSameResult(session: Session): void {
    const before = this.described;
    const after = resultColumnsOf(session, this.bound as BoundStatement);
    if (sameShape(before ?? null, after)) return;
    throw pgError(SqlState.featureNotSupported, 'cached plan must not change result type');
  }
}

/** The short ways of plans that each session has made; statements that come again share theirs. */
const selects = new WeakMap<Session, WeakMap<PlannedStatement, { readonly select: PointSelect | null }>>();

function selectOf(session: Session, plan: PlannedStatement): PointSelect | null {
  let known = selects.get(session);
  if (known === undefined) {
    known = new WeakMap();
    selects.set(session, known);
  }
  let made = known.get(plan);
  if (made === undefined) {
    made = { select: pointSelect(plan, session.pointContext) };
    known.set(plan, made);
  }
  return made.select;
}

function sameShape(left: readonly ResultColumn[] | null, right: readonly ResultColumn[] | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.length === right.length &&
    left.every((column, index) => {
      const other = right[index];
      return other?.name === column.name && other.type.oid === column.type.oid && other.typmod === column.typmod;
    })
  );
}
