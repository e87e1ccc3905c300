// Costs of nested loops and hash joins.
import type { Path } from '../path.js';
import { requiredOuter } from '../path.js';
import type { PlannerInfo, RestrictInfo } from '../planner-info.js';
import { isSubset, overlaps } from '../relids.js';
import { disableCost } from '../settings.js';
import type { JoinSetup } from '../joins/join-paths.js';
import { listSelectivity } from '../selectivity/clauses.js';
import { clampRows, distinctValues, examineVariable } from '../selectivity/variable.js';
import type { Expression } from '../../trees/expression.js';
import { type Cost, relationBytes } from './costs.js';
import { restrictionCost } from './expression-cost.js';

/** Cost of scanning a path again after the first time. */
export function rescanCost(root: PlannerInfo, path: Path): Cost {
  const { settings } = root.global;
  switch (path.kind) {
    case 'FunctionScan':
      return { startup: 0, total: path.totalCost - path.startupCost };
    case 'HashJoin':
      // A single batch keeps its hash table.
      if (relationBytes(path.inner.rows, path.inner.target.width) <= settings.hashMemBytes) {
        return { startup: 0, total: path.totalCost - path.startupCost };
      }
      return { startup: path.startupCost, total: path.totalCost };
    case 'CteScan':
    case 'NamedTuplestoreScan':
    case 'WorkTableScan': {
      let run = settings.cpuTupleCost * path.rows;
      const bytes = relationBytes(path.rows, path.target.width);
      if (bytes > settings.workMemBytes) run += settings.seqPageCost * Math.ceil(bytes / 8192);
      return { startup: 0, total: run };
    }
    case 'Material':
    case 'Sort': {
      let run = settings.cpuOperatorCost * path.rows;
      const bytes = relationBytes(path.rows, path.target.width);
      if (bytes > settings.workMemBytes) run += settings.seqPageCost * Math.ceil(bytes / 8192);
      return { startup: 0, total: run };
    }
    case 'Memoize':
      return path.rescan;
    default:
      return { startup: path.startupCost, total: path.totalCost };
  }
}

/** Nested loop: the inner side runs for each outer row. */
export function nestLoopCost(
  root: PlannerInfo,
  setup: JoinSetup,
  outer: Path,
  inner: Path,
  restrictions: readonly RestrictInfo[],
  rows: number,
): Cost {
  const { settings } = root.global;
  const again = rescanCost(root, inner);
  const outerRows = Math.max(1, outer.rows);
  const innerRows = Math.max(1, inner.rows);
  let startup = outer.startupCost + inner.startupCost;
  let run = outer.totalCost - outer.startupCost;
  if (outerRows > 1) run += (outerRows - 1) * again.startup;
  const innerRun = inner.totalCost - inner.startupCost;
  const innerRerun = again.total - again.startup;
  let tuples: number;
  const { semi } = setup;
  if (semi !== null && (setup.joinType === 'semi' || setup.joinType === 'anti' || setup.innerUnique)) {
    const matched = roundRows(outerRows * semi.outerMatchFraction);
    let unmatched = outerRows - matched;
    const share = 2 / (semi.matchCount + 1);
    tuples = matched * innerRows * share;
    if (hasIndexedQuals(setup, outer, inner)) {
      // Without a match the index finds nothing at once.
      run += innerRun * share;
      if (matched > 1) run += (matched - 1) * innerRerun * share;
      run += (unmatched * innerRerun) / innerRows;
    } else {
      run += innerRun;
      let scans = matched;
      if (unmatched >= 1) unmatched -= 1;
      else if (scans >= 1) scans -= 1;
      if (scans > 0) run += scans * innerRerun * share;
      if (unmatched > 0) run += unmatched * innerRerun;
      tuples += (outerRows - matched) * innerRows;
    }
  } else {
    run += innerRun;
    if (outerRows > 1) run += (outerRows - 1) * innerRerun;
    tuples = outerRows * innerRows;
  }
  if (!settings.enable.nestloop) startup += disableCost;
  const qual = restrictionCost(root, restrictions);
  startup += qual.startup;
  run += (settings.cpuTupleCost + qual.perTuple) * tuples;
  startup += setup.joined.target.startupCost;
  run += setup.joined.target.perTupleCost * rows;
  return { startup, total: startup + run };
}

