// Turns SubLinks into SubPlans: the subquery is planned on its own, uncorrelated ones become initplans that run once,
// `x IN (uncorrelated)` looks its value up in a hash table, the others run again for each set of outer values.
import type { Expression, SubLink, SubPlan } from '../trees/expression.js';
import type { CommonTableExpr, Query } from '../trees/query.js';
import type { Path } from './path.js';
import { evaluationCount, existsAsAny } from './exists-to-any.js';
import { containsVolatile } from './expressions/facts.js';
import { andList, execParam, makeAnd } from './expressions/make.js';
import { collationOf, typeOf, typmodOf } from './expressions/typing.js';
import { mapChildren, rewriteTopDown } from './expressions/walk.js';
import { chooseCte, inlineCte, withoutContent } from './prep/ctes.js';
import { simplifyExists } from './prep/exists.js';
import { newParamId } from './params.js';
import type { PlannerInfo } from './planner-info.js';
import { planQuery } from './plan-query.js';
import { createPlan } from './create-plan/create-plan.js';
import { cheapestFractional } from './paths/add-path.js';
import { materialPlan } from './create-plan/plan-base.js';
import { required } from './require.js';
import { hashSide } from './subplan-hash.js';

/** Replaces the SubLinks of an expression of this level by SubPlans or Params. */
export function processSublinks(root: PlannerInfo, expression: Expression, isQual: boolean): Expression {
  const walk = (node: Expression, isTop: boolean): Expression => {
    if (node.kind === 'SubLink') {
      const test = node.test === null ? null : walk(node.test, false);
      return makeSubplan(root, node, test, isTop);
    }
    // Below AND, and below OR, NULL and FALSE of a condition mean the same.
    if (node.kind === 'BoolExpr' && node.op !== 'not') return mapChildren(node, (child) => walk(child, isTop));
    if (node.kind === 'BoolExpr')
      return mapChildren(node, (child) =>
        walk(child, isTop && child.kind === 'SubLink' && child.linkType === 'exists'),
      );
    if ((node.kind === 'Aggref' || node.kind === 'PlaceHolderVar') && node.levelsUp > 0) return node;
    return mapChildren(node, (child) => walk(child, false));
  };
  return walk(expression, isQual);
}

function makeSubplan(root: PlannerInfo, link: SubLink, test: Expression | null, isTop: boolean): Expression {
  const { global } = root;
  let query: Query = link.subquery;
  if (link.linkType === 'exists') query = simplifyExists(query, global) ?? query;
  const fraction = link.linkType === 'exists' ? 1 : link.linkType === 'any' || link.linkType === 'all' ? 0.5 : 0;
  const outerParams = root.plannerParams;
  root.plannerParams = [];
  const subroot = planQuery(global, query, root, { hasRecursion: false, tupleFraction: fraction });
  const planParams = root.plannerParams;
  root.plannerParams = outerParams;
  const path = cheapestFractional(required(subroot.finalRel, 'final relation'), fraction);
  if (link.linkType === 'exists' && planParams.length > 0) {
    const hashed = hashedExists(root, link, query, path);
    if (hashed !== null) return hashed;
  }
  return buildSubplan(root, link, test, isTop, subroot, path, planParams);
}

/** EXISTS by a hash table of the subquery's rows, where that is possible and cheaper than running it for each row. */
function hashedExists(root: PlannerInfo, link: SubLink, query: Query, path: Path): Expression | null {
  const simplified = simplifyExists(query, root.global);
  const any = simplified === null ? null : existsAsAny(root, simplified);
  if (any === null) return null;
  const oneRow = path.startupCost + (path.totalCost - path.startupCost) / Math.max(1, path.rows);
  const outerParams = root.plannerParams;
  root.plannerParams = [];
  const subroot = planQuery(root.global, any.query, root, { hasRecursion: false, tupleFraction: 0 });
  const planParams = root.plannerParams;
  root.plannerParams = outerParams;
  const whole = required(subroot.finalRel?.cheapestTotal, 'path of a subquery');
  if (planParams.length > 0 || whole.totalCost >= oneRow * evaluationCount(root)) return null;
  const test = mapChildren(any.test, (node) => processSublinks(root, node, false));
  const built = buildSubplan(root, { ...link, linkType: 'any' }, test, true, subroot, whole, planParams);
  return built.kind === 'SubPlan' && built.useHashTable ? built : null;
}

