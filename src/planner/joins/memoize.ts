// Memoize: a cache of inner results, keyed by the parameters of a nested loop. It pays where outer rows repeat the same
// parameter values.
import type { Expression } from '../../trees/expression.js';
import { containsVolatile } from '../expressions/facts.js';
import { isMember } from '../expressions/equal.js';
import { typeOf } from '../expressions/typing.js';
import type { MemoizePath, Path } from '../path.js';
import { requiredOuter } from '../path.js';
import type { PlannerInfo } from '../planner-info.js';
import { isSubset, overlaps } from '../relids.js';
import { relationBytes } from '../costs/costs.js';
import { estimateGroups, guessesGroups } from '../selectivity/groups.js';
import { clampRows } from '../selectivity/variable.js';
import type { JoinSetup } from './join-paths.js';

/** The inner path behind a cache; null where caching is impossible or pointless. */
export function memoizePath(root: PlannerInfo, setup: JoinSetup, outer: Path, inner: Path): MemoizePath | null {
  const { settings, catalog } = root.global;
  if (!settings.enable.memoize || outer.rows < 2 || inner.param === null) return null;
  if (!overlaps(requiredOuter(inner), outer.rel.relids) || setup.unique === 'inner') return null;
  if (inner.rel.target.exprs.some((expr) => containsVolatile(expr, catalog))) return null;
  if (inner.rel.baseRestrictions.some((info) => info.hasVolatile)) return null;
  // A semijoin stops at the first match: an unfinished entry can't be cached, unless there is at most one.
  if ((setup.joinType === 'semi' || setup.joinType === 'anti') && !setup.innerUnique) return null;
  if (setup.innerUnique && inner.param.clauses.length < setup.restrictions.length) return null;
  const keys = cacheKeys(root, outer, inner);
  if (keys === null) return null;
  const calls = Math.max(1, outer.rows);
  // A guess is no ground to expect repeated values.
  const distinct = guessesGroups(root, keys.exprs) ? calls : Math.min(estimateGroups(root, keys.exprs, calls), calls);
  const entryBytes = relationBytes(inner.rows, inner.target.width) + 100;
  const entries = Math.max(1, Math.floor(settings.hashMemBytes / entryBytes));
  const evicted = 1 - Math.min(entries, distinct) / distinct;
  const hits = Math.max(0, ((calls - distinct) / calls) * (entries / Math.max(distinct, entries)));
  const missCost = inner.totalCost * (1 - hits) + settings.cpuOperatorCost;
  const rescanTotal =
    missCost +
    settings.cpuTupleCost * evicted +
    settings.cpuOperatorCost * evicted * inner.rows +
    settings.cpuTupleCost +
    settings.cpuOperatorCost * inner.rows;
  return {
    kind: 'Memoize',
    rel: inner.rel,
    target: inner.target,
    param: inner.param,
    rows: inner.rows,
    startupCost: inner.startupCost + settings.cpuTupleCost,
    totalCost: inner.totalCost + settings.cpuTupleCost,
    pathKeys: inner.pathKeys,
    subpath: inner,
    keys: keys.exprs,
    hashOperators: keys.operators,
    singleRow: setup.innerUnique,
    binaryMode: keys.isBinary,
    rescan: { startup: inner.startupCost * (1 - hits), total: rescanTotal },
    calls: clampRows(calls),
  };
}

interface CacheKeys {
  readonly exprs: Expression[];
  readonly operators: number[];
  readonly isBinary: boolean;
}

/** The outer side's expressions in the inner path's conditions; null where one can't be hashed. */
function cacheKeys(root: PlannerInfo, outer: Path, inner: Path): CacheKeys | null {
  const exprs: Expression[] = [];
  const operators: number[] = [];
  let isBinary = false;
  for (const info of inner.param?.clauses ?? []) {
    const { clause } = info;
    if (clause.kind !== 'OpExpr' || clause.args.length !== 2) return null;
    const [left, right] = clause.args as [Expression, Expression];
    const leftIsOuter = isSubset(info.leftRelids, outer.rel.relids) && isSubset(info.rightRelids, inner.rel.relids);
    const rightIsOuter = isSubset(info.rightRelids, outer.rel.relids) && isSubset(info.leftRelids, inner.rel.relids);
    if (!leftIsOuter && !rightIsOuter) return null;
    const expr = leftIsOuter ? left : right;
    const operator = hashEquality(root, typeOf(expr));
    if (operator === 0) return null;
    // Unless the condition is equality itself, values that compare equal may still give different rows.
    if (info.hashOperator === 0) isBinary = true;
    if (isMember(expr, exprs)) continue;
    exprs.push(expr);
    operators.push(operator);
  }
  for (const expr of inner.rel.lateralVars) {
    const operator = hashEquality(root, typeOf(expr));
    if (operator === 0) return null;
    isBinary = true;
    if (isMember(expr, exprs)) continue;
    exprs.push(expr);
    operators.push(operator);
  }
  return exprs.length === 0 ? null : { exprs, operators, isBinary };
}

function hashEquality(root: PlannerInfo, type: number): number {
  const { catalog } = root.global;
  const opclass = catalog.defaultOpclass(type, 'hash');
  if (opclass === null) return 0;
  return catalog.familyOperator(opclass.family, opclass.inputType, opclass.inputType, 1);
}
