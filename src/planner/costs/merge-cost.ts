// Cost of merge joins: both inputs are read as far as their keys overlap; inner rows of one key are read again for each
// outer row with that key.
import type { Expression } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import type { JoinSetup } from '../joins/join-paths.js';
import type { Path } from '../path.js';
import type { MergeRange, PlannerInfo, RestrictInfo } from '../planner-info.js';
import { isSubset } from '../relids.js';
import { scalarInequality } from '../selectivity/scalar.js';
import { clampRows, examineVariable, type VariableData } from '../selectivity/variable.js';
import { disableCost } from '../settings.js';
import { type Cost, relationBytes, sortCost } from './costs.js';
import { restrictionCost } from './expression-cost.js';
import { joinTuples } from './join-costs.js';
import { typeOf } from '../expressions/typing.js';
import { comparatorFor } from '../selectivity/compare.js';

export interface MergeInputs {
  readonly outer: Path;
  readonly inner: Path;
  readonly clauses: readonly RestrictInfo[];
  readonly sortsOuter: boolean;
  readonly sortsInner: boolean;
  readonly rows: number;
}

/** Cost of a merge join; `materialize`: the inner input is put behind a Materialize node. */
export function mergeJoinCost(
  root: PlannerInfo,
  setup: JoinSetup,
  inputs: MergeInputs,
): Cost & { readonly materialize: boolean } {
  const { settings } = root.global;
  const { outer, inner, clauses } = inputs;
  const outerRows = Math.max(1, outer.rows);
  const innerRows = Math.max(1, inner.rows);
  const range = scanRange(root, setup, clauses[0]);
  const outerSkip = Math.round(outerRows * range.outerStart);
  const innerSkip = Math.round(innerRows * range.innerStart);
  const outerRead = clampRows(outerRows * range.outerEnd);
  const innerRead = clampRows(innerRows * range.innerEnd);
  let startup = 0;
  let run = 0;
  const add = (cost: Cost, start: number, end: number): void => {
    startup += cost.startup + (cost.total - cost.startup) * start;
    run += (cost.total - cost.startup) * (end - start);
  };
  const sorted = (path: Path): Cost => sortCost(settings, path.totalCost, path.rows, path.target.width, -1);
  const outerCost = inputs.sortsOuter ? sorted(outer) : { startup: outer.startupCost, total: outer.totalCost };
  const innerCost = inputs.sortsInner ? sorted(inner) : { startup: inner.startupCost, total: inner.totalCost };
  const outerStart = outerSkip / outerRows;
  const innerStart = innerSkip / innerRows;
  const innerEnd = innerRead / innerRows;
  add(outerCost, outerStart, outerRead / outerRows);
  startup += innerCost.startup + (innerCost.total - innerCost.startup) * innerStart;
  const innerRun = (innerCost.total - innerCost.startup) * (innerEnd - innerStart);
  const mergeQual = restrictionCost(root, clauses);
  const allQual = restrictionCost(root, setup.restrictions);
  const mergeTuples = joinTuples(root, setup, outer, inner, clauses);
  const skipMark =
    (setup.joinType === 'semi' || setup.joinType === 'anti' || setup.innerUnique) &&
    clauses.length === setup.restrictions.length;
  const rescanned = skipMark ? 0 : Math.max(0, mergeTuples - innerRows);
  const rescanRatio = 1 + rescanned / innerRows;
  const bare = innerRun * rescanRatio;
  const kept = innerRun + settings.cpuOperatorCost * innerRows * rescanRatio;
  const materialize = chooseMaterial(root, inputs, skipMark, kept < bare);
  run += materialize ? kept : bare;
  startup += mergeQual.startup + mergeQual.perTuple * (outerSkip + innerSkip * rescanRatio);
  run += mergeQual.perTuple * (outerRead - outerSkip + (innerRead - innerSkip) * rescanRatio);
  startup += allQual.startup - mergeQual.startup;
  run += (settings.cpuTupleCost + allQual.perTuple - mergeQual.perTuple) * mergeTuples;
  startup += setup.joined.target.startupCost + (settings.enable.mergejoin ? 0 : disableCost);
  run += setup.joined.target.perTupleCost * inputs.rows;
  return { startup, total: startup + run, materialize };
}