type PlanParams = PlannerInfo['plannerParams'];

function buildSubplan(
  root: PlannerInfo,
  link: SubLink,
  test: Expression | null,
  isTop: boolean,
  subroot: PlannerInfo,
  path: Path,
  planParams: PlanParams,
): Expression {
  const { global } = root;
  const columns = subroot.processedTargetList.filter((entry) => !entry.junk);
  const first = columns[0]?.expr;
  const plan = createPlan(subroot, path);
  global.subplans.push({ plan, root: subroot, path });
  const planId = global.subplans.length;
  const base = bareSubPlan(link, planId, first, isTop, planParams);
  if (planParams.length === 0) {
    const initial = asInitPlan(
      root,
      base,
      link,
      test,
      columns.map((entry) => entry.expr),
      path,
    );
    if (initial !== null) return initial;
  }
  // The arguments may contain SubLinks' results of this level only: outer levels' values come by Params.
  // An aggregate of this level, though, stood in the subquery so far: its own SubLinks are still to be planned.
  const args = planParams.map(({ item }) =>
    item.kind === 'Var' || item.kind === 'Param' ? item : processSublinks(root, item, false),
  );
  if (link.linkType === 'multiexpr') {
    const setParams = columns.map((entry) => newParamId(global, typeOf(entry.expr)));
    root.multiParams.set(
      link.id,
      columns.map((entry, index) => execParam(setParams[index] ?? 0, entry.expr)),
    );
    return { ...base, setParams, args };
  }
  const paramIds = test === null ? [] : columns.map((entry) => newParamId(global, typeOf(entry.expr)));
  const finalTest = test === null ? null : bindTest(test, paramIds);
  const subplan: SubPlan = { ...base, paramIds, test: finalTest, args };
  if (link.linkType === 'any' && planParams.length === 0 && finalTest !== null) {
    const hashable = hashSide(root, finalTest, paramIds, path);
    if (hashable) return { ...subplan, useHashTable: true };
  }
  const entry = required(global.subplans[planId - 1], 'subplan');
  if (
    planParams.length === 0 &&
    (link.linkType === 'any' || link.linkType === 'all') &&
    global.settings.enable.material
  ) {
    entry.plan = materialPlan(plan, global.settings);
  }
  return subplan;
}

function bareSubPlan(
  link: SubLink,
  planId: number,
  first: Expression | undefined,
  isTop: boolean,
  planParams: PlanParams,
): SubPlan {
  return {
    kind: 'SubPlan',
    linkType: link.linkType,
    test: null,
    paramIds: [],
    planId,
    name: `SubPlan ${planId}`,
    firstType: first === undefined ? 2278 : typeOf(first),
    firstTypmod: first === undefined ? -1 : typmodOf(first),
    firstCollation: first === undefined ? 0 : collationOf(first),
    arrayType: link.arrayType,
    useHashTable: false,
    unknownEqualsFalse: isTop,
    setParams: [],
    parameterIds: planParams.map((entry) => entry.paramId),
    args: [],
  };
}

/** Sublink Params of the comparison become the exec Params that hold the subquery's columns. */
function bindTest(test: Expression, paramIds: readonly number[]): Expression {
  return rewriteTopDown(test, (node) => {
    // A sublink inside the comparison has column Params of its own.
    if (node.kind === 'SubLink') return node;
    if (node.kind !== 'Param' || node.paramKind !== 'sublink') return null;
    return execParam(paramIds[node.id - 1] ?? 0, node);
  });
}

