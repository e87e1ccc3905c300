// PostgreSQL's cost model for scans, sorting, materializing and aggregation (manual, section 19.7.2). Units: the cost of
// reading one page in sequence.
import type { Expression } from '../../trees/expression.js';
import type { PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo } from '../planner-info.js';
import type { PlannerSettings } from '../settings.js';
import { disableCost } from '../settings.js';
import { clampRows } from '../selectivity/variable.js';
import { restrictionCost, qualCost } from './expression-cost.js';

export interface Cost {
  readonly startup: number;
  readonly total: number;
}

/** Bytes of a row of `width` in a sort or hash, header included. */
export function relationBytes(rows: number, width: number): number {
  return rows * (Math.ceil(width / 8) * 8 + 24);
}

/** Pages that rows fill on disk. */
export function pageCount(rows: number, width: number): number {
  return Math.ceil(relationBytes(rows, width) / 8192);
}

/** Sequential scan of a table. */
export function seqScanCost(root: PlannerInfo, rel: RelOptInfo, clauses: readonly RestrictInfo[]): Cost {
  const { settings } = root.global;
  const qual = restrictionCost(root, clauses);
  const disabled = settings.enable.seqscan ? 0 : disableCost;
  const startup = disabled + qual.startup + rel.target.startupCost;
  const cpu = (settings.cpuTupleCost + qual.perTuple) * rel.tuples;
  return { startup, total: startup + cpu + settings.seqPageCost * rel.pages + rel.target.perTupleCost * rel.rows };
}

/** TABLESAMPLE: system reads whole pages at random, bernoulli all pages in sequence. */
export function sampleScanCost(
  root: PlannerInfo,
  rel: RelOptInfo,
  isSystem: boolean,
  clauses: readonly RestrictInfo[],
): Cost {
  const { settings } = root.global;
  const qual = restrictionCost(root, clauses);
  const startup = qual.startup + rel.target.startupCost;
  const pageCost = isSystem ? settings.randomPageCost : settings.seqPageCost;
  const cpu = (settings.cpuTupleCost + qual.perTuple) * rel.tuples;
  return { startup, total: startup + cpu + pageCost * rel.pages + rel.target.perTupleCost * rel.rows };
}

/** Function, VALUES, CTE and work table scans: `perRow` operator costs a row besides the conditions. */
export function simpleScanCost(
  root: PlannerInfo,
  rel: RelOptInfo,
  extraStartup: number,
  extraPerRow: number,
  rows: number,
  clauses: readonly RestrictInfo[],
): Cost {
  const { settings } = root.global;
  const qual = restrictionCost(root, clauses);
  const startup = extraStartup + qual.startup + rel.target.startupCost;
  const run = (settings.cpuTupleCost + extraPerRow + qual.perTuple) * rel.tuples + rel.target.perTupleCost * rows;
  return { startup, total: startup + run };
}

/** Sorting `rows` rows of `width` bytes; `limit` > 0: only that many are wanted. */
export function sortCost(
  settings: PlannerSettings,
  inputCost: number,
  rows: number,
  width: number,
  limit: number,
  comparisonCost = 0,
): Cost {
  const perComparison = comparisonCost + 2 * settings.cpuOperatorCost;
  const tuples = Math.max(rows, 2);
  const inputBytes = relationBytes(tuples, width);
  const limited = limit > 0 && limit < tuples;
  const outputTuples = limited ? limit : tuples;
  const outputBytes = limited ? relationBytes(outputTuples, width) : inputBytes;
  let startup = settings.enable.sort ? 0 : disableCost;
  if (outputBytes > settings.workMemBytes) {
    const pages = Math.ceil(inputBytes / 8192);
    const runs = inputBytes / settings.workMemBytes;
    const mergeOrder = Math.max(6, Math.min(500, Math.floor(settings.workMemBytes / (8192 + 8192 * 32)) || 6));
    startup += perComparison * tuples * Math.log2(tuples);
    const passes = runs > mergeOrder ? Math.ceil(Math.log(runs) / Math.log(mergeOrder)) : 1;
    startup += 2 * pages * passes * (settings.seqPageCost * 0.75 + settings.randomPageCost * 0.25);
  } else if (tuples > 2 * outputTuples || inputBytes > settings.workMemBytes) {
    startup += perComparison * tuples * Math.log2(2 * outputTuples);
  } else startup += perComparison * tuples * Math.log2(tuples);
  startup += inputCost;
  return { startup, total: startup + settings.cpuOperatorCost * tuples };
}

