// Which columns each relation has to deliver: those needed above it. A column needed by conditions at a set of relations
// travels up to the join of that set; bit 0 of the set stands for the query's own output.
import type { Expression, PlaceHolderVar, Var } from '../../trees/expression.js';
import { expressionCost } from '../costs/expression-cost.js';
import { pullVars, relidsOfExpression } from '../expressions/facts.js';
import { someExpression } from '../expressions/walk.js';
import type { PathTarget } from '../path.js';
import type { PlaceHolderInfo, PlannerInfo, RelOptInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { contains, isSubset, noRelids, relidsOf, relidMembers, isSingleton, firstRelid } from '../relids.js';
import { findBaseRel } from '../require.js';
import { columnWidth, expressionWidth } from './widths.js';

/** Marks columns and placeholders as needed at `where`. */
export function needVars(root: PlannerInfo, vars: readonly (Var | PlaceHolderVar)[], where: Relids): void {
  for (const item of vars) {
    if (item.kind === 'PlaceHolderVar') {
      findPlaceHolder(root, item).needed |= where;
      continue;
    }
    if (item.levelsUp > 0) continue;
    const rel = root.rels[item.varno];
    if (rel === undefined) continue;
    const known = rel.attributeNeeded.get(item.attno);
    if (known === undefined) {
      const plain: Var = { ...item, nullingRels: [], location: -1 };
      rel.target = { ...rel.target, exprs: [...rel.target.exprs, plain], sortRefs: [...rel.target.sortRefs, 0] };
    }
    rel.attributeNeeded.set(item.attno, (known ?? noRelids) | where);
  }
}

/** The planner's record of a placeholder, made at its first sight. */
export function findPlaceHolder(root: PlannerInfo, variable: PlaceHolderVar): PlaceHolderInfo {
  const known = root.placeholders.get(variable.id);
  if (known !== undefined) return known;
  const stands = relidsOf(variable.relids);
  const used = relidsOfExpression(variable.arg);
  // What its columns are nulled by below it belongs to the place where it is computed.
  const within = used & (stands | ~root.allBaseRels);
  const info: PlaceHolderInfo = {
    id: variable.id,
    variable: { ...variable, nullingRels: [] },
    evalAt: (within & stands) === noRelids ? stands : within,
    lateral: used & ~stands & root.allBaseRels,
    needed: noRelids,
    width: expressionWidth(root, variable.arg),
  };
  root.placeholders.set(variable.id, info);
  for (const item of pullVars(variable.arg)) {
    if (item.kind === 'PlaceHolderVar') findPlaceHolder(root, item);
  }
  return info;
}

/** Registers all placeholders of an expression. */
export function findPlaceHolders(root: PlannerInfo, expression: Expression): void {
  someExpression(expression, (node) => {
    if (node.kind === 'PlaceHolderVar' && node.levelsUp === 0) findPlaceHolder(root, node);
    return false;
  });
}

/** After all needs are known: what placeholders are computed from is needed where they are computed, and those of a
 *  single relation join its output. */
export function addPlaceHolders(root: PlannerInfo): void {
  for (const info of root.placeholders.values()) needVars(root, pullVars(info.variable.arg), info.evalAt);
  for (const info of root.placeholders.values()) {
    if (!isSingleton(info.evalAt) || !contains(root.allBaseRels, firstRelid(info.evalAt))) continue;
    const rel = findBaseRel(root, firstRelid(info.evalAt));
    if (!isSubset(info.needed, info.evalAt)) rel.target = withExpr(rel.target, info.variable);
  }
}

function withExpr(target: PathTarget, expr: Expression): PathTarget {
  return { ...target, exprs: [...target.exprs, expr], sortRefs: [...target.sortRefs, 0] };
}

/** Output of a join: what its inputs deliver and something above still needs, and placeholders computed here. */
export function joinTarget(root: PlannerInfo, relids: Relids, outer: RelOptInfo, inner: RelOptInfo): PathTarget {
  const exprs: Expression[] = [];
  const computed: Expression[] = [];
  for (const input of [outer, inner]) {
    for (const expr of input.target.exprs) {
      if (expr.kind === 'Var') {
        const needed = root.rels[expr.varno]?.attributeNeeded.get(expr.attno) ?? noRelids;
        if (!isSubset(needed, relids)) exprs.push(expr);
      } else if (expr.kind === 'PlaceHolderVar') {
        const needed = root.placeholders.get(expr.id)?.needed ?? noRelids;
        if (!isSubset(needed, relids)) exprs.push(expr);
      }
    }
  }
  for (const info of root.placeholders.values()) {
    if (!isSubset(info.evalAt, relids) || isSubset(info.needed, relids)) continue;
    if (isSubset(info.evalAt, outer.relids) || isSubset(info.evalAt, inner.relids)) continue;
    exprs.push(info.variable);
    computed.push(info.variable.arg);
  }
  return withCost(root, makeTarget(root, exprs), computed);
}

/** Adds the cost of what placeholders hold, where they are computed. */
function withCost(root: PlannerInfo, target: PathTarget, computed: readonly Expression[]): PathTarget {
  let { startupCost, perTupleCost } = target;
  for (const expr of computed) {
    const cost = expressionCost(root, expr);
    startupCost += cost.startup;
    perTupleCost += cost.perTuple;
  }
  return { ...target, startupCost, perTupleCost };
}

/** A target with its evaluation cost and width worked out. Plain columns cost nothing. */
export function makeTarget(root: PlannerInfo, exprs: readonly Expression[], sortRefs?: readonly number[]): PathTarget {
  let width = 0;
  let startupCost = 0;
  let perTupleCost = 0;
  for (const expr of exprs) {
    if (expr.kind === 'Var' && expr.levelsUp === 0) {
      width += columnWidth(root, expr);
      continue;
    }
    width += expressionWidth(root, expr);
    const cost = expressionCost(root, expr);
    startupCost += cost.startup;
    perTupleCost += cost.perTuple;
  }
  return { exprs, sortRefs: sortRefs ?? exprs.map(() => 0), startupCost, perTupleCost, width };
}

/** Recomputes the cost and width of a base relation's target once its columns are known. */
export function finishTarget(root: PlannerInfo, rel: RelOptInfo): void {
  const { exprs, sortRefs } = rel.target;
  const computed = exprs.flatMap((expr) => (expr.kind === 'PlaceHolderVar' ? [expr.arg] : []));
  rel.target = withCost(root, makeTarget(root, exprs, sortRefs), computed);
}

/** Base relations (no outer joins) in a set. */
export function baseMembers(root: PlannerInfo, relids: Relids): number[] {
  return relidMembers(relids & root.allBaseRels);
}
