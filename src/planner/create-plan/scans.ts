// Scan nodes.
import { notSupported } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import type { BitmapAnd, BitmapIndexScan, BitmapOr, IndexQual, Plan } from '../../trees/plan.js';
import { findCte, recursiveOwner } from '../paths/base-scans.js';
import { replaceNestLoopVars, requestSubqueryParams } from '../params.js';
import type { BitmapPath, IndexPath, Path, ScanPath } from '../path.js';
import type { PlannerInfo, RestrictInfo } from '../planner-info.js';
import { required } from '../require.js';
import { equalTrees, isMember } from '../expressions/equal.js';
import { impliedByConditions } from '../predicates/imply.js';
import { containsMutable } from '../expressions/facts.js';
import { createPlan } from './create-plan.js';
import { planBase, targetEntries } from './plan-base.js';
import { bindParameters, gate, orderedClauses } from './quals.js';
import { makeAnd, makeEntry, makeOr } from '../expressions/make.js';

type ScanKind =
  | ScanPath['kind']
  | 'IndexScan'
  | 'IndexOnlyScan'
  | 'BitmapHeapScan'
  | 'TidScan'
  | 'TidRangeScan'
  | 'SubqueryScan';
type ScanPathOf = Extract<Path, { kind: ScanKind }>;

/** The scan of a base relation. */
export function createScan(root: PlannerInfo, path: ScanPathOf): Plan {
  const { rel } = path;
  const infos: RestrictInfo[] = [...rel.baseRestrictions, ...(path.param?.clauses ?? [])];
  const plan = scanNode(root, path, infos);
  return gate(root, plan, infos);
}

function scanNode(root: PlannerInfo, path: ScanPathOf, infos: readonly RestrictInfo[]): Plan {
  const { rel } = path;
  const targetList = targetEntries(path.target).map((entry) =>
    path.param === null ? entry : { ...entry, expr: replaceNestLoopVars(root, entry.expr) },
  );
  const qual = bindParameters(root, path, orderedClauses(root, infos));
  const base = { ...planBase(path, targetList, qual), scanRtIndex: rel.rtIndex };
  const rte = required(rel.rte, 'range table entry');
  switch (path.kind) {
    case 'SeqScan':
    case 'NamedTuplestoreScan':
      return { ...base, kind: path.kind };
    case 'FunctionScan':
    case 'ValuesScan':
      if (path.param !== null) bindRte(root, rel.rtIndex);
      return { ...base, kind: path.kind };
    case 'SampleScan': {
      if (rte.kind !== 'relation' || rte.tableSample === null) throw new Error('planner: sample scan of another entry');
      const sample = rte.tableSample;
      const args = sample.args.map((arg) => replaceNestLoopVars(root, arg));
      const repeatable = sample.repeatable === null ? null : replaceNestLoopVars(root, sample.repeatable);
      return { ...base, kind: 'SampleScan', tableSample: { ...sample, args, repeatable } };
    }
    case 'CteScan': {
      if (rte.kind !== 'cte') throw new Error('planner: CTE scan of another entry');
      const { planId, param } = findCte(root, rte);
      return { ...base, kind: 'CteScan', ctePlanId: planId, cteParam: param };
    }
    case 'WorkTableScan': {
      if (rte.kind !== 'cte') throw new Error('planner: work table scan of another entry');
      return { ...base, kind: 'WorkTableScan', workTableParam: recursiveOwner(root, rte).workTableParam };
    }
    case 'Result':
      return { ...planBase(path, targetList, []), kind: 'Result', outer: null, constantQual: qual };
    case 'SubqueryScan': {
      const subplan = createPlan(path.subroot, path.subpath);
      if (path.param !== null || rel.subplanParams.length > 0) requestSubqueryParams(root, rel.subplanParams);
      return { ...base, kind: 'SubqueryScan', subplan };
    }
    case 'TidScan':
    case 'TidRangeScan':
      return tidScan(root, path, infos, base);
    case 'IndexScan':
    case 'IndexOnlyScan':
      return indexScan(root, path, infos, base);
    case 'BitmapHeapScan':
      return bitmapScan(root, path, infos, base);
  }
}

