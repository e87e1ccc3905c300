// Sizes and scan paths of base relations, one function for each kind of range table entry.
import type { Expression } from '../../trees/expression.js';
import type { CteRte, FunctionRte, RelationRte } from '../../trees/query.js';
import { expressionCost } from '../costs/expression-cost.js';
import { sampleScanCost, seqScanCost, simpleScanCost } from '../costs/costs.js';
import { containsSetReturning } from '../expressions/facts.js';
import { estimateExpression } from '../expressions/fold.js';
import { isFalseOrNull } from '../expressions/make.js';
import type { ParamPathInfo, Path, ScanPath } from '../path.js';
import { requiredOuter } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { noRelids } from '../relids.js';
import { required, requireRoot } from '../require.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';
import { clampRows } from '../selectivity/variable.js';
import { addPath, setCheapest } from './add-path.js';
import { parameterInfo } from './parameters.js';
import { planSubqueryRel } from './subquery-scan.js';
import { addIndexPaths, checkPartialIndexes } from './index-paths.js';
import { addTidPaths } from './tid-paths.js';
import { setAppendSize, addAppendPaths } from './append-rel.js';
import { materialPath } from './simple-paths.js';
import { relationIsExcluded } from './exclusion.js';
import { finishTarget } from '../rels/targets.js';

/** Estimates the rows of a base relation; subqueries are planned here. */
export function setBaseSize(root: PlannerInfo, rel: RelOptInfo): void {
  const { rte } = rel;
  finishTarget(root, rel);
  if (rte === null) return;
  if (rel.baseRestrictions.some((info) => isFalseOrNull(info.clause)) || relationIsExcluded(root, rel)) {
    setDummy(rel);
    return;
  }
  switch (rte.kind) {
    case 'relation':
      if (rel.members.length > 0) setAppendSize(root, rel);
      else setRelationSize(root, rel, rte);
      return;
    case 'subquery':
      planSubqueryRel(root, rel, rte);
      return;
    case 'function':
      rel.tuples = functionRows(root, rte);
      break;
    case 'values':
      rel.tuples = rte.rows.length;
      break;
    case 'cte':
      rel.tuples = cteRows(root, rte);
      break;
    case 'namedTuplestore':
      rel.tuples = transitionRowsGuess;
      break;
    case 'result':
      rel.tuples = 1;
      break;
    case 'join':
      break;
  }
  rel.rows = restrictedRows(root, rel);
}

/** A plan is kept for the function's next calls: how many rows a transition table has then is not known. */
const transitionRowsGuess = 1000;

/** Rows of a base relation after its restrictions. */
export function restrictedRows(root: PlannerInfo, rel: RelOptInfo): number {
  return clampRows(rel.tuples * listSelectivity(root, rel.baseRestrictions, noJoin));
}

function setRelationSize(root: PlannerInfo, rel: RelOptInfo, rte: RelationRte): void {
  checkPartialIndexes(root, rel);
  if (rte.tableSample !== null) {
    const [percent] = rte.tableSample.args.map((arg) => estimateExpression(root.global, arg));
    const value = percent?.kind === 'Const' && typeof percent.value === 'number' ? percent.value : Number.NaN;
    const fraction = value >= 0 && value <= 100 ? value / 100 : 0.1;
    if (rte.tableSample.method === 'system') rel.pages = clampRows(rel.pages * fraction);
    rel.tuples = clampRows(rel.tuples * fraction);
  }
  rel.rows = restrictedRows(root, rel);
}

function functionRows(root: PlannerInfo, rte: FunctionRte): number {
  return Math.max(...rte.functions.map((item) => callRows(root, item.expr)), 1);
}

/** Rows that a call returns: prorows of a set-returning function, worked out where its support function would. */
export function callRows(root: PlannerInfo, expr: Expression): number {
  if (!((expr.kind === 'FuncExpr' || expr.kind === 'OpExpr') && expr.returnsSet)) return 1;
  const descriptor = root.global.catalog.function(expr.function);
  if (descriptor === null) return 1;
  const args = expr.args.map((arg) => estimateExpression(root.global, arg));
  return clampRows(supportedRows(descriptor.source, args) ?? descriptor.rows);
}

function supportedRows(symbol: string, args: readonly Expression[]): number | null {
  if (symbol === 'array_unnest') {
    const [array] = args;
    if (array?.kind === 'ArrayExpr' && !array.multidimensional) return array.elements.length;
    if (
      array?.kind === 'Const' &&
      array.value !== null &&
      typeof array.value === 'object' &&
      'elements' in array.value
    ) {
      return array.value.elements.length;
    }
    return 10;
  }
  if (!/^generate_series(_step)?_int[48]$/.test(symbol)) return null;
  const values = args.map((arg) => (arg.kind === 'Const' ? arg.value : undefined));
  if (values.some((value) => value === null)) return 0;
  const [start, finish, step] = values.map((value) => (value === undefined ? Number.NaN : Number(value)));
  if (start === undefined || finish === undefined || Number.isNaN(start) || Number.isNaN(finish)) return null;
  const by = args.length > 2 ? (step ?? Number.NaN) : 1;
  if (Number.isNaN(by) || by === 0) return null;
  return Math.max(0, Math.floor((finish - start + by) / by));
}

function cteRows(root: PlannerInfo, rte: CteRte): number {
  if (rte.selfReference) {
    const owner = recursiveOwner(root, rte);
    const seed = required(owner.nonRecursivePath, 'non-recursive path');
    return seed.rows * root.global.settings.recursiveWorktableFactor;
  }
  const { planId } = findCte(root, rte);
  return required(root.global.subplans[planId - 1]?.path, 'path of a CTE').rows;
}

