// Index scans of one index for a set of usable conditions: plain ones, ordered ones in both directions, index-only ones.
import { ecForExpression } from '../../equivalence.js';
import type { Expression } from '../../../trees/expression.js';
import { pullVars } from '../../expressions/facts.js';
import { equalTrees } from '../../expressions/equal.js';
import type { IndexClause, IndexPath, ParamPathInfo, PathKey } from '../../path.js';
import type { IndexOptInfo, PlannerInfo, RelOptInfo } from '../../planner-info.js';
import type { Relids } from '../../relids.js';
import { noRelids, relidMembers } from '../../relids.js';
import { appendKey, canonicalPathKey, isRedundant, usefulKeys } from '../pathkeys.js';
import { parameterInfo } from '../parameters.js';
import { indexCost } from './cost.js';
import { someExpression } from '../../expressions/walk.js';
import { collationOf } from '../../expressions/typing.js';

/** Paths over an index; without conditions only where its order (or its predicate, or index-only access) is useful. */
export function indexPathsFor(
  root: PlannerInfo,
  rel: RelOptInfo,
  info: IndexOptInfo,
  clauses: readonly IndexClause[],
  outer: Relids,
): IndexPath[] {
  const quals = [...clauses].sort((left, right) => left.column - right.column);
  const hasArray = quals.some((clause) => clause.column > 0 && clause.quals.some((qual) => qual.strategy === 'any'));
  const forward = info.canOrder && !hasArray ? usefulKeys(root, rel, indexPathKeys(root, info, false)) : [];
  const indexOnly = canReturnAll(root, rel, info);
  const result: IndexPath[] = [];
  if (quals.length > 0 || forward.length > 0 || (info.predicate.length > 0 && info.predicateOk) || indexOnly) {
    result.push(makePath(root, rel, info, quals, forward, false, indexOnly, outer));
  }
  if (info.canOrder && !hasArray) {
    const backward = usefulKeys(root, rel, indexPathKeys(root, info, true));
    if (backward.length > 0) result.push(makePath(root, rel, info, quals, backward, true, indexOnly, outer));
  }
  return result;
}

/** The order of an index's entries, as far as equivalence classes for it exist. */
export function indexPathKeys(root: PlannerInfo, info: IndexOptInfo, backward: boolean): PathKey[] {
  const keys: PathKey[] = [];
  const { catalog } = root.global;
  for (let column = 0; column < info.keyCount; column++) {
    const key = info.index.keys[column];
    const expr = info.columns[column];
    if (key === undefined || expr === undefined) break;
    const opclass = catalog.opclass(key.opclass);
    const type = opclass?.inputType ?? key.type;
    const equality = catalog.familyOperator(key.opfamily, type, type, 3);
    const families = catalog
      .operatorFamilies(equality)
      .filter((member) => member.accessMethod === 'btree' && member.strategy === 3)
      .map((member) => member.family);
    const ec = ecForExpression(
      root,
      expr,
      families,
      type,
      key.collation || collationOf(expr),
      0,
      false,
      childRelids(info.rel),
    );
    const descending = backward ? !key.descending : key.descending;
    const nullsFirst = backward ? !key.nullsFirst : key.nullsFirst;
    if (ec === null) {
      // A boolean column fixed by a condition orders nothing; anything else unknown ends the useful order.
      if (type === 16 && isFixedBoolean(info, expr)) continue;
      break;
    }
    const pathKey = canonicalPathKey(root, ec, key.opfamily, descending, nullsFirst);
    if (!isRedundant(pathKey, keys)) appendKey(keys, pathKey);
  }
  return keys;
}

function childRelids(rel: RelOptInfo): Relids {
  return rel.kind === 'member' ? rel.relids : noRelids;
}

function isFixedBoolean(info: IndexOptInfo, expr: Expression): boolean {
  return info.rel.baseRestrictions.some(({ clause }) => {
    if (equalTrees(clause, expr)) return true;
    return clause.kind === 'BoolExpr' && clause.op === 'not' && equalTrees(clause.args[0], expr);
  });
}

function canReturnAll(root: PlannerInfo, rel: RelOptInfo, info: IndexOptInfo): boolean {
  if (!root.global.settings.enable.indexonlyscan || !info.canReturn.some((item) => item)) return false;
  const available = (expr: Expression): boolean =>
    info.columns.some(
      (column, index) =>
        info.canReturn[index] === true && column.kind === 'Var' && expr.kind === 'Var' && column.attno === expr.attno,
    );
  const needed: Expression[] = [];
  for (const expr of rel.target.exprs) needed.push(...pullVars(expr));
  for (const item of rel.baseRestrictions) {
    if (info.predicate.some((predicate) => equalTrees(predicate, item.clause))) continue;
    needed.push(...pullVars(item.clause));
  }
  if (rel.joinClauses.length > 0) for (const attno of rel.attributeNeeded.keys()) if (attno <= 0) return false;
  return (
    needed.every((expr) => expr.kind !== 'Var' || expr.varno !== rel.rtIndex || available(expr)) &&
    !hasWholeRow(rel, needed)
  );
}

function hasWholeRow(rel: RelOptInfo, list: readonly Expression[]): boolean {
  return list.some((item) =>
    someExpression(item, (node) => node.kind === 'Var' && node.varno === rel.rtIndex && node.attno <= 0),
  );
}

function makePath(
  root: PlannerInfo,
  rel: RelOptInfo,
  info: IndexOptInfo,
  quals: readonly IndexClause[],
  pathKeys: readonly PathKey[],
  backward: boolean,
  indexOnly: boolean,
  outer: Relids,
): IndexPath {
  const needed = outer | rel.lateralRelids;
  const param: ParamPathInfo | null = needed === noRelids ? null : parameterInfo(root, rel, needed);
  const rows = param?.rows ?? rel.rows;
  const filters = param === null ? rel.baseRestrictions : [...rel.baseRestrictions, ...param.clauses];
  const loops = param === null ? 1 : loopCount(root, rel, outer);
  const cost = indexCost(root, info, quals, indexOnly, loops, rows, filters);
  return {
    kind: indexOnly ? 'IndexOnlyScan' : 'IndexScan',
    rel,
    target: rel.target,
    param,
    rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys,
    index: info,
    quals,
    backward,
    indexTotalCost: cost.indexTotal,
    indexSelectivity: cost.selectivity,
  };
}

/** How often a parameterized scan is likely to be repeated: the rows of the smallest relation that supplies values. */
export function loopCount(root: PlannerInfo, rel: RelOptInfo, outer: Relids): number {
  let result = 0;
  for (const relid of relidMembers(outer)) {
    const other = root.rels[relid];
    if (other === undefined || other === rel || other.kind !== 'base' || other.rows <= 0) continue;
    let rows = other.rows;
    for (const special of root.joinInfos) {
      // The right side of a semijoin may be made unique before it drives the scan.
      if (
        special.joinType === 'semi' &&
        (special.syntacticRight & other.relids) !== noRelids &&
        (special.syntacticLeft & rel.relids) !== noRelids
      ) {
        rows = Math.max(1, Math.min(rows, rows));
      }
    }
    result = result === 0 ? rows : Math.min(result, rows);
  }
  return Math.max(1, result);
}