function asInitPlan(
  root: PlannerInfo,
  base: SubPlan,
  link: SubLink,
  test: Expression | null,
  columns: readonly Expression[],
  path: Path,
): Expression | null {
  const { global } = root;
  const cost = path.totalCost;
  const name = `InitPlan ${base.planId}`;
  const add = (setParams: number[]): void => {
    root.initPlans.push({ subPlan: { ...base, name, setParams, parameterIds: [] }, cost });
  };
  const first = columns[0];
  switch (link.linkType) {
    case 'exists': {
      const id = newParamId(global, 16);
      add([id]);
      return { kind: 'Param', paramKind: 'exec', id, type: 16, typmod: -1, collation: 0, location: -1 };
    }
    case 'expr': {
      if (first === undefined) return null;
      const id = newParamId(global, typeOf(first));
      add([id]);
      return execParam(id, first);
    }
    case 'array': {
      if (first === undefined) return null;
      const id = newParamId(global, link.arrayType);
      add([id]);
      return execParam(id, first, link.arrayType);
    }
    case 'rowcompare':
    case 'multiexpr': {
      const ids = columns.map((expr) => newParamId(global, typeOf(expr)));
      add(ids);
      if (link.linkType === 'rowcompare') return test === null ? null : bindTest(test, ids);
      root.multiParams.set(
        link.id,
        columns.map((expr, index) => execParam(ids[index] ?? 0, expr)),
      );
      // Its place in the target list is junk.
      return { kind: 'Const', type: 2249, typmod: -1, collation: 0, value: null, location: -1 };
    }
    default:
      return null;
  }
}

/** Plans the CTEs of a query level that run on their own, merges those that don't. */
export function processCtes(root: PlannerInfo): void {
  const { global } = root;
  const ctes = root.query.ctes;
  for (let index = 0; index < ctes.length; index++) {
    const cte = required(root.query.ctes[index], 'cte');
    global.context.checkInterrupts?.();
    const choice = chooseCte(root, cte);
    if (choice !== 'plan') root.query = withoutContent(root.query, cte);
    if (choice === 'inline') {
      root.query = { ...inlineCte(root.query, cte) };
      root.rangeTable = [...root.query.rangeTable];
    }
    if (choice !== 'plan') {
      root.ctePlans.push({ cte, planId: 0, param: -1 });
      continue;
    }
    planCte(root, cte);
  }
  if (global.subplans.length > 0) root.query.rangeTable = root.rangeTable;
}

function planCte(root: PlannerInfo, cte: CommonTableExpr): void {
  const { global } = root;
  const outerParams = root.plannerParams;
  root.plannerParams = [];
  const subroot = planQuery(global, cte.query, root, {
    hasRecursion: cte.recursive,
    tupleFraction: 0,
    cteName: cte.name,
  });
  const planParams = root.plannerParams;
  root.plannerParams = outerParams;
  for (const entry of planParams) required(null, `outer reference ${entry.paramId} in a CTE: not`);
  const path = required(subroot.finalRel?.cheapestTotal, 'path of a CTE');
  const plan = createPlan(subroot, path);
  global.subplans.push({ plan, root: subroot, path });
  const planId = global.subplans.length;
  const param = newParamId(global, 2278);
  const subPlan: SubPlan = {
    kind: 'SubPlan',
    linkType: 'cte',
    test: null,
    paramIds: [],
    planId,
    name: `CTE ${cte.name}`,
    firstType: 2278,
    firstTypmod: -1,
    firstCollation: 0,
    arrayType: 0,
    useHashTable: false,
    unknownEqualsFalse: false,
    setParams: [param],
    parameterIds: [],
    args: [],
  };
  root.initPlans.push({ subPlan, cost: path.totalCost });
  root.ctePlans.push({ cte, planId, param });
}

/** Conditions of a query level after its sublinks were processed, as a list. */
export function processQual(root: PlannerInfo, condition: Expression): Expression[] {
  return andList(makeAnd([processSublinks(root, condition, true)]));
}

/** Must the subplan's value be computed again wherever it is asked for? */
export function isRepeatable(root: PlannerInfo, expression: Expression): boolean {
  return !containsVolatile(expression, root.global.catalog);
}
