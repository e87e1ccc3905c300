// Conditions on window functions that only grow (or shrink) from row to row of a partition:
//   SELECT * FROM (SELECT a, row_number() OVER (ORDER BY b) AS n FROM t) s WHERE n <= 10
// Once such a condition is false it stays false, so the WindowAgg inside the subquery may stop there (its "run
// condition"). n = 10 gives the run condition n <= 10 and is checked outside as well. Also here: ranking functions don't
// look at their frame, so windows that differ in it alone become one.
import type { Expression, TargetEntry, WindowFunc } from '../../trees/expression.js';
import type { Query, WindowClause, WindowCondition, WindowFrame } from '../../trees/query.js';
import { containsSubPlan, containsVolatile, pullVars } from '../expressions/facts.js';
import { equalTrees } from '../expressions/equal.js';
import { makeOp } from '../expressions/make.js';
import { rewriteTopDown, someExpression } from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';

export interface FoundCondition {
  readonly condition: WindowCondition;
  /** The condition has to be checked outside too. */
  readonly keepsOriginal: boolean;
}

const lessStrategies = [1, 2];
const equalStrategy = 3;
const greaterStrategies = [4, 5];

/** The run condition that a qual on a subquery's output gives; null where it gives none. */
export function windowCondition(
  root: PlannerInfo,
  query: Query,
  clause: Expression,
  rtIndex: number,
): FoundCondition | null {
  if (clause.kind !== 'OpExpr' || clause.args.length !== 2 || query.setOperations !== null) return null;
  if (root.global.catalog.function(clause.function)?.isStrict !== true) return null;
  for (const [at, arg] of clause.args.entries()) {
    const other = clause.args[1 - at];
    if (arg.kind !== 'Var' || arg.varno !== rtIndex || arg.levelsUp > 0 || other === undefined) continue;
    if (pullVars(other).length > 0 || hasOuterVars(other) || containsVolatile(other, root.global.catalog)) continue;
    const entry = query.targetList.find((item) => item.resno === arg.attno && !item.junk);
    if (entry?.expr.kind !== 'WindowFunc' || entry.expr.filter !== null || containsSubPlan(entry.expr)) continue;
    if (containsVolatile(entry.expr, root.global.catalog)) continue;
    const { windowRef } = entry.expr;
    const window = query.windowClause.find((item) => item.windowRef === windowRef);
    if (window === undefined) continue;
    const found = fitting(root, clause, { entry, window, functionLeft: at === 0, other });
    if (found !== null) return found;
  }
  return null;
}

function hasOuterVars(expression: Expression): boolean {
  return someExpression(expression, (node) => node.kind === 'Var' || node.kind === 'SubLink');
}

function fitting(
  root: PlannerInfo,
  clause: Extract<Expression, { kind: 'OpExpr' }>,
  call: {
    readonly entry: TargetEntry;
    readonly window: WindowClause;
    readonly functionLeft: boolean;
    readonly other: Expression;
  },
): FoundCondition | null {
  const { catalog } = root.global;
  const { entry, functionLeft, other } = call;
  if (entry.expr.kind !== 'WindowFunc') return null;
  const monotonic = monotonicity(root, entry.expr, call.window);
  const make = (operator: number, keepsOriginal: boolean): FoundCondition => ({
    condition: { resno: entry.resno, operator, functionLeft, other, inputCollation: clause.inputCollation },
    keepsOriginal,
  });
  for (const member of catalog.operatorFamilies(clause.operator)) {
    if (member.accessMethod !== 'btree') continue;
    const grows = functionLeft ? monotonic.increasing : monotonic.decreasing;
    const shrinks = functionLeft ? monotonic.decreasing : monotonic.increasing;
    if (lessStrategies.includes(member.strategy) && grows) return make(clause.operator, false);
    if (greaterStrategies.includes(member.strategy) && shrinks) return make(clause.operator, false);
    if (member.strategy !== equalStrategy) continue;
    if (monotonic.increasing && monotonic.decreasing) return make(clause.operator, false);
    if (!monotonic.increasing && !monotonic.decreasing) continue;
    const strategy = monotonic.increasing === functionLeft ? 2 : 4;
    const operator = catalog.familyOperator(member.family, member.left, member.right, strategy);
    if (operator !== 0) return make(operator, true);
  }
  return null;
}

