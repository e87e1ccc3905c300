// GROUPING SETS, ROLLUP and CUBE: expanded into plain sets, then arranged in chains that one sort order serves (a set is
// a prefix of the next), hashed where that is possible and cheaper.
import type { Expression } from '../../trees/expression.js';
import type { GroupingSet, SortGroupClause } from '../../trees/query.js';
import { aggCost, hashEntryBytes, sortCost, type AggregateCosts } from '../costs/costs.js';
import { addPath } from '../paths/add-path.js';
import { pathKeysContained, pathKeysForClauses } from '../paths/pathkeys.js';
import { sortPath } from '../paths/simple-paths.js';
import type { GroupingSetStep, GroupingSetsPath, Path, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { required } from '../require.js';
import { estimateGroups } from '../selectivity/groups.js';
import { clampRows } from '../selectivity/variable.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';
import { groupExpr } from './grouping.js';

/** The plain sets of sortGroupRefs that a GROUP BY clause stands for; `distinct`: GROUP BY DISTINCT. */
export function expandGroupingSets(sets: readonly GroupingSet[], distinct: boolean): number[][] {
  let result: number[][] = [[]];
  for (const set of sets) {
    const alternatives = expandOne(set);
    result = result.flatMap((left) => alternatives.map((right) => unite(left, right)));
  }
  if (!distinct) return result;
  const seen = new Set<string>();
  return result.filter((refs) => {
    const key = [...refs].sort((a, b) => a - b).join(',');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function unite(left: readonly number[], right: readonly number[]): number[] {
  return [...left, ...right.filter((ref) => !left.includes(ref))];
}

function flat(set: GroupingSet): number[] {
  switch (set.kind) {
    case 'empty':
      return [];
    case 'simple':
      return [...set.refs];
    default:
      return set.content.flatMap(flat);
  }
}

function expandOne(set: GroupingSet): number[][] {
  switch (set.kind) {
    case 'empty':
      return [[]];
    case 'simple':
      return [[...new Set(set.refs)]];
    case 'sets':
      return set.content.flatMap(expandOne);
    case 'rollup': {
      const parts = set.content.map(flat);
      const result: number[][] = [];
      for (let count = parts.length; count >= 0; count--)
        result.push(parts.slice(0, count).reduce<number[]>(unite, []));
      return result;
    }
    case 'cube': {
      const parts = set.content.map(flat);
      const result: number[][] = [];
      for (let mask = 2 ** parts.length - 1; mask >= 0; mask--) {
        const chosen = parts.filter((_, index) => (mask >> (parts.length - 1 - index)) & 1);
        result.push(chosen.reduce<number[]>(unite, []));
      }
      return result;
    }
  }
}

/** A chain of sets, longest first; each is a prefix of `order`. */
interface Chain {
  readonly order: readonly number[];
  readonly sets: readonly (readonly number[])[];
}

/** Arranges sets in as few chains as a greedy matching finds. */
function chainSets(sets: readonly (readonly number[])[]): Chain[] {
  const ordered = [...sets].sort((left, right) => right.length - left.length);
  const chains: { sets: (readonly number[])[] }[] = [];
  for (const set of ordered) {
    const home = chains.find((chain) => {
      const last = chain.sets[chain.sets.length - 1];
      return last !== undefined && set.every((ref) => last.includes(ref));
    });
    if (home === undefined) chains.push({ sets: [set] });
    else home.sets.push(set);
  }
  return chains.map(({ sets: members }) => {
    const order: number[] = [];
    for (const set of [...members].reverse()) for (const ref of set) if (!order.includes(ref)) order.push(ref);
    return { order, sets: members };
  });
}

/** Adds sorted, hashed and mixed ways to compute the sets. */
export function addGroupingSetPaths(
  root: PlannerInfo,
  rel: RelOptInfo,
  input: RelOptInfo,
  target: PathTarget,
  quals: readonly Expression[],
  costs: AggregateCosts,
  hashAllowed: boolean,
): void {
  const sets = expandGroupingSets(root.query.groupingSets, root.query.groupDistinct);
  const cheapest = required(input.cheapestTotal, 'input path');
  const clauseOf = (ref: number): SortGroupClause =>
    required(
      root.groupClause.find((clause) => clause.sortGroupRef === ref),
      'grouping clause',
    );
  const hashable = (refs: readonly number[]): boolean =>
    hashAllowed && refs.length > 0 && refs.every((ref) => clauseOf(ref).hashable);
  const sortable = sets.every((refs) => refs.every((ref) => clauseOf(ref).sortOperator !== 0));
  const filled = sets.filter((refs) => refs.length > 0);
  const groupsOf = (refs: readonly number[]): number =>
    estimateGroups(
      root,
      refs.map((ref) => groupExpr(root, ref)),
      cheapest.rows,
    );
  const build = (steps: GroupingSetStep[], subpath: Path): void => {
    addPath(rel, setsPath(root, rel, subpath, target, quals, costs, steps, groupsOf));
  };
  if (sortable)
    build(sortedSteps(chainSets(sets), null), sortedInput(root, rel, cheapest, chainSets(sets)[0], clauseOf));
  if (filled.length === 0 || !root.global.settings.enable.hashagg) return;
  if (!filled.every(hashable)) return;
  const bytes = filled.reduce(
    (sum, refs) => sum + groupsOf(refs) * hashEntryBytes(cheapest.target.width, costs.transitionSpace),
    0,
  );
  if (bytes > root.global.settings.hashMemBytes && sortable) return;
  const steps = filled.map((refs): GroupingSetStep => ({ refs, strategy: 'hashed', sortRefs: null }));
  const empty = sets
    .filter((refs) => refs.length === 0)
    .map((refs): GroupingSetStep => ({ refs, strategy: 'plain', sortRefs: null }));
  build([...steps, ...empty], cheapest);
}

function sortedInput(
  root: PlannerInfo,
  rel: RelOptInfo,
  path: Path,
  first: Chain | undefined,
  clauseOf: (ref: number) => SortGroupClause,
): Path {
  if (first === undefined || first.order.length === 0) return path;
  const keys = pathKeysForClauses(root, first.order.map(clauseOf), root.processedTargetList);
  return pathKeysContained(keys, path.pathKeys) ? path : sortPath(root, rel, path, keys, -1);
}

function sortedSteps(chains: readonly Chain[], _unused: null): GroupingSetStep[] {
  return chains.flatMap((chain, position) =>
    chain.sets.map((refs): GroupingSetStep => {
      const ordered = chain.order.slice(0, refs.length);
      if (ordered.length === 0) return { refs: ordered, strategy: 'plain', sortRefs: null };
      return { refs: ordered, strategy: 'sorted', sortRefs: position === 0 ? null : chain.order };
    }),
  );
}

function setsPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  target: PathTarget,
  quals: readonly Expression[],
  costs: AggregateCosts,
  steps: readonly GroupingSetStep[],
  groupsOf: (refs: readonly number[]) => number,
): GroupingSetsPath {
  const { settings } = root.global;
  let startup = subpath.startupCost;
  let total = 0;
  let groups = 0;
  const width = subpath.target.width;
  let previousSort: readonly number[] | null | undefined;
  steps.forEach((step, index) => {
    const count = step.refs.length === 0 ? 1 : groupsOf(step.refs);
    groups += count;
    const first = index === 0;
    let input = first ? { startup: subpath.startupCost, total: subpath.totalCost } : { startup: 0, total: 0 };
    if (step.sortRefs !== null && step.sortRefs !== previousSort)
      input = sortCost(settings, 0, subpath.rows, width, -1);
    previousSort = step.sortRefs;
    const cost = aggCost(
      root,
      step.strategy === 'hashed' ? 'hashed' : 'sorted',
      costs,
      step.refs.length,
      count,
      [],
      input,
      subpath.rows,
      width,
    );
    if (first) startup = cost.startup;
    total += cost.total;
  });
  let rows = groups;
  if (quals.length > 0) rows = clampRows(rows * listSelectivity(root, quals, noJoin));
  return {
    kind: 'GroupingSets',
    rel,
    target,
    param: null,
    rows,
    startupCost: startup + target.startupCost,
    totalCost: total + target.startupCost + target.perTupleCost * rows,
    // One chain of sets leaves its rows in the order of its sort, subtotals after their rows.
    pathKeys: steps.every((step) => step.strategy !== 'hashed' && step.sortRefs === null) ? subpath.pathKeys : [],
    subpath,
    groupClause: root.groupClause,
    sets: steps,
    quals,
    groupCount: groups,
  };
}