/** The executor steps back to the start of a key's rows: inputs that can't do that need Materialize. */
function chooseMaterial(root: PlannerInfo, inputs: MergeInputs, skipMark: boolean, isCheaper: boolean): boolean {
  const { settings } = root.global;
  if (skipMark) return false;
  if (settings.enable.material && isCheaper) return true;
  if (!inputs.sortsInner && !supportsMark(inputs.inner)) return true;
  return (
    settings.enable.material &&
    inputs.sortsInner &&
    relationBytes(inputs.inner.rows, inputs.inner.target.width) > settings.workMemBytes
  );
}

function supportsMark(path: Path): boolean {
  return path.kind === 'IndexScan' || path.kind === 'IndexOnlyScan' || path.kind === 'Material' || path.kind === 'Sort';
}

interface ScanRange {
  readonly outerStart: number;
  readonly outerEnd: number;
  readonly innerStart: number;
  readonly innerEnd: number;
}

const whole: ScanRange = { outerStart: 0, outerEnd: 1, innerStart: 0, innerEnd: 1 };

/** The share of each input that lies before the other's first key, and up to its last key. */
function scanRange(root: PlannerInfo, setup: JoinSetup, first: RestrictInfo | undefined): ScanRange {
  if (first === undefined || first.clause.kind !== 'OpExpr' || setup.joinType === 'full') return whole;
  first.mergeRange ??= mergeRange(root, first.clause.args as [Expression, Expression]);
  const { left, right } = first.mergeRange;
  const [outer, inner] = isSubset(first.leftRelids, setup.outer.relids) ? [left, right] : [right, left];
  const readsOuter = setup.joinType === 'left' || setup.joinType === 'anti';
  const readsInner = setup.joinType === 'right' || setup.joinType === 'rightAnti';
  return {
    outerStart: readsOuter ? 0 : outer.start,
    outerEnd: readsOuter ? 1 : outer.end,
    innerStart: readsInner ? 0 : inner.start,
    innerEnd: readsInner ? 1 : inner.end,
  };
}

/** The same for the sides of a condition, worked out once for all the joins that it may be used in. */
function mergeRange(root: PlannerInfo, [left, right]: readonly [Expression, Expression]): MergeRange {
  const all = { start: 0, end: 1 };
  const leftData = examineVariable(root, left, 0);
  const rightData = examineVariable(root, right, 0);
  const leftBounds = bounds(root, leftData);
  const rightBounds = bounds(root, rightData);
  if (leftBounds === null || rightBounds === null) return { left: all, right: all };
  const share = (data: VariableData, value: Value, other: Expression, orEqual: boolean): number =>
    scalarInequality(root, data, value, typeOf(other), 0, false, orEqual);
  let leftEnd = share(leftData, rightBounds.max, right, true);
  let rightEnd = share(rightData, leftBounds.max, left, true);
  let leftStart = share(leftData, rightBounds.min, right, false);
  let rightStart = share(rightData, leftBounds.min, left, false);
  // One of the two is read to its end, and one starts at once.
  if (leftEnd > rightEnd) leftEnd = 1;
  else if (leftEnd < rightEnd) rightEnd = 1;
  else leftEnd = rightEnd = 1;
  if (leftStart < rightStart) leftStart = 0;
  else if (leftStart > rightStart) rightStart = 0;
  else leftStart = rightStart = 0;
  return { left: { start: leftStart, end: leftEnd }, right: { start: rightStart, end: rightEnd } };
}

function bounds(root: PlannerInfo, data: VariableData): { min: Value; max: Value } | null {
  const { statistics } = data;
  if (statistics === null) return null;
  const compare = comparatorFor(root.global.catalog, data.type, data.type, 0);
  if (compare === null) return null;
  const values = [
    ...(statistics.histogramBounds.length > 0
      ? [statistics.histogramBounds[0], statistics.histogramBounds[statistics.histogramBounds.length - 1]]
      : []),
    ...statistics.mostCommonValues,
  ] as Value[];
  if (values.length === 0) return null;
  return {
    min: values.reduce((best, value) => (compare(value, best) < 0 ? value : best)),
    max: values.reduce((best, value) => (compare(value, best) > 0 ? value : best)),
  };
}
