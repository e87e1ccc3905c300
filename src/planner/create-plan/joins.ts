// Join nodes.
import type { Expression, OpExpr } from '../../trees/expression.js';
import type { Hash, HashJoin, MergeClause, Plan } from '../../trees/plan.js';
import { finalEc } from '../equivalence.js';
import { isPushedDownAt } from '../jointree/restrict-info.js';
import { replaceNestLoopVars } from '../params.js';
import type { HashPath, JoinPath, MemoizePath, MergePath, NestPath, Path } from '../path.js';
import type { NestLoopRequest, PlannerInfo, RestrictInfo } from '../planner-info.js';
import { isSubset, relidsOf, contains } from '../relids.js';
import { required } from '../require.js';
import { difference } from '../expressions/equal.js';
import { collationOf } from '../expressions/typing.js';
import { createNode } from './create-plan.js';
import { materialPlan, planBase, planLike, sortPlan, targetEntries } from './plan-base.js';
import { bindParameters, gate, orderedClauses } from './quals.js';
import { sortKeysFor } from './sort-columns.js';

/** The node of a join path. */
export function createJoin(root: PlannerInfo, path: JoinPath): Plan {
  const plan = joinNode(root, path);
  return gate(root, plan, path.restrictions);
}

function joinNode(root: PlannerInfo, path: JoinPath): Plan {
  switch (path.kind) {
    case 'NestLoop':
      return createNestLoop(root, path);
    case 'HashJoin':
      return createHashJoin(root, path);
    case 'MergeJoin':
      return createMergeJoin(root, path);
  }
}

interface Split {
  readonly joinQual: Expression[];
  readonly qual: Expression[];
}

/** ON conditions and conditions applied after null extension; inner joins keep all as join conditions. */
function splitQuals(root: PlannerInfo, path: JoinPath, infos: readonly RestrictInfo[]): Split {
  const { joinType } = path;
  if (joinType === 'inner' || joinType === 'semi') return { joinQual: orderedClauses(root, infos), qual: [] };
  const later = infos.filter((info) => isPushedDownAt(info, path.rel.relids));
  const own = infos.filter((info) => !later.includes(info));
  return { joinQual: orderedClauses(root, own), qual: orderedClauses(root, later) };
}

function createNestLoop(root: PlannerInfo, path: NestPath): Plan {
  const outer = createNode(root, path.outer);
  const outerRels = root.currentOuterRels;
  root.currentOuterRels |= path.outer.rel.relids;
  const inner = createNode(root, path.inner);
  root.currentOuterRels = outerRels;
  const split = splitQuals(root, path, path.restrictions);
  const parameters = takeParameters(root, path.outer);
  const provided = withParameterColumns(outer, parameters);
  return {
    ...planBase(path, joinTargets(root, path), bindParameters(root, path, split.qual)),
    kind: 'NestLoop',
    joinType: path.joinType,
    outer: provided,
    inner,
    joinQual: bindParameters(root, path, split.joinQual),
    innerUnique: path.innerUnique,
    parameters: parameters.map((request) => ({ param: request.paramId, value: request.value })),
  };
}

function joinTargets(root: PlannerInfo, path: Path): ReturnType<typeof targetEntries> {
  const list = targetEntries(path.target);
  return path.param === null ? list : list.map((entry) => ({ ...entry, expr: replaceNestLoopVars(root, entry.expr) }));
}

/** Requests of the inner side that this loop's outer side can fulfil. */
function takeParameters(root: PlannerInfo, outer: Path): NestLoopRequest[] {
  const mine: NestLoopRequest[] = [];
  root.currentOuterParams = root.currentOuterParams.filter((request) => {
    const at =
      request.value.kind === 'Var'
        ? contains(outer.rel.relids, request.value.varno)
        : isSubset(root.placeholders.get(request.value.id)?.evalAt ?? relidsOf(request.value.relids), outer.rel.relids);
    if (at) mine.push(request);
    return !at;
  });
  return mine;
}

/** Columns for parameters that the outer plan does not deliver yet. */
function withParameterColumns(outer: Plan, _parameters: readonly NestLoopRequest[]): Plan {
  return outer;
}

