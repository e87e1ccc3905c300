// Cost of index scans by PostgreSQL's model: descent, entries visited, table pages (by correlation of index and table
// order), evaluation of the remaining conditions.
import type { Expression } from '../../../trees/expression.js';
import { estimateArrayLength, expressionCost, restrictionCost } from '../../costs/expression-cost.js';
import { disableCost } from '../../settings.js';
import type { IndexClause } from '../../path.js';
import type { IndexOptInfo, PlannerInfo, RestrictInfo } from '../../planner-info.js';
import { listSelectivity } from '../../selectivity/clauses.js';
import { clampRows } from '../../selectivity/variable.js';

export interface IndexCost {
  readonly startup: number;
  readonly total: number;
  /** Cost of the index alone, for bitmap scans. */
  readonly indexTotal: number;
  readonly selectivity: number;
}

/** Pages that `tuples` random fetches read, given the cache (Mackert and Lohman). */
export function pagesFetched(root: PlannerInfo, tuples: number, pages: number, indexPages: number): number {
  const table = Math.max(1, pages);
  const total = Math.max(1, root.totalTablePages + indexPages, table);
  const cache = Math.max(1, Math.ceil((root.global.settings.effectiveCacheSize * table) / total));
  if (table <= cache) return Math.ceil(Math.min(table, (2 * table * tuples) / (2 * table + tuples)));
  const limit = (2 * table * cache) / (2 * table - cache);
  if (tuples <= limit) return Math.ceil((2 * table * tuples) / (2 * table + tuples));
  return Math.ceil(cache + ((tuples - limit) * (table - cache)) / table);
}

/** Conditions that narrow the range of entries visited: equalities on leading columns and the first other one. */
function boundaryClauses(
  info: IndexOptInfo,
  quals: readonly IndexClause[],
): { list: IndexClause[]; allEqual: boolean; scans: number } {
  const list: IndexClause[] = [];
  let scans = 1;
  let column = 0;
  let allEqual = true;
  for (; column < info.keyCount; column++) {
    const own = quals.filter((item) => item.column === column);
    if (own.length === 0) break;
    list.push(...own);
    let hasEqual = false;
    for (const clause of own) {
      for (const qual of clause.quals) {
        if (qual.strategy === '=' || qual.strategy === 'isNull') hasEqual = true;
        if (qual.strategy === 'isNull') allEqual = false;
        if (qual.strategy === 'any' && qual.value !== null) {
          hasEqual = true;
          const length = estimateArrayLength(qual.value);
          if (length > 1) scans *= length;
        }
      }
    }
    if (!hasEqual) {
      allEqual = false;
      break;
    }
  }
  return { list, allEqual: allEqual && column === info.keyCount, scans };
}