/** Incremental sort: groups of rows that agree on the presorted keys are sorted one by one. */
export function incrementalSortCost(
  settings: PlannerSettings,
  input: Cost,
  rows: number,
  groups: number,
  width: number,
  limit: number,
): Cost {
  const tuples = Math.max(rows, 2);
  const runCost = input.total - input.startup;
  const groupRows = tuples / groups;
  const groupInputRun = runCost / groups;
  const group = sortCost(settings, 0, groupRows, width, limit);
  const startup = group.startup + input.startup + groupInputRun;
  let run = group.total - group.startup + (group.total + groupInputRun) * (groups - 1);
  run += (settings.cpuTupleCost + 2 * settings.cpuOperatorCost) * tuples;
  run += 2 * settings.cpuTupleCost * groups;
  return { startup, total: startup + run };
}

/** Materialize: keeps its input's rows for rescans. */
export function materialCost(settings: PlannerSettings, input: Cost, rows: number, width: number): Cost {
  let run = input.total - input.startup + 2 * settings.cpuOperatorCost * rows;
  if (relationBytes(rows, width) > settings.workMemBytes)
    run += settings.seqPageCost * Math.ceil(relationBytes(rows, width) / 8192);
  const startup = input.startup + (settings.enable.material ? 0 : 0);
  return { startup, total: startup + run };
}

export interface AggregateCosts {
  readonly transitionStartup: number;
  readonly transitionPerTuple: number;
  readonly finalStartup: number;
  readonly finalPerTuple: number;
  /** Bytes of transition values beyond the row itself. */
  readonly transitionSpace: number;
  /** Transition states that each group keeps. */
  readonly transitionCount: number;
}

/** Aggregation of `inputRows` rows into `groups` groups. */
export function aggCost(
  root: PlannerInfo,
  strategy: 'plain' | 'sorted' | 'hashed' | 'mixed',
  costs: AggregateCosts,
  groupColumns: number,
  groups: number,
  quals: readonly Expression[],
  input: Cost,
  inputRows: number,
  inputWidth: number,
): Cost & { readonly rows: number } {
  const { settings } = root.global;
  let startup: number;
  let total: number;
  let rows = groups;
  if (strategy === 'plain') {
    startup = input.total + costs.transitionStartup + costs.transitionPerTuple * inputRows;
    startup += costs.finalStartup + costs.finalPerTuple;
    total = startup + settings.cpuTupleCost;
    rows = 1;
  } else if (strategy === 'sorted' || strategy === 'mixed') {
    startup = input.startup;
    total = input.total;
    if (strategy === 'mixed' && !settings.enable.hashagg) {
      startup += disableCost;
      total += disableCost;
    }
    total += costs.transitionStartup + costs.transitionPerTuple * inputRows;
    total += settings.cpuOperatorCost * groupColumns * inputRows;
    total += costs.finalStartup + costs.finalPerTuple * groups;
    total += settings.cpuTupleCost * groups;
  } else {
    startup = input.total + (settings.enable.hashagg ? 0 : disableCost);
    startup += costs.transitionStartup + costs.transitionPerTuple * inputRows;
    startup += settings.cpuOperatorCost * groupColumns * inputRows;
    startup += costs.finalStartup;
    total = startup + costs.finalPerTuple * groups + settings.cpuTupleCost * groups;
    const spill = hashAggSpillCost(settings, groups, inputRows, inputWidth, costs);
    startup += spill.startup;
    total += spill.total;
  }
  if (quals.length > 0) {
    const qual = qualCost(root, quals);
    startup += qual.startup;
    total += qual.startup + rows * qual.perTuple;
  }
  return { startup, total, rows };
}

