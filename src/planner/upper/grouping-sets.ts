// Ways to compute grouping sets: sorted in one pass for each rollup (see rollups.ts), hashed, or mixed: the first rollup
// in the input's order, others hashed as far as memory allows.
import type { Expression } from '../../trees/expression.js';
import { aggCost, hashEntryBytes, sortCost, type AggregateCosts } from '../costs/costs.js';
import { addPath } from '../paths/add-path.js';
import { pathKeysContained } from '../paths/pathkeys.js';
import { sortedPath } from '../paths/simple-paths.js';
import type { GroupingSetStep, GroupingSetsPath, Path, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { required } from '../require.js';
import { estimateGroups } from '../selectivity/groups.js';
import { clampRows } from '../selectivity/variable.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';
import { groupExpr } from './grouping.js';
import type { Rollup } from './rollups.js';

interface Request {
  readonly root: PlannerInfo;
  readonly rel: RelOptInfo;
  readonly target: PathTarget;
  readonly quals: readonly Expression[];
  readonly costs: AggregateCosts;
  groupsOf(refs: readonly number[]): number;
}

/** One pass over the input: a rollup in sorted order, or a single hashed set. */
interface Pass {
  readonly sets: readonly (readonly number[])[];
  readonly order: readonly number[];
  readonly isHashed: boolean;
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
  const cheapest = required(input.cheapestTotal, 'input path');
  const known = new Map<string, number>();
  const groupsOf = (refs: readonly number[]): number => {
    if (refs.length === 0) return 1;
    const key = [...refs].sort((a, b) => a - b).join(',');
    const count =
      known.get(key) ??
      estimateGroups(
        root,
        refs.map((ref) => groupExpr(root, ref)),
        cheapest.rows,
      );
    known.set(key, count);
    return count;
  };
  const request: Request = { root, rel, target, quals, costs, groupsOf };
  const { rollups } = required(root.groupingSetPlan, 'grouping sets');
  if (rollups.length > 0) {
    for (const path of input.paths) {
      const isSorted = pathKeysContained(root.groupPathKeys, path.pathKeys);
      if (path !== cheapest && !isSorted && path.pathKeys.length === 0) continue;
      addSorted(request, isSorted ? path : sortedPath(root, rel, path, root.groupPathKeys, -1), hashAllowed);
    }
  }
  if (hashAllowed) addHashed(request, cheapest);
}

function passOf(rollup: Rollup): Pass {
  return { sets: rollup.sets, order: rollup.order, isHashed: false };
}

function hashedPasses(sets: readonly (readonly number[])[]): Pass[] {
  return sets.map((refs) => ({ sets: [refs], order: refs, isHashed: true }));
}

function hashBytes({ costs, groupsOf }: Request, path: Path, sets: readonly (readonly number[])[]): number {
  const groups = sets.reduce((sum, refs) => sum + groupsOf(refs), 0);
  return groups * hashEntryBytes(path.target.width, costs);
}

/** Everything hashed, but for a rollup that the input is sorted for by chance; an empty set is no hash key. */
function addHashed(request: Request, path: Path): void {
  const { root } = request;
  const { rollups, unsortable } = required(root.groupingSetPlan, 'grouping sets');
  const [first] = rollups;
  const sortedFirst =
    first !== undefined && pathKeysContained(root.groupPathKeys, path.pathKeys) ? [passOf(first)] : [];
  const others = rollups.slice(sortedFirst.length);
  const all = [...unsortable, ...others.flatMap((rollup) => rollup.sets)];
  if (rollups.length > 0 && hashBytes(request, path, all) > root.global.settings.hashMemBytes) return;
  if (others.some((rollup) => !rollup.hashable)) return;
  const filled = all.filter((refs) => refs.length > 0);
  const empty = all.filter((refs) => refs.length === 0);
  if (filled.length === 0) return;
  const rest = empty.length > 0 ? [{ sets: empty, order: [], isHashed: false }] : sortedFirst;
  addSetsPath(request, path, [...hashedPasses(filled), ...rest]);
}

/** Sorted passes; and with some of them hashed instead, as many as fit into memory. */
function addSorted(request: Request, path: Path, hashAllowed: boolean): void {
  const { rollups, unsortable } = required(request.root.groupingSetPlan, 'grouping sets');
  if (hashAllowed && rollups.some((rollup) => rollup.hashable)) {
    const hashed = hashedBesides(request, path, rollups, unsortable);
    const sets = [...unsortable, ...hashed.flatMap((rollup) => rollup.sets)];
    if (sets.length > 0) {
      const sorted = rollups.filter((rollup) => !hashed.includes(rollup)).map(passOf);
      addSetsPath(request, path, [...hashedPasses([...sets].reverse()), ...sorted]);
    }
  } else if (hashAllowed && unsortable.length > 0) {
    addSetsPath(request, path, [...hashedPasses([...unsortable].reverse()), ...rollups.map(passOf)]);
  }
  if (unsortable.length === 0) addSetsPath(request, path, rollups.map(passOf));
}

/** The later rollups whose hash tables fit into memory together: the most of them, as each saves one sort. */
function hashedBesides(
  request: Request,
  path: Path,
  rollups: readonly Rollup[],
  unsortable: readonly (readonly number[])[],
): readonly Rollup[] {
  let space = request.root.global.settings.hashMemBytes - hashBytes(request, path, unsortable);
  const candidates = rollups.slice(1).filter((rollup) => rollup.hashable);
  const sized = candidates
    .map((rollup) => ({ rollup, bytes: hashBytes(request, path, rollup.sets) }))
    .sort((left, right) => left.bytes - right.bytes);
  const taken = new Set<Rollup>();
  for (const { rollup, bytes } of sized) {
    if (bytes > space) break;
    space -= bytes;
    taken.add(rollup);
  }
  return candidates.filter((rollup) => taken.has(rollup));
}

function addSetsPath(request: Request, subpath: Path, passes: readonly Pass[]): void {
  const { root, rel, target, quals, costs, groupsOf } = request;
  const { settings } = root.global;
  const { width } = subpath.target;
  const strategy = strategyOf(passes);
  let startup = 0;
  let total = 0;
  let groups = 0;
  let sawSorted = false;
  passes.forEach((pass, index) => {
    const count = pass.sets.reduce((sum, refs) => sum + groupsOf(refs), 0);
    groups += count;
    const input = ((): { startup: number; total: number } => {
      if (index === 0) return { startup: subpath.startupCost, total: subpath.totalCost };
      if (pass.isHashed || !sawSorted) return { startup: 0, total: 0 };
      return sortCost(settings, 0, subpath.rows, width, -1);
    })();
    if (!pass.isHashed) sawSorted = true;
    const own = index === 0 ? strategy : pass.isHashed ? 'hashed' : 'sorted';
    const cost = aggCost(root, own, costs, pass.order.length, count, quals, input, subpath.rows, width);
    if (index === 0) startup = cost.startup;
    total += cost.total;
  });
  let rows = groups;
  if (quals.length > 0) rows = clampRows(rows * listSelectivity(root, quals, noJoin));
  const path: GroupingSetsPath = {
    kind: 'GroupingSets',
    rel,
    target,
    param: null,
    rows,
    startupCost: startup + target.startupCost,
    totalCost: total + target.startupCost + target.perTupleCost * rows,
    // One sorted pass leaves its rows in the order of its sort, subtotals after their rows.
    pathKeys: strategy === 'sorted' && passes.length === 1 ? root.groupPathKeys : [],
    subpath,
    groupClause: root.groupClause,
    sets: stepsOf(passes),
    quals,
    groupCount: groups,
  };
  addPath(rel, path);
}

function strategyOf(passes: readonly Pass[]): 'plain' | 'sorted' | 'hashed' | 'mixed' {
  const [first] = passes;
  if (passes.every((pass) => pass.isHashed)) return 'hashed';
  if (passes.some((pass) => pass.isHashed)) return 'mixed';
  return passes.length === 1 && first?.order.length === 0 ? 'plain' : 'sorted';
}

/** The sets one by one; the first set of every later sorted pass says how its input is to be sorted. */
function stepsOf(passes: readonly Pass[]): GroupingSetStep[] {
  const firstSorted = passes.find((pass) => !pass.isHashed);
  return passes.flatMap((pass) =>
    pass.sets.map((refs, index): GroupingSetStep => {
      if (pass.isHashed) return { refs, strategy: 'hashed', sortRefs: null };
      const strategy = refs.length === 0 ? 'plain' : 'sorted';
      return { refs, strategy, sortRefs: pass === firstSorted || index > 0 ? null : pass.order };
    }),
  );
}
