// Target lists of the stages above the joins: what each stage has to deliver so that the next can compute its own.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { WindowClause } from '../../trees/query.js';
import { containsSetReturning, containsVolatile } from '../expressions/facts.js';
import { expressionCost } from '../costs/expression-cost.js';
import { isMember } from '../expressions/equal.js';
import { forEachChild } from '../expressions/walk.js';
import type { PathTarget } from '../path.js';
import type { PlannerInfo } from '../planner-info.js';
import { makeTarget } from '../rels/targets.js';

/** The target of the finished target list. */
export function finalTarget(root: PlannerInfo, list: readonly TargetEntry[]): PathTarget {
  return makeTarget(
    root,
    list.map((entry) => entry.expr),
    list.map((entry) => entry.sortGroupRef),
  );
}

/** Columns, placeholders and (with `aggregates`) whole aggregates that an expression is computed from. */
export function inputsOf(expression: Expression, aggregates: 'whole' | 'enter'): Expression[] {
  const result: Expression[] = [];
  const walk = (node: Expression): void => {
    const isLeaf =
      ((node.kind === 'Var' || node.kind === 'PlaceHolderVar') && node.levelsUp === 0) ||
      (aggregates === 'whole' && (node.kind === 'Aggref' || node.kind === 'GroupingFunc'));
    if (isLeaf) {
      if (!isMember(node, result)) result.push(node);
    } else if (node.kind !== 'GroupingFunc') forEachChild(node, walk);
  };
  walk(expression);
  return result;
}

function build(
  root: PlannerInfo,
  kept: readonly { expr: Expression; ref: number }[],
  rest: readonly Expression[],
): PathTarget {
  const exprs = kept.map((item) => item.expr);
  const refs = kept.map((item) => item.ref);
  for (const expr of rest) {
    if (isMember(expr, exprs)) continue;
    exprs.push(expr);
    refs.push(0);
  }
  return makeTarget(root, exprs, refs);
}

/** Input of grouping: the grouping columns, and the columns that the other expressions and HAVING use. */
export function groupInputTarget(root: PlannerInfo, final: PathTarget): PathTarget {
  const kept: { expr: Expression; ref: number }[] = [];
  const rest: Expression[] = [];
  final.exprs.forEach((expr, index) => {
    const ref = final.sortRefs[index] ?? 0;
    if (ref > 0 && root.groupClause.some((clause) => clause.sortGroupRef === ref)) kept.push({ expr, ref });
    else rest.push(...inputsOf(expr, 'enter'));
  });
  if (root.query.having !== null) rest.push(...inputsOf(root.query.having, 'enter'));
  return build(root, kept, rest);
}

/** Input of window functions: partition, order and grouping columns as they are, else columns and aggregates. */
export function windowInputTarget(root: PlannerInfo, final: PathTarget, windows: readonly WindowClause[]): PathTarget {
  const refs = new Set<number>();
  for (const window of windows) {
    for (const clause of [...window.partitionClause, ...window.orderClause]) refs.add(clause.sortGroupRef);
  }
  for (const clause of root.groupClause) refs.add(clause.sortGroupRef);
  const kept: { expr: Expression; ref: number }[] = [];
  const rest: Expression[] = [];
  final.exprs.forEach((expr, index) => {
    const ref = final.sortRefs[index] ?? 0;
    if (ref > 0 && refs.has(ref)) kept.push({ expr, ref });
    else rest.push(...inputsOf(expr, 'whole'));
  });
  return build(root, kept, rest);
}

/** Input of the final sort: set-returning, volatile and (under LIMIT) expensive columns that it doesn't need wait until
 *  after it. */
export function sortInputTarget(root: PlannerInfo, final: PathTarget): { target: PathTarget; hasPostponed: boolean } {
  const { catalog, settings } = root.global;
  const limited = root.query.limitCount !== null || root.tupleFraction > 0;
  const sets = final.exprs.map((expr) => containsSetReturning(expr));
  const setInSort = sets.some((isSet, index) => isSet && (final.sortRefs[index] ?? 0) > 0);
  const hasSet = sets.some((isSet) => isSet);
  const postponed = final.exprs.map((expr, index) => {
    if ((final.sortRefs[index] ?? 0) > 0) return false;
    if (sets[index]) return !setInSort;
    if (containsVolatile(expr, catalog)) return true;
    const cost = expressionCost(root, expr);
    return limited && cost.startup + cost.perTuple > 10 * settings.cpuOperatorCost;
  });
  const hasVolatile = final.exprs.some(
    (expr, index) => postponed[index] && !sets[index] && containsVolatile(expr, catalog),
  );
  const hasExpensive = postponed.some((flag, index) => flag && !sets[index]);
  if (!((hasSet && !setInSort) || hasVolatile || hasExpensive)) return { target: final, hasPostponed: false };
  const kept: { expr: Expression; ref: number }[] = [];
  const rest: Expression[] = [];
  final.exprs.forEach((expr, index) => {
    if (postponed[index]) rest.push(...postponedInputs(expr));
    else kept.push({ expr, ref: final.sortRefs[index] ?? 0 });
  });
  return { target: build(root, kept, rest), hasPostponed: true };
}

/** Columns, aggregates and window functions that a postponed expression is computed from. */
function postponedInputs(expression: Expression): Expression[] {
  const result: Expression[] = [];
  const walk = (node: Expression): void => {
    const isLeaf =
      ((node.kind === 'Var' || node.kind === 'PlaceHolderVar') && node.levelsUp === 0) ||
      node.kind === 'Aggref' ||
      node.kind === 'GroupingFunc' ||
      node.kind === 'WindowFunc';
    if (isLeaf) {
      if (!isMember(node, result)) result.push(node);
    } else forEachChild(node, walk);
  };
  walk(expression);
  return result;
}