/** The condition with the outer relation's side on the left. */
function outerFirst(root: PlannerInfo, info: RestrictInfo, outerRelids: bigint): OpExpr {
  const clause = info.clause as OpExpr;
  if (isSubset(info.leftRelids, outerRelids)) return clause;
  const { catalog } = root.global;
  const commutator = catalog.operator(catalog.operator(clause.operator)?.commutator ?? 0);
  const [left, right] = clause.args as [Expression, Expression];
  if (commutator === null) return clause;
  return { ...clause, operator: commutator.oid, function: commutator.function, args: [right, left] };
}

function createHashJoin(root: PlannerInfo, path: HashPath): Plan {
  const outer = createNode(root, path.outer);
  const inner = createNode(root, path.inner);
  const split = splitQuals(root, path, path.restrictions);
  const clauses = path.hashClauses.map((info) => outerFirst(root, info, path.outer.rel.relids));
  const joinQual = difference(
    split.joinQual,
    path.hashClauses.map((info) => info.clause),
  );
  const bound = bindParameters(root, path, clauses) as OpExpr[];
  const hash: Hash = {
    ...planLike(inner),
    kind: 'Hash',
    outer: inner,
    startupCost: inner.totalCost,
  };
  const plan: HashJoin = {
    ...planBase(path, joinTargets(root, path), bindParameters(root, path, split.qual)),
    kind: 'HashJoin',
    joinType: path.joinType,
    outer,
    inner: hash,
    joinQual: bindParameters(root, path, joinQual),
    innerUnique: path.innerUnique,
    hashClauses: bound,
    outerKeys: bound.map((clause) => clause.args[0] as Expression),
    innerKeys: bound.map((clause) => clause.args[1] as Expression),
    hashOperators: bound.map((clause) => clause.operator),
    collations: bound.map((clause) => clause.inputCollation),
  };
  return plan;
}

function createMergeJoin(root: PlannerInfo, path: MergePath): Plan {
  const { settings } = root.global;
  let outer = createNode(root, path.outer);
  let inner = createNode(root, path.inner);
  if (path.outerSortKeys.length > 0) {
    const sorted = sortKeysFor(root, outer, path.outerSortKeys, path.outer.rel.relids);
    outer = sortPlan(sorted.plan, sorted.keys, settings);
  }
  if (path.innerSortKeys.length > 0) {
    const sorted = sortKeysFor(root, inner, path.innerSortKeys, path.inner.rel.relids);
    inner = sortPlan(sorted.plan, sorted.keys, settings);
  }
  if (path.materializeInner) inner = materialPlan(inner, settings);
  const split = splitQuals(root, path, path.restrictions);
  const joinQual = difference(
    split.joinQual,
    path.mergeClauses.map((info) => info.clause),
  );
  const outerKeys = path.outerSortKeys.length > 0 ? path.outerSortKeys : path.outer.pathKeys;
  const mergeClauses = path.mergeClauses.map((info): MergeClause => {
    const clause = outerFirst(root, info, path.outer.rel.relids);
    const bound = bindParameters(root, path, [clause])[0] as OpExpr;
    const ec = isSubset(info.leftRelids, path.outer.rel.relids) ? info.leftEc : info.rightEc;
    const key = required(
      outerKeys.find((item) => ec !== null && item.ec === finalEc(ec)),
      'merge key',
    );
    return {
      outerKey: bound.args[0] as Expression,
      innerKey: bound.args[1] as Expression,
      clause: bound,
      family: key.family,
      collation: clause.inputCollation || collationOf(bound.args[0] as Expression),
      descending: key.descending,
      nullsFirst: key.nullsFirst,
    };
  });
  return {
    ...planBase(path, joinTargets(root, path), bindParameters(root, path, split.qual)),
    kind: 'MergeJoin',
    joinType: path.joinType,
    outer,
    inner,
    joinQual: bindParameters(root, path, joinQual),
    innerUnique: path.innerUnique,
    mergeClauses,
  };
}

/** Memoize over the inner side of a nested loop. */
export function createMemoize(root: PlannerInfo, path: MemoizePath): Plan {
  const outer = createNode(root, path.subpath);
  const keys = path.keys.map((key) => replaceNestLoopVars(root, key));
  return {
    ...planBase(path, outer.targetList, []),
    kind: 'Memoize',
    outer,
    keys,
    hashOperators: path.hashOperators,
    collations: path.keys.map(collationOf),
    singleRow: path.singleRow,
    binaryMode: path.binaryMode,
  };
}