/** Lateral references of a function or VALUES become Params in the range table entry itself. */
function bindRte(root: PlannerInfo, rtIndex: number): void {
  const rte = root.rangeTable[rtIndex - 1];
  const bind = (node: Expression): Expression => replaceNestLoopVars(root, node);
  if (rte?.kind === 'function') {
    root.rangeTable[rtIndex - 1] = {
      ...rte,
      functions: rte.functions.map((item) => ({ ...item, expr: bind(item.expr) })),
    };
  } else if (rte?.kind === 'values') {
    root.rangeTable[rtIndex - 1] = { ...rte, rows: rte.rows.map((row) => row.map(bind)) };
  }
}

type ScanBase = ReturnType<typeof planBase> & { readonly scanRtIndex: number };

function tidScan(
  root: PlannerInfo,
  path: Extract<Path, { kind: 'TidScan' | 'TidRangeScan' }>,
  infos: readonly RestrictInfo[],
  base: ScanBase,
): Plan {
  const tids = path.quals.map((info) => replaceNestLoopVars(root, info.clause));
  const rest = infos.filter((info) => !path.quals.includes(info));
  const qual = bindParameters(root, path, orderedClauses(root, rest));
  if (path.kind === 'TidScan') {
    const list = tids.flatMap((item) => (item.kind === 'BoolExpr' && item.op === 'or' ? item.args : [item]));
    return { ...base, qual, kind: 'TidScan', tidQuals: list };
  }
  return { ...base, qual, kind: 'TidRangeScan', tidRangeQuals: tids };
}

function boundQuals(root: PlannerInfo, path: IndexPath): IndexQual[] {
  return path.quals
    .flatMap((clause) => clause.quals)
    .map((item) => ({
      ...item,
      value: item.value === null ? null : replaceNestLoopVars(root, item.value),
      clause: replaceNestLoopVars(root, item.clause),
    }));
}

/** Conditions that an index scan still has to check on the row. */
function remainingInfos(root: PlannerInfo, path: IndexPath, infos: readonly RestrictInfo[]): RestrictInfo[] {
  const exact = path.quals.filter((clause) => !clause.lossy);
  return infos.filter((info) => {
    if (info.pseudoConstant) return false;
    if (exact.some((clause) => clause.source === info || equalTrees(clause.source.clause, info.clause))) return false;
    if (
      info.parentEc !== null &&
      exact.some(
        (clause) =>
          clause.source.parentEc === info.parentEc &&
          path.quals.length > 0 &&
          clause.source.leftEc === info.leftEc &&
          clause.source.clauseRelids === info.clauseRelids,
      )
    )
      return false;
    if (path.index.predicate.length > 0 && !containsMutable(info.clause, root.global.catalog)) {
      if (impliedByConditions(root.global, [info.clause], path.index.predicate)) return false;
    }
    return true;
  });
}

function indexScan(root: PlannerInfo, path: IndexPath, infos: readonly RestrictInfo[], base: ScanBase): Plan {
  const qual = bindParameters(root, path, orderedClauses(root, remainingInfos(root, path, infos)));
  const indexQuals = boundQuals(root, path);
  const common = {
    ...base,
    qual,
    index: path.index.index.oid,
    indexQuals,
    direction: path.backward ? ('backward' as const) : ('forward' as const),
    ordered: path.pathKeys.length > 0,
  };
  if (path.kind === 'IndexScan') return { ...common, kind: 'IndexScan' };
  const indexTargetList = path.index.columns.map((expr, index) =>
    makeEntry(expr, index + 1, null, !(path.index.canReturn[index] ?? false)),
  );
  return { ...common, kind: 'IndexOnlyScan', indexTargetList };
}

function bitmapScan(
  root: PlannerInfo,
  path: Extract<Path, { kind: 'BitmapHeapScan' }>,
  infos: readonly RestrictInfo[],
  base: ScanBase,
): Plan {
  const made = bitmapNode(root, path.bitmap, path.rel.rtIndex);
  const covered = made.covered;
  const rest = infos.filter(
    (info) =>
      !info.pseudoConstant &&
      !covered.includes(info) &&
      !isMember(info.clause, made.implying) &&
      !impliedIfImmutable(root, info, [...made.implying, ...made.predicates]),
  );
  const qual = bindParameters(root, path, orderedClauses(root, rest));
  // What is checked on every row anyway needs no second look on the pages that lost their rows' places.
  const rechecked = made.quals.filter((item) => !rest.some((info) => info.clause === item));
  const recheckQual = bindParameters(root, path, rechecked);
  return { ...base, qual, kind: 'BitmapHeapScan', outer: made.plan, recheckQual };
}

