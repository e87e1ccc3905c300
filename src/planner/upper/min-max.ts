// min() and max() by an index: each extreme is a subquery that reads one row in index order.
//   SELECT max(x) FROM t   ->   (SELECT x FROM t WHERE x IS NOT NULL ORDER BY x DESC LIMIT 1)
import type { Aggref, Expression, Param, SubPlan } from '../../trees/expression.js';
import type { Query, SortGroupClause } from '../../trees/query.js';
import { containsMutable, containsSubPlan, containsVolatile } from '../expressions/facts.js';
import { equalTrees } from '../expressions/equal.js';
import { andList, execParam, makeAnd } from '../expressions/make.js';
import { collationOf, typeOf, typmodOf } from '../expressions/typing.js';
import { rewriteTopDown } from '../expressions/walk.js';
import { newParamId } from '../params.js';
import type { MinMaxPath, Path, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { planQuery } from '../plan-query.js';
import { createPlan } from '../create-plan/create-plan.js';
import { cheapestFractional } from '../paths/add-path.js';
import { orderingInfo } from '../paths/pathkeys.js';
import { matchesColumn } from '../paths/index/match.js';
import { makeTarget } from '../rels/targets.js';

interface Extreme {
  readonly aggregate: Aggref;
  readonly arg: Expression;
  readonly sortOperator: number;
  readonly root: PlannerInfo;
  readonly path: Path;
}

/** A path that reads each extreme from an index; null where some aggregate has none. */
export function minMaxPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  target: PathTarget,
  quals: readonly Expression[],
  aggregates: readonly Aggref[],
): MinMaxPath | null {
  const { query } = root;
  const [item] = query.joinTree.fromList;
  if (aggregates.length === 0 || query.joinTree.fromList.length !== 1 || item?.kind !== 'RangeTableRef') return null;
  if (query.hasWindowFunctions || query.groupClause.length > 0 || query.rowMarks.length > 0) return null;
  const table = root.rels[item.rtIndex];
  if (table?.rte?.kind !== 'relation' || table.rte.tableSample !== null) return null;
  const extremes: Extreme[] = [];
  for (const aggregate of aggregates) {
    const extreme = planExtreme(root, table, aggregate);
    if (extreme === null) return null;
    extremes.push(extreme);
  }
  return assemble(root, rel, target, quals, extremes);
}

function planExtreme(root: PlannerInfo, table: RelOptInfo, aggregate: Aggref): Extreme | null {
  const { catalog } = root.global;
  const [argument] = aggregate.args;
  const descriptor = catalog.aggregate(aggregate.function);
  if (argument === undefined || aggregate.args.length !== 1 || descriptor === null || descriptor.sortOperator === 0)
    return null;
  if (aggregate.orderBy.length > 0 || aggregate.distinct.length > 0 || aggregate.filter !== null) return null;
  const arg = argument.expr;
  if (containsMutable(arg, catalog) || containsVolatile(arg, catalog) || containsSubPlan(arg)) return null;
  for (const nullsFirst of [
    isDescending(root, descriptor.sortOperator),
    !isDescending(root, descriptor.sortOperator),
  ]) {
    const planned = planFirst(root, arg, descriptor.sortOperator, nullsFirst);
    if (planned !== null) return { aggregate, arg, sortOperator: descriptor.sortOperator, ...planned };
  }
  return null;
}

function isDescending(root: PlannerInfo, operator: number): boolean {
  return orderingInfo(root, operator)?.descending ?? false;
}

function planFirst(
  root: PlannerInfo,
  arg: Expression,
  sortOperator: number,
  nullsFirst: boolean,
): { root: PlannerInfo; path: Path } | null {
  const { global, query } = root;
  const ordering = orderingInfo(root, sortOperator);
  if (ordering === null) return null;
  const clause: SortGroupClause = {
    sortGroupRef: 1,
    equalityOperator: global.catalog.familyOperator(ordering.family, ordering.type, ordering.type, 3),
    sortOperator,
    descending: ordering.descending,
    nullsFirst,
    hashable: false,
  };
  const notNull: Expression = { kind: 'NullTest', arg, isNull: false, argIsRow: false, location: -1 };
  const inner: Query = {
    ...query,
    commandType: 'select',
    hasAggregates: false,
    groupingSets: [],
    hasSubLinks: false,
    having: null,
    distinctClause: [],
    hasDistinctOn: false,
    ctes: [],
    rangeTable: root.rangeTable,
    targetList: [
      {
        kind: 'TargetEntry',
        expr: arg,
        resno: 1,
        name: 'agg_target',
        sortGroupRef: 1,
        originTable: 0,
        originColumn: 0,
        junk: false,
      },
    ],
    joinTree: { ...query.joinTree, quals: makeAnd([notNull, ...andList(query.joinTree.quals)]) },
    sortClause: [clause],
    limitOffset: null,
    limitCount: { kind: 'Const', type: 20, typmod: -1, collation: 0, value: 1n, location: -1 },
    limitWithTies: false,
  };
  if (containsSubPlan(makeAnd(andList(query.joinTree.quals)))) return null;
  const subroot = planQuery(global, inner, root, { hasRecursion: false, tupleFraction: 1 });
  if (subroot.finalRel === null) return null;
  const path = cheapestFractional(subroot.finalRel, 1);
  return path.kind === 'Limit' ? { root: subroot, path } : null;
}

function assemble(
  root: PlannerInfo,
  rel: RelOptInfo,
  target: PathTarget,
  quals: readonly Expression[],
  extremes: readonly Extreme[],
): MinMaxPath {
  const { global } = root;
  const params = extremes.map((extreme): Param => execParam(newParamId(global, typeOf(extreme.arg)), extreme.arg));
  const replace = (expression: Expression): Expression =>
    rewriteTopDown(expression, (node) => {
      if (node.kind !== 'Aggref') return null;
      const index = extremes.findIndex((extreme) => equalTrees(extreme.aggregate, node));
      return params[index] ?? null;
    });
  const cost = extremes.reduce((sum, extreme) => sum + extreme.path.totalCost, 0);
  return {
    kind: 'MinMaxAgg',
    rel,
    target: { ...makeTarget(root, target.exprs.map(replace), target.sortRefs), width: target.width },
    param: null,
    rows: 1,
    startupCost: cost,
    totalCost: cost + global.settings.cpuTupleCost,
    pathKeys: [],
    quals: quals.map(replace),
    replacements: extremes.map((extreme, index) => ({ aggregate: extreme.aggregate, param: params[index] as Param })),
    makeInitPlans: () => {
      extremes.forEach((extreme, index) => {
        addInitPlan(root, extreme, params[index] as Param);
      });
    },
  };
}

function addInitPlan(root: PlannerInfo, extreme: Extreme, param: Param): void {
  const { global } = root;
  const plan = createPlan(extreme.root, extreme.path);
  global.subplans.push({ plan, root: extreme.root, path: extreme.path });
  const planId = global.subplans.length;
  const subPlan: SubPlan = {
    kind: 'SubPlan',
    linkType: 'expr',
    test: null,
    paramIds: [],
    planId,
    name: `InitPlan ${planId}`,
    firstType: typeOf(extreme.arg),
    firstTypmod: typmodOf(extreme.arg),
    firstCollation: collationOf(extreme.arg),
    arrayType: 0,
    useHashTable: false,
    unknownEqualsFalse: false,
    setParams: [param.id],
    parameterIds: [],
    args: [],
  };
  root.initPlans.push({ subPlan, cost: extreme.path.totalCost });
}