const rankingSymbols = new Set([
  'window_row_number',
  'window_rank',
  'window_dense_rank',
  'window_percent_rank',
  'window_cume_dist',
  'window_ntile',
]);

function isRanking(root: PlannerInfo, call: WindowFunc): boolean {
  return rankingSymbols.has(root.global.catalog.function(call.function)?.source ?? '');
}

const countRows = 2803;
const countFunctions = new Set([2147, countRows]);

function monotonicity(
  root: PlannerInfo,
  call: WindowFunc,
  window: WindowClause,
): { increasing: boolean; decreasing: boolean } {
  if (isRanking(root, call)) return { increasing: true, decreasing: false };
  if (!countFunctions.has(call.function)) return { increasing: false, decreasing: false };
  const { frame } = window;
  // Rows left out around the current one may be more for one row than for the next; the current row itself is always one.
  const countsRows = call.function === countRows;
  if (frame.exclusion !== 'none' && !(frame.exclusion === 'currentRow' && countsRows))
    return { increasing: false, decreasing: false };
  // Without ORDER BY all rows are peers: the same frame for each.
  if (window.orderClause.length === 0 && frame.mode === 'range') return { increasing: true, decreasing: true };
  return {
    increasing: frame.start.kind === 'unboundedPreceding',
    decreasing: frame.end.kind === 'unboundedFollowing',
  };
}

/** The condition as an expression over the finished window function of its column. */
export function runCondition(
  root: PlannerInfo,
  condition: WindowCondition,
  targetList: readonly TargetEntry[],
): { readonly call: WindowFunc; readonly expr: Expression } | null {
  const call = targetList.find((entry) => entry.resno === condition.resno)?.expr;
  const operator = root.global.catalog.operator(condition.operator);
  if (call?.kind !== 'WindowFunc' || operator === null) return null;
  const [left, right] = condition.functionLeft ? [call, condition.other] : [condition.other, call];
  return { call, expr: makeOp(operator, left, right, condition.inputCollation) };
}

const rowsSoFar = {
  mode: 'rows',
  start: { kind: 'unboundedPreceding', offset: null },
  end: { kind: 'currentRow', offset: null },
} as const;

/** Windows used by ranking functions only get the cheapest frame; those that are alike then become one. */
export function mergeWindows(root: PlannerInfo): void {
  const { query } = root;
  if (query.windowClause.length === 0) return;
  const calls = query.targetList.flatMap((entry) => windowCalls(entry.expr));
  const moved = new Map<number, number>();
  const windows: WindowClause[] = [];
  const final = (window: WindowClause): WindowClause =>
    windows.find((item) => item.windowRef === window.windowRef) ?? window;
  for (const window of query.windowClause) {
    const own = calls.filter((call) => call.windowRef === window.windowRef);
    const { frame } = window;
    const mayChange = own.length > 0 && own.every((call) => isRanking(root, call)) && frame.exclusion === 'none';
    const kept: WindowClause = mayChange ? { ...window, frame: { ...frame, ...rowsSoFar, explicit: true } } : window;
    const same = mayChange
      ? query.windowClause.find((other) => other !== window && sameWindow(final(other), kept))
      : undefined;
    const target = same === undefined ? undefined : windows.find((other) => other.windowRef === same.windowRef);
    if (target !== undefined) moved.set(window.windowRef, target.windowRef);
    else windows.push(kept);
  }
  query.windowClause = windows;
  if (moved.size === 0) return;
  const move = (expression: Expression): Expression =>
    rewriteTopDown(expression, (node) => {
      if (node.kind !== 'WindowFunc') return null;
      return { ...node, windowRef: moved.get(node.windowRef) ?? node.windowRef };
    });
  query.targetList = query.targetList.map((entry) => ({ ...entry, expr: move(entry.expr) }));
}

function windowCalls(expression: Expression): WindowFunc[] {
  const result: WindowFunc[] = [];
  someExpression(expression, (node) => {
    if (node.kind === 'WindowFunc') result.push(node);
    return false;
  });
  return result;
}

function sameWindow(left: WindowClause, right: WindowClause): boolean {
  const shape = ({ mode, start, end, exclusion }: WindowFrame) => ({ mode, start, end, exclusion });
  return (
    equalTrees(left.partitionClause, right.partitionClause) &&
    equalTrees(left.orderClause, right.orderClause) &&
    equalTrees(shape(left.frame), shape(right.frame))
  );
}
