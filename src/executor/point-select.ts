// The shortest way through the executor: a SELECT of the columns of one row by a whole key of a unique index. Such a
// statement needs no transaction, no snapshot of its own and no node tree: one call into the store answers it from the
// newest committed state. Only immutable functions may stand in it, so that nothing in it looks at the transaction.
import type { Catalog } from '../catalog/api.js';
import type { Transaction } from '../transaction/api.js';
import type { RelationCounts, TransactionStatistics } from '../transaction/session-statistics.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import type { IndexOnlyScan, IndexScan, Plan, PlannedStatement } from '../trees/plan.js';
import { walkExpression } from '../trees/walk.js';
import type { Row, Value } from '../types/value.js';
import type { ExecutionContext, ResultColumn } from './api.js';
import { resultColumns } from './execute.js';
import { unitOf } from './expressions/unit.js';
import { type IndexProgram, compileIndexScan } from './nodes/index-scan.js';
import { keyRanges } from './nodes/index-ranges.js';
import { isPermitted } from './permissions.js';
import { RunState } from './state.js';
import { openPoint } from './tables.js';

/** A statement that can go this way, with what it needs from run to run. */
export interface PointSelect {
  readonly columns: readonly ResultColumn[];
  /** The statement's rows (none or one) for these parameter values, outside of a transaction; undefined where it must
   *  take the general way: a lock is in the way, the catalogs have moved, or the user's privileges are not known to
   *  suffice. */
  run(values: readonly Value[]): readonly Row[] | undefined;
  /** The same within a transaction that holds the statement's locks and may read the newest committed state. */
  runIn(transaction: Transaction, values: readonly Value[]): readonly Row[] | undefined;
}

/** What outlives single statements. */
export type PointContext = Omit<ExecutionContext, 'transaction' | 'view' | 'parameters' | 'userId'> & {
  /** The session's counters. */
  readonly statistics: TransactionStatistics;
  /** Effective user of the statement that runs. */
  readonly userId: () => number;
};

/** The short way of a planned statement; null where it has none. */
export function pointSelect(planned: PlannedStatement, context: PointContext): PointSelect | null {
  const plan = withoutLimit(planned.plan);
  if (plan.kind !== 'IndexScan' && plan.kind !== 'IndexOnlyScan') return null;
  if (planned.commandType !== 'select' || planned.rowMarks.length > 0 || planned.subplans.length > 0) return null;
  if (!isPlain(plan, context.catalog)) return null;
  const unit = unitOf(planned, context.catalog);
  const indexed = unit.cached(plan, () => compileIndexScan(unit, plan));
  const { values, hasArrays } = indexed.ranges;
  if (!indexed.isPoint || hasArrays || indexed.scan.needsSystem) return null;
  if (values.isAsync || (indexed.scan.program?.isAsync ?? false)) return null;
  return new RunnablePointSelect(planned, plan, indexed, context);
}

/** What a LIMIT of one row or more counts the rows of; one row at most comes of a lookup by key, limit or not. SQL: select
 *  a from t where id = $1 limit 1. */
export function withoutLimit(plan: Plan): Plan {
  if (plan.kind !== 'Limit' || plan.withTies || plan.initPlans.length > 0 || !isCount(plan.offset, 0n)) return plan;
  return isCount(plan.count, 1n) && sameColumns(plan.targetList, plan.outer.targetList) ? plan.outer : plan;
}

/** No limit or offset, or a constant one: an offset of 0, a limit of 1 or more. */
function isCount(expression: Expression | null, least: bigint): boolean {
  if (expression === null) return true;
  if (expression.kind !== 'Const') return false;
  const { value } = expression;
  return value === null || (typeof value === 'bigint' && (least === 0n ? value === 0n : value >= least));
}

/** The limit hands its rows on as they are. */
function sameColumns(above: readonly TargetEntry[], below: readonly TargetEntry[]): boolean {
  return (
    above.length === below.length &&
    above.every(({ expr, junk }, n) => expr.kind === 'Var' && expr.attno === n + 1 && !junk && below[n]?.junk === false)
  );
}

class RunnablePointSelect implements PointSelect {
  readonly columns: readonly ResultColumn[];
  private readonly x: RunState;
  private readonly unit;
  private readonly point;