/** Cost of an index scan repeated `loops` times. */
export function indexCost(
  root: PlannerInfo,
  info: IndexOptInfo,
  quals: readonly IndexClause[],
  indexOnly: boolean,
  loops: number,
  rows: number,
  filters: readonly RestrictInfo[],
): IndexCost {
  const { settings } = root.global;
  const { rel } = info;
  const context = { varRelid: rel.rtIndex, join: null };
  const sources = quals.map((item) => item.source);
  const partial: readonly Expression[] = info.predicate;
  const selectivityOf = (list: readonly RestrictInfo[]): number =>
    listSelectivity(
      root,
      [...partial.filter((item) => !list.some((source) => source.clause === item)), ...list],
      context,
    );
  const selectivity = quals.length === 0 && partial.length === 0 ? 1 : selectivityOf(sources);
  const boundary = boundaryClauses(info, quals);
  let entries: number;
  let scans = Math.max(1, boundary.scans);
  if (info.index.isUnique && boundary.allEqual && info.keyCount > 0 && !info.isHash) entries = 1;
  else {
    const bound = selectivityOf(boundary.list.map((item) => item.source));
    entries = Math.round((bound * rel.tuples) / scans);
    scans = Math.min(scans, Math.max(1, Math.ceil(info.pages * 0.3333333)));
  }
  entries = Math.max(1, Math.min(entries, info.tuples));
  const leafPages = info.pages > 1 && info.tuples > 1 ? Math.ceil((entries * info.pages) / info.tuples) : 1;
  let indexTotal: number;
  const outerScans = loops > 1 ? loops : 1;
  const totalScans = scans * outerScans;
  if (totalScans > 1) {
    const fetched = pagesFetched(root, leafPages * totalScans, info.pages, info.pages);
    indexTotal = (fetched * settings.randomPageCost) / outerScans;
  } else indexTotal = leafPages * settings.randomPageCost;
  const argCost = argumentCost(root, quals);
  const qualCount = quals.reduce((sum, clause) => sum + clause.quals.length, 0);
  let indexStartup = argCost;
  indexTotal += argCost + entries * scans * (settings.cpuIndexTupleCost + qualCount * settings.cpuOperatorCost);
  if (info.canOrder) {
    if (info.tuples > 1) {
      const descent = Math.ceil(Math.log2(info.tuples)) * settings.cpuOperatorCost;
      indexStartup += descent;
      indexTotal += scans * descent;
    }
    const pageDescent = (info.treeHeight + 1) * 50 * settings.cpuOperatorCost;
    indexStartup += pageDescent;
    indexTotal += scans * pageDescent;
  }
  const heap = heapCost(root, info, selectivity, indexOnly, loops);
  const qpquals = filters.filter((item) => !quals.some((clause) => !clause.lossy && clause.source === item));
  const qual = restrictionCost(root, qpquals);
  const startup =
    (settings.enable.indexscan && (!indexOnly || settings.enable.indexonlyscan) ? 0 : disableCost) +
    indexStartup +
    qual.startup;
  const fetchedRows = clampRows(selectivity * rel.tuples);
  const run = indexTotal - indexStartup + heap + (settings.cpuTupleCost + qual.perTuple) * fetchedRows;
  const target = rel.target;
  return {
    startup: startup + target.startupCost,
    total: startup + run + target.startupCost + target.perTupleCost * rows,
    indexTotal,
    selectivity,
  };
}

/** Cost of computing the values that the index is searched for. */
function argumentCost(root: PlannerInfo, quals: readonly IndexClause[]): number {
  let total = 0;
  for (const clause of quals) {
    for (const qual of clause.quals) {
      if (qual.value === null) continue;
      const cost = expressionCost(root, qual.value);
      total += cost.startup + cost.perTuple;
    }
  }
  return total;
}

function heapCost(
  root: PlannerInfo,
  info: IndexOptInfo,
  selectivity: number,
  indexOnly: boolean,
  loops: number,
): number {
  const { settings } = root.global;
  const { rel } = info;
  const tuples = clampRows(selectivity * rel.tuples);
  const correlation = indexCorrelation(root, info);
  // After ANALYZE or VACUUM all pages count as visible to everyone.
  const unseen = indexOnly && (rel.relation?.rowEstimate ?? -1) >= 0 ? 0 : 1;
  let worst: number;
  let best: number;
  if (loops > 1) {
    worst = (pagesFetched(root, tuples * loops, rel.pages, info.pages) * unseen * settings.randomPageCost) / loops;
    const pages = Math.ceil(selectivity * rel.pages);
    best = (pagesFetched(root, pages * loops, rel.pages, info.pages) * unseen * settings.randomPageCost) / loops;
  } else {
    worst = Math.ceil(pagesFetched(root, tuples, rel.pages, info.pages) * unseen) * settings.randomPageCost;
    const pages = Math.ceil(Math.ceil(selectivity * rel.pages) * unseen);
    best = pages > 0 ? settings.randomPageCost + (pages - 1) * settings.seqPageCost : 0;
  }
  const squared = correlation * correlation;
  return worst + squared * (best - worst);
}

function indexCorrelation(root: PlannerInfo, info: IndexOptInfo): number {
  if (!info.canOrder) return 0;
  const [first] = info.index.keys;
  if (first === undefined) return 0;
  const statistics =
    first.attribute > 0
      ? root.global.catalog.statistics(info.index.table, first.attribute)
      : root.global.catalog.statistics(info.index.oid, 1);
  if (statistics === null) return 0;
  const value = first.descending ? -statistics.correlation : statistics.correlation;
  return info.keyCount > 1 ? value * 0.75 : value;
}