/** Bytes of a hash table entry for one group. */
export function hashEntryBytes(
  width: number,
  costs: Pick<AggregateCosts, 'transitionSpace' | 'transitionCount'> | null,
): number {
  const chunk = 16;
  const entry = 24 + chunk + 16 + Math.ceil(width / 8) * 8;
  if (costs === null) return entry;
  const states = costs.transitionCount > 0 ? chunk + 16 * costs.transitionCount : 0;
  return entry + states + (costs.transitionSpace > 0 ? chunk + costs.transitionSpace : 0);
}

const spillBufferBytes = 8192;

/** Hash aggregation beyond memory: rows of later groups are written to partitions and read again, level by level. */
function hashAggSpillCost(
  settings: PlannerSettings,
  groups: number,
  inputRows: number,
  inputWidth: number,
  costs: AggregateCosts,
): Cost {
  const entry = hashEntryBytes(inputWidth, costs);
  const limit = settings.hashMemBytes;
  if (groups * entry <= limit) return { startup: 0, total: 0 };
  const partitionsMax = (limit * 0.25 - spillBufferBytes) / spillBufferBytes;
  const wanted = Math.max(4, Math.min(partitionsMax, 1 + (1.5 * groups * entry) / limit));
  const partitions = 2 ** Math.ceil(Math.log2(Math.trunc(Math.min(1024, wanted))));
  const buffers = spillBufferBytes * (1 + partitions);
  const usable = limit > 4 * buffers ? limit - buffers : limit * 0.75;
  const groupsInMemory = usable > entry ? usable / entry : 1;
  const batches = Math.max(1, Math.ceil(Math.max((groups * entry) / usable, groups / groupsInMemory)));
  const depth = Math.ceil(Math.log(batches) / Math.log(Math.max(partitions, 2)));
  // Twice the pages: partitions are written and read less evenly than sorted runs.
  const pages = 2 * depth * (relationBytes(inputRows, inputWidth) / 8192);
  const cpu = depth * inputRows * 2 * settings.cpuTupleCost;
  return {
    startup: pages * settings.randomPageCost + cpu,
    total: pages * (settings.randomPageCost + settings.seqPageCost) + cpu,
  };
}

/** Adds the cost of evaluating a target for each row. */
export function withTarget(cost: Cost, rows: number, target: PathTarget, previous: PathTarget | null): Cost {
  const startup = target.startupCost - (previous?.startupCost ?? 0);
  const perTuple = target.perTupleCost - (previous?.perTupleCost ?? 0);
  return { startup: cost.startup + startup, total: cost.total + startup + perTuple * rows };
}

/** LIMIT: the share of the input's run cost that is needed. Unknown counts are estimated at a tenth. */
export function limitCost(
  path: { readonly rows: number; readonly startupCost: number; readonly totalCost: number },
  offset: number | null,
  count: number | null,
): Cost & { readonly rows: number } {
  let rows = path.rows;
  let startup = path.startupCost;
  let total = path.totalCost;
  const inputRows = path.rows;
  const inputStartup = path.startupCost;
  const inputTotal = path.totalCost;
  if (offset !== null && offset !== 0) {
    const skipped = Math.min(offset > 0 ? offset : clampRows(inputRows * 0.1), rows);
    if (rows > 0) startup += ((inputTotal - inputStartup) * skipped) / inputRows;
    rows = Math.max(1, rows - skipped);
  }
  if (count !== null && count !== 0) {
    const wanted = Math.min(count > 0 ? count : clampRows(inputRows * 0.1), rows);
    if (rows > 0) total = startup + ((inputTotal - inputStartup) * wanted) / inputRows;
    rows = Math.max(1, wanted);
  }
  return { startup, total, rows };
}