  constructor(
    planned: PlannedStatement,
    private readonly plan: IndexScan | IndexOnlyScan,
    private readonly indexed: IndexProgram,
    private readonly context: PointContext,
  ) {
    this.unit = unitOf(planned, context.catalog);
    this.columns = this.unit.cached(planned, () => resultColumns(planned, this.unit));
    this.point = openPoint(context, indexed, indexed.index);
    this.x = new RunState(this.unit, detached(context), planned);
  }

  run(values: readonly Value[]): readonly Row[] | undefined {
    const { point, unit } = this;
    if (point === null || !isPermitted(unit, this.context.userId())) return undefined;
    const key = this.key(values);
    const row = key === null ? null : point.newest(unit.catalogVersion, key);
    return row === undefined ? undefined : this.rows(row);
  }

  runIn(transaction: Transaction, values: readonly Value[]): readonly Row[] | undefined {
    const { point, unit } = this;
    if (point === null || !isPermitted(unit, this.context.userId())) return undefined;
    const key = this.key(values);
    return this.rows(key === null ? null : point.newestIn(transaction.store, transaction.command, key));
  }

  /** The key to look for; null where there is none: a comparison with NULL, or with a value that the column cannot hold. */
  private key(values: readonly Value[]): Buffer | null {
    const { x, indexed } = this;
    for (let n = 0; n < values.length; n++) x.v[n] = values[n] as Value;
    const ranges = keyRanges(indexed.ranges, indexed.ranges.values.run(x, null) as Row, x);
    return ranges[0]?.lower ?? null;
  }

  /** The statement's rows from the stored one, filtered and projected. */
  private rows(row: Row | null): readonly Row[] {
    if (row === null) return this.counted(0, noRows);
    const { program } = this.indexed.scan;
    if (program === null) return this.counted(1, [row]);
    const out: Row[] = [];
    program.run(this.x, [row], out);
    return this.counted(1, out);
  }

  private counted(found: number, rows: readonly Row[]): readonly Row[] {
    const { statistics } = this.context;
    const index: RelationCounts = statistics.of(this.indexed.index.oid);
    index.scanned();
    index.tuplesReturned += found;
    if (this.plan.kind === 'IndexScan') index.tuplesFetched += found;
    return rows;
  }
}

const noRows: readonly Row[] = [];

/** An execution's context without a transaction: reaching for one is a mistake of `isPlain`. */
function detached(context: PointContext): ExecutionContext {
  const none = (): never => {
    throw new Error('a point select has no transaction');
  };
  return Object.defineProperties({ ...context, parameters: [] } as unknown as ExecutionContext, {
    transaction: { get: none },
    view: { get: none },
    userId: { get: context.userId },
  });
}

const plainKinds: ReadonlySet<Expression['kind']> = new Set([
  ...([
    'Var',
    'Const',
    'Param',
    'FuncExpr',
    'OpExpr',
    'DistinctExpr',
    'NullIfExpr',
    'BoolExpr',
    'RelabelType',
  ] as const),
  ...(['CollateExpr', 'CaseExpr', 'CaseTestExpr', 'CoalesceExpr', 'NullTest', 'BooleanTest'] as const),
]);

/** Every expression of the scan is a function of the row and the client's parameters alone. */
function isPlain(plan: IndexScan | IndexOnlyScan, catalog: Catalog): boolean {
  if (plan.initPlans.length > 0) return false;
  const expressions = [
    ...plan.targetList.map((target) => target.expr),
    ...plan.qual,
    ...plan.indexQuals.flatMap((qual) => (qual.value === null ? [qual.clause] : [qual.clause, qual.value])),
  ];
  let plain = true;
  for (const expression of expressions) {
    walkExpression(expression, (node) => {
      plain &&= isPlainNode(node, catalog);
      return plain ? undefined : false;
    });
  }
  return plain;
}

function isPlainNode(node: Expression, catalog: Catalog): boolean {
  if (!plainKinds.has(node.kind)) return false;
  switch (node.kind) {
    case 'Param':
      return node.paramKind === 'extern';
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr': {
      const called = catalog.function(node.function);
      return called?.volatility === 'i' && called.language === 'internal' && !node.returnsSet;
    }
    default:
      return true;
  }
}
