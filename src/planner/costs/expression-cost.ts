// Cost of evaluating expressions: cpu_operator_cost times the procost of each function called.
import type { Expression } from '../../trees/expression.js';
import { forEachChild } from '../expressions/walk.js';
import { calledFunctions } from '../expressions/facts.js';
import type { PlannerInfo, RestrictInfo } from '../planner-info.js';
import { PgArray } from '../../types/value.js';

export interface ExpressionCost {
  readonly startup: number;
  readonly perTuple: number;
}

export const noCost: ExpressionCost = { startup: 0, perTuple: 0 };

/** Startup cost (hashed subplans) and cost for each row. */
export function expressionCost(root: PlannerInfo, expression: Expression): ExpressionCost {
  let startup = 0;
  let perTuple = 0;
  const { settings, catalog, subplans } = root.global;
  const operatorCost = settings.cpuOperatorCost;
  const walk = (node: Expression): void => {
    switch (node.kind) {
      case 'FuncExpr':
      case 'OpExpr':
      case 'DistinctExpr':
      case 'NullIfExpr':
        for (const oid of calledFunctions(node, catalog)) perTuple += operatorCost * (catalog.function(oid)?.cost ?? 1);
        break;
      case 'ScalarArrayOpExpr': {
        const [oid] = calledFunctions(node, catalog);
        const cost = operatorCost * (oid === undefined ? 1 : (catalog.function(oid)?.cost ?? 1));
        perTuple += cost * estimateArrayLength(node.args[1]) * 0.5;
        break;
      }
      case 'Aggref':
      case 'WindowFunc':
        // Costed where the aggregates are computed.
        return;
      case 'GroupingFunc':
        perTuple += operatorCost;
        return;
      case 'CoerceViaIO':
        perTuple += 2 * operatorCost;
        break;
      case 'ArrayCoerceExpr':
        perTuple +=
          operatorCost * (node.elementExpr.kind === 'RelabelType' || node.elementExpr.kind === 'CaseTestExpr' ? 0 : 10);
        walk(node.arg);
        return;
      case 'RowCompareExpr':
        perTuple += operatorCost * node.operators.length;
        break;
      case 'MinMaxExpr':
      case 'SqlValueFunction':
      case 'CoerceToDomain':
      case 'NextValueExpr':
        perTuple += operatorCost;
        break;
      case 'CurrentOfExpr':
        startup += 1e10;
        break;
      case 'SubPlan': {
        const cost = subPlanCost(root, node, subplans[node.planId - 1]?.path ?? null);
        startup += cost.startup;
        perTuple += cost.perTuple;
        if (node.test !== null && !node.useHashTable) break;
        for (const arg of node.args) walk(arg);
        return;
      }
      case 'PlaceHolderVar':
        // Computed further down.
        return;
      default:
        break;
    }
    forEachChild(node, walk);
  };
  walk(expression);
  return { startup, perTuple };
}

function subPlanCost(
  root: PlannerInfo,
  node: Extract<Expression, { kind: 'SubPlan' }>,
  path: import('../path.js').Path | null,
): ExpressionCost {
  if (path === null) return noCost;
  const { settings } = root.global;
  if (node.useHashTable) {
    return { startup: path.totalCost + settings.cpuOperatorCost * path.rows, perTuple: 0 };
  }
  const rows = Math.max(1, path.rows);
  const run = path.totalCost - path.startupCost;
  let perTuple: number;
  if (node.linkType === 'exists') perTuple = run / rows;
  else if (node.linkType === 'any' || node.linkType === 'all')
    perTuple = 0.5 * run + 0.5 * rows * settings.cpuOperatorCost;
  else perTuple = run;
  // A materialized or uncorrelated subplan starts once, a correlated one each time.
  if (node.parameterIds.length === 0) return { startup: path.startupCost, perTuple };
  return { startup: 0, perTuple: perTuple + path.startupCost };
}

/** Elements that an array expression is taken to have. */
export function estimateArrayLength(node: Expression): number {
  let array = node;
  while (array.kind === 'RelabelType' || array.kind === 'ArrayCoerceExpr') array = array.arg;
  if (array.kind === 'Const') {
    return array.value instanceof PgArray ? array.value.elements.length : array.value === null ? 0 : 10;
  }
  if (array.kind === 'ArrayExpr' && !array.multidimensional) return array.elements.length;
  return 10;
}

/** Cost of a list of conditions. */
export function qualCost(root: PlannerInfo, clauses: readonly Expression[]): ExpressionCost {
  let startup = 0;
  let perTuple = 0;
  for (const clause of clauses) {
    const cost = expressionCost(root, clause);
    startup += cost.startup;
    perTuple += cost.perTuple;
  }
  return { startup, perTuple };
}

/** Cost of a list of restrictions; remembered in each. A constant condition is checked once. */
export function restrictionCost(root: PlannerInfo, infos: readonly RestrictInfo[]): ExpressionCost {
  let startup = 0;
  let perTuple = 0;
  for (const info of infos) {
    if (info.evalCost === null) {
      const cost = expressionCost(root, info.clause);
      info.evalCost = info.pseudoConstant ? { startup: cost.startup + cost.perTuple, perTuple: 0 } : { ...cost };
    }
    startup += info.evalCost.startup;
    perTuple += info.evalCost.perTuple;
  }
  return { startup, perTuple };
}