/** The query level that declares a CTE, and its plan. */
export function findCte(
  root: PlannerInfo,
  rte: CteRte,
): { planId: number; param: number; subroot: PlannerInfo | null } {
  let owner = root;
  for (let level = rte.cteLevelsUp; level > 0; level--) owner = requireRoot(owner.parent);
  const entry = required(
    owner.ctePlans.find((item) => item.cte.name === rte.cteName),
    `plan of CTE "${rte.cteName}"`,
  );
  return { planId: entry.planId, param: entry.param, subroot: root.global.subplans[entry.planId - 1]?.root ?? null };
}

/** The recursive query whose work table a self-reference reads. */
export function recursiveOwner(root: PlannerInfo, rte: CteRte): PlannerInfo {
  let owner = root;
  for (let level = rte.cteLevelsUp - 1; level > 0; level--) owner = requireRoot(owner.parent);
  return owner;
}

/** A relation proven empty. */
export function setDummy(rel: RelOptInfo): void {
  rel.isDummy = true;
  rel.rows = 0;
  rel.paths = [];
  addPath(rel, {
    kind: 'Append',
    rel,
    target: rel.target,
    param: null,
    rows: 0,
    startupCost: 0,
    totalCost: 0,
    pathKeys: [],
    children: [],
  });
  setCheapest(rel);
}

/** Offers all scan paths of a base relation. */
export function setBasePaths(root: PlannerInfo, rel: RelOptInfo): void {
  const { rte } = rel;
  if (rel.isDummy || rte === null) return;
  const param = lateralParameter(root, rel);
  switch (rte.kind) {
    case 'relation':
      if (rel.members.length > 0) addAppendPaths(root, rel);
      else addRelationPaths(root, rel, rte, param);
      break;
    case 'function':
      addPath(rel, functionPath(root, rel, rte, param));
      break;
    case 'values': {
      const cost = simpleScanCost(root, rel, 0, root.global.settings.cpuOperatorCost, rel.rows, rel.baseRestrictions);
      addPath(rel, scanPath(rel, 'ValuesScan', param, cost));
      break;
    }
    case 'cte': {
      const kind = rte.selfReference ? 'WorkTableScan' : 'CteScan';
      const cost = simpleScanCost(root, rel, 0, root.global.settings.cpuTupleCost, rel.rows, rel.baseRestrictions);
      addPath(rel, scanPath(rel, kind, param, cost));
      break;
    }
    case 'namedTuplestore': {
      const cost = simpleScanCost(root, rel, 0, root.global.settings.cpuTupleCost, rel.rows, rel.baseRestrictions);
      addPath(rel, scanPath(rel, 'NamedTuplestoreScan', param, cost));
      break;
    }
    case 'result': {
      const cost = simpleScanCost(root, rel, 0, 0, rel.rows, rel.baseRestrictions);
      addPath(rel, scanPath(rel, 'Result', param, cost));
      break;
    }
    case 'subquery':
    case 'join':
      break;
  }
  setCheapest(rel);
}

/** The parameterization that lateral references force on every path of a relation. */
export function lateralParameter(root: PlannerInfo, rel: RelOptInfo): ParamPathInfo | null {
  return rel.lateralRelids === noRelids ? null : parameterInfo(root, rel, rel.lateralRelids);
}

function scanPath(
  rel: RelOptInfo,
  kind: ScanPath['kind'],
  param: ParamPathInfo | null,
  cost: { startup: number; total: number },
): ScanPath {
  const rows = param?.rows ?? rel.rows;
  return { kind, rel, target: rel.target, param, rows, startupCost: cost.startup, totalCost: cost.total, pathKeys: [] };
}

function addRelationPaths(root: PlannerInfo, rel: RelOptInfo, rte: RelationRte, param: ParamPathInfo | null): void {
  if (rte.tableSample !== null) {
    const cost = sampleScanCost(root, rel, rte.tableSample.method === 'system', rel.baseRestrictions);
    let path: Path = scanPath(rel, 'SampleScan', param, cost);
    // A sample that isn't REPEATABLE must not change between rescans.
    if (rte.tableSample.repeatable === null && (root.parent !== null || root.rangeTable.length > 1)) {
      if (requiredOuter(path) === noRelids && root.allBaseRels !== rel.relids) path = materialPath(root, path);
    }
    addPath(rel, path);
    return;
  }
  addPath(rel, scanPath(rel, 'SeqScan', param, seqScanCost(root, rel, parameterClauses(rel, param))));
  addIndexPaths(root, rel);
  addTidPaths(root, rel);
}

/** Conditions that a scan with this parameterization checks. */
export function parameterClauses(rel: RelOptInfo, param: ParamPathInfo | null): RelOptInfo['baseRestrictions'] {
  return param === null ? rel.baseRestrictions : [...rel.baseRestrictions, ...param.clauses];
}

function functionPath(root: PlannerInfo, rel: RelOptInfo, rte: FunctionRte, param: ParamPathInfo | null): ScanPath {
  let startup = 0;
  for (const item of rte.functions) {
    const cost = expressionCost(root, item.expr);
    startup += cost.startup + cost.perTuple;
  }
  const cost = simpleScanCost(root, rel, startup, 0, rel.rows, parameterClauses(rel, param));
  return scanPath(rel, 'FunctionScan', param, cost);
}

/** Does any entry return sets in its expression? Such relations can't be scanned in parallel with themselves. */
export function hasSetReturning(list: readonly Expression[]): boolean {
  return list.some(containsSetReturning);
}

/** Relations that a path depends on. */
export function pathOuter(path: Path): Relids {
  return requiredOuter(path);
}