function roundRows(value: number): number {
  return Math.round(value);
}

/** Are all join conditions checked by the inner side's index? */
function hasIndexedQuals(setup: JoinSetup, outer: Path, inner: Path): boolean {
  if (inner.param === null || !overlaps(requiredOuter(inner), outer.rel.relids)) return false;
  let scan: Path = inner;
  while (scan.kind === 'Memoize') scan = scan.subpath;
  const indexed: RestrictInfo[] = [];
  if (scan.kind === 'IndexScan' || scan.kind === 'IndexOnlyScan')
    indexed.push(...scan.quals.map((qual) => qual.source));
  else if (scan.kind === 'BitmapHeapScan' && 'quals' in scan.bitmap)
    indexed.push(...scan.bitmap.quals.map((qual) => qual.source));
  else return false;
  let found = false;
  for (const info of inner.param.clauses) {
    if (!isSubset(info.clauseRelids, outer.rel.relids | inner.rel.relids)) continue;
    if (!indexed.includes(info)) return false;
    found = true;
  }
  return found && setup.restrictions.length > 0;
}

export interface HashTableSize {
  readonly buckets: number;
  readonly batches: number;
}

/** Buckets and batches that a hash table of these rows needs. */
export function hashTableSize(root: PlannerInfo, rows: number, width: number): HashTableSize {
  const tuples = rows <= 0 ? 1000 : rows;
  const tupleBytes = 16 + Math.ceil((width + 16) / 8) * 8;
  const bytes = tuples * tupleBytes;
  const limit = root.global.settings.hashMemBytes;
  const maxPointers = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(limit / 8, 2 ** 27))));
  let buckets = 2 ** Math.ceil(Math.log2(Math.max(1, Math.min(tuples, maxPointers))));
  buckets = Math.max(buckets, 1024);
  let batches = 1;
  if (bytes + buckets * 8 > limit) {
    const perBatch = limit / (tupleBytes + 8);
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, perBatch)));
    buckets = Math.min(wanted, maxPointers);
    const pointerBytes = buckets * 8;
    batches = 2 ** Math.ceil(Math.log2(Math.max(2, Math.ceil(bytes / Math.max(1, limit - pointerBytes)))));
  }
  return { buckets, batches };
}

