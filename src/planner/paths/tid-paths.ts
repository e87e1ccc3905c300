// Scans by ctid: ctid = x, ctid = ANY (array), WHERE CURRENT OF, and ranges of ctids.
import type { Expression } from '../../trees/expression.js';
import { restrictionCost } from '../costs/expression-cost.js';
import { disableCost } from '../settings.js';
import { estimateArrayLength } from '../costs/expression-cost.js';
import { relidsOfExpression } from '../expressions/facts.js';
import type { TidPath } from '../path.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo } from '../planner-info.js';
import { overlaps } from '../relids.js';
import { addPath } from './add-path.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';

const tidEqual = 387;
const tidRangeOperators = new Set([2799, 2800, 2801, 2802]);

/** Offers TidScan and TidRangeScan where the restrictions allow. */
export function addTidPaths(root: PlannerInfo, rel: RelOptInfo): void {
  if (rel.relation?.kind !== 'r' && rel.relation?.kind !== 'm') return;
  const current = rel.baseRestrictions.find((info) => info.clause.kind === 'CurrentOfExpr');
  const equal = current ?? rel.baseRestrictions.find((info) => isTidEquality(rel, info.clause));
  if (equal !== undefined) addPath(rel, tidPath(root, rel, 'TidScan', [equal]));
  const ranges = rel.baseRestrictions.filter((info) => isTidRange(rel, info.clause));
  if (ranges.length > 0) addPath(rel, tidPath(root, rel, 'TidRangeScan', ranges));
}

function isTidVar(rel: RelOptInfo, node: Expression): boolean {
  return node.kind === 'Var' && node.varno === rel.rtIndex && node.attno === -1 && node.levelsUp === 0;
}

function sides(rel: RelOptInfo, args: readonly Expression[]): boolean {
  const [left, right] = args as [Expression, Expression];
  const free = (node: Expression): boolean => !overlaps(relidsOfExpression(node), rel.relids);
  return (isTidVar(rel, left) && free(right)) || (isTidVar(rel, right) && free(left));
}

function isTidEquality(rel: RelOptInfo, clause: Expression): boolean {
  if (clause.kind === 'OpExpr') return isEqualityOperator(clause.operator) && sides(rel, clause.args);
  if (clause.kind === 'ScalarArrayOpExpr')
    return (
      isEqualityOperator(clause.operator) &&
      clause.useOr &&
      isTidVar(rel, clause.args[0]) &&
      !overlaps(relidsOfExpression(clause.args[1]), rel.relids)
    );
  if (clause.kind === 'BoolExpr' && clause.op === 'or') return clause.args.every((arg) => isTidEquality(rel, arg));
  return false;
}

function isEqualityOperator(operator: number): boolean {
  return operator === tidEqual;
}

function isTidRange(rel: RelOptInfo, clause: Expression): boolean {
  return clause.kind === 'OpExpr' && tidRangeOperators.has(clause.operator) && sides(rel, clause.args);
}

function tidPath(root: PlannerInfo, rel: RelOptInfo, kind: TidPath['kind'], quals: readonly RestrictInfo[]): TidPath {
  const { settings } = root.global;
  const qual = restrictionCost(root, rel.baseRestrictions);
  const own = restrictionCost(root, quals);
  const isCurrentOf = quals.some((info) => info.clause.kind === 'CurrentOfExpr');
  let tuples = 0;
  for (const { clause } of quals) {
    if (clause.kind === 'ScalarArrayOpExpr') tuples += estimateArrayLength(clause.args[1]);
    else if (clause.kind === 'BoolExpr') tuples += clause.args.length;
    else tuples += 1;
  }
  let startup = settings.enable.tidscan || isCurrentOf ? 0 : disableCost;
  let run: number;
  if (kind === 'TidRangeScan') {
    const selectivity = listSelectivity(root, quals, noJoin);
    const pages = Math.max(1, Math.ceil(selectivity * rel.pages));
    run = settings.randomPageCost + settings.seqPageCost * (pages - 1);
    tuples = selectivity * rel.tuples;
  } else run = settings.randomPageCost * tuples;
  const startupCost = qual.startup - (isCurrentOf ? disableCost : 0);
  startup += Math.max(0, startupCost) + own.perTuple;
  run += (settings.cpuTupleCost + Math.max(0, qual.perTuple - own.perTuple)) * tuples;
  return {
    kind,
    rel,
    target: rel.target,
    param: null,
    rows: rel.rows,
    startupCost: startup,
    totalCost: startup + run,
    pathKeys: [],
    quals,
  };
}