function impliedIfImmutable(root: PlannerInfo, info: RestrictInfo, by: readonly Expression[]): boolean {
  return !containsMutable(info.clause, root.global.catalog) && impliedByConditions(root.global, [info.clause], by);
}

interface BitmapNode {
  readonly plan: BitmapIndexScan | BitmapAnd | BitmapOr;
  /** Original conditions that the bitmap checks, as expressions and as restrictions. */
  readonly quals: readonly Expression[];
  /** What surely holds of the bitmap's rows: of a condition that the index checks loosely, only the loose form. */
  readonly implying: readonly Expression[];
  readonly isLossy: boolean;
  readonly predicates: readonly Expression[];
  readonly covered: readonly RestrictInfo[];
}

function bitmapNode(root: PlannerInfo, path: BitmapPath, rtIndex: number): BitmapNode {
  if ('index' in path) {
    const estimates = {
      startupCost: 0,
      totalCost: path.indexTotalCost,
      rows: Math.max(1, Math.round(path.indexSelectivity * path.index.rel.tuples)),
      target: { width: 0 },
    };
    const plan: BitmapIndexScan = {
      ...planBase(estimates, [], []),
      kind: 'BitmapIndexScan',
      scanRtIndex: rtIndex,
      index: path.index.index.oid,
      indexQuals: boundQuals(root, path),
    };
    const sources = path.quals.map((clause) => clause.source);
    const predicates = path.index.predicate.filter(
      (item) =>
        !isMember(
          item,
          sources.map((info) => info.clause),
        ),
    );
    return {
      plan,
      quals: [
        ...sources.map((info) => info.clause),
        ...predicates.filter(
          (item) =>
            !impliedByConditions(
              root.global,
              [item],
              sources.map((info) => info.clause),
            ),
        ),
      ],
      implying: [
        ...path.quals.flatMap((clause) => [
          ...(clause.lossy ? [] : [clause.source.clause]),
          ...clause.quals.map((item) => item.clause),
        ]),
        ...path.index.predicate,
      ],
      isLossy: path.quals.some((clause) => clause.lossy),
      predicates: path.index.predicate,
      covered: path.quals.filter((clause) => !clause.lossy).map((clause) => clause.source),
    };
  }
  return combinedNode(root, path, rtIndex);
}

/** BitmapAnd and BitmapOr. */
function combinedNode(root: PlannerInfo, path: Exclude<BitmapPath, IndexPath>, rtIndex: number): BitmapNode {
  const children = path.children.map((child) => bitmapNode(root, child, rtIndex));
  const estimates = {
    startupCost: path.totalCost,
    totalCost: path.totalCost,
    rows: Math.max(1, Math.round(path.selectivity * relTuples(root, rtIndex))),
    target: { width: 0 },
  };
  if (path.kind === 'BitmapAnd') {
    const quals: Expression[] = [];
    for (const child of children) for (const item of child.quals) if (!isMember(item, quals)) quals.push(item);
    return {
      plan: { ...planBase(estimates, [], []), kind: 'BitmapAnd', children: children.map((child) => child.plan) },
      quals,
      implying: children.flatMap((child) => child.implying),
      isLossy: children.some((child) => child.isLossy),
      predicates: children.flatMap((child) => child.predicates),
      covered: children.flatMap((child) => child.covered),
    };
  }
  if (children.some((child) => child.quals.length === 0)) throw notSupported('a bitmap without conditions');
  const isLossy = children.some((child) => child.isLossy);
  const quals = [makeOr(children.map((child) => makeAnd(child.quals)))];
  return {
    plan: { ...planBase(estimates, [], []), kind: 'BitmapOr', children: children.map((child) => child.plan) },
    quals,
    implying: isLossy ? [makeOr(children.map((child) => makeAnd(child.implying)))] : quals,
    isLossy,
    predicates: [],
    covered: [],
  };
}

function relTuples(root: PlannerInfo, rtIndex: number): number {
  return root.rels[rtIndex]?.tuples ?? 1;
}