/** Hash join: the inner side is loaded into a hash table. */
export function hashJoinCost(
  root: PlannerInfo,
  setup: JoinSetup,
  outer: Path,
  inner: Path,
  hashClauses: readonly RestrictInfo[],
  rows: number,
): Cost {
  const { settings } = root.global;
  const outerRows = outer.rows;
  const innerRows = inner.rows;
  let startup = outer.startupCost + inner.totalCost;
  let run = outer.totalCost - outer.startupCost;
  startup += (settings.cpuOperatorCost * hashClauses.length + settings.cpuTupleCost) * innerRows;
  run += settings.cpuOperatorCost * hashClauses.length * outerRows;
  const size = hashTableSize(root, innerRows, inner.target.width);
  if (size.batches > 1) {
    const outerPages = Math.ceil(relationBytes(outerRows, outer.target.width) / 8192);
    const innerPages = Math.ceil(relationBytes(innerRows, inner.target.width) / 8192);
    startup += settings.seqPageCost * innerPages;
    run += settings.seqPageCost * (innerPages + 2 * outerPages);
  }
  if (!settings.enable.hashjoin) startup += disableCost;
  const buckets = size.buckets * size.batches;
  let bucketFraction = 1;
  let mostCommon = 1;
  if (setup.unique === 'inner') {
    bucketFraction = 1 / buckets;
    mostCommon = 0;
  } else {
    for (const info of hashClauses) {
      const stats = sideBuckets(root, info, isSubset(info.rightRelids, inner.rel.relids), buckets);
      bucketFraction = Math.min(bucketFraction, stats.fraction);
      mostCommon = Math.min(mostCommon, stats.mostCommon);
    }
  }
  if (relationBytes(clampRows(innerRows * mostCommon), inner.target.width) > settings.hashMemBytes)
    startup += disableCost;
  const hashQual = restrictionCost(root, hashClauses);
  const allQual = restrictionCost(root, setup.restrictions);
  let tuples: number;
  const { semi } = setup;
  if (semi !== null && (setup.joinType === 'semi' || setup.joinType === 'anti' || setup.innerUnique)) {
    const matched = Math.round(outerRows * semi.outerMatchFraction);
    const share = 2 / (semi.matchCount + 1);
    startup += hashQual.startup;
    run += hashQual.perTuple * matched * clampRows(innerRows * bucketFraction * share) * 0.5;
    const virtualBucket = clampRows(innerRows / buckets);
    run += hashQual.perTuple * (outerRows - matched) * virtualBucket * 0.05;
    tuples = setup.joinType === 'anti' ? outerRows - matched : matched;
  } else {
    startup += hashQual.startup;
    run += hashQual.perTuple * outerRows * clampRows(innerRows * bucketFraction) * 0.5;
    tuples = joinTuples(root, setup, outer, inner, hashClauses);
  }
  const rest = { startup: allQual.startup - hashQual.startup, perTuple: allQual.perTuple - hashQual.perTuple };
  startup += rest.startup;
  run += (settings.cpuTupleCost + rest.perTuple) * tuples;
  startup += setup.joined.target.startupCost;
  run += setup.joined.target.perTupleCost * rows;
  return { startup, total: startup + run };
}

/** Rows that pass the given equalities alone. */
export function joinTuples(
  root: PlannerInfo,
  setup: JoinSetup,
  outer: Path,
  inner: Path,
  clauses: readonly RestrictInfo[],
): number {
  let selectivity = 1;
  for (const info of clauses) {
    selectivity *=
      info.selectivity >= 0
        ? info.selectivity
        : listSelectivity(root, [info], { varRelid: 0, join: { ...setup.special, joinType: 'inner' } });
  }
  return clampRows(selectivity * outer.rows * inner.rows);
}

/** The same for a side of a condition, remembered from the first join that asks, as PostgreSQL does. */
function sideBuckets(
  root: PlannerInfo,
  info: RestrictInfo,
  isRight: boolean,
  buckets: number,
): { readonly fraction: number; readonly mostCommon: number } {
  const known = isRight ? info.rightBucketSize : info.leftBucketSize;
  if (known >= 0) return { fraction: known, mostCommon: isRight ? info.rightMcvFrequency : info.leftMcvFrequency };
  const expr = (info.clause as { args: readonly Expression[] }).args[isRight ? 1 : 0] as Expression;
  const stats = bucketStatistics(root, expr, buckets);
  if (isRight) {
    info.rightBucketSize = stats.fraction;
    info.rightMcvFrequency = stats.mostCommon;
  } else {
    info.leftBucketSize = stats.fraction;
    info.leftMcvFrequency = stats.mostCommon;
  }
  return stats;
}

function bucketStatistics(
  root: PlannerInfo,
  expr: Expression,
  buckets: number,
): { fraction: number; mostCommon: number } {
  const data = examineVariable(root, expr, 0);
  const mostCommon = data.statistics?.mostCommonFrequencies[0] ?? 0;
  const { count, isDefault } = distinctValues(data);
  if (isDefault) return { fraction: Math.max(0.1, mostCommon), mostCommon };
  const nulls = data.statistics?.nullFraction ?? 0;
  const average = (1 - nulls) / count;
  let distinct = count;
  if (data.rel !== null && data.rel.tuples > 0) distinct = clampRows(distinct * (data.rel.rows / data.rel.tuples));
  let fraction = distinct > buckets ? 1 / buckets : 1 / distinct;
  if (average > 0 && mostCommon > average) fraction *= mostCommon / average;
  return { fraction: Math.min(1, Math.max(1e-6, fraction)), mostCommon };
}
