// GROUPING SETS, ROLLUP and CUBE: expanded into plain sets of grouping columns, then arranged in chains in which each set
// is a prefix of the next larger one, so that one sort serves a whole chain. As few chains as possible: a maximum
// matching between sets and the smallest larger sets around them (Hopcroft and Karp, 1973).
import type { GroupingSet, SortGroupClause } from '../../trees/query.js';

/** Grouping sets that one ordering serves. */
export interface Rollup {
  /** The largest set in sort order; every set is a prefix of it. */
  readonly order: readonly number[];
  /** Largest first, by sortGroupRefs. */
  readonly sets: readonly (readonly number[])[];
  /** All its non-empty sets can be hashed. */
  readonly hashable: boolean;
}

export interface GroupingSetPlan {
  readonly rollups: readonly Rollup[];
  /** Sets with a column that can't be sorted: hashed in any case. */
  readonly unsortable: readonly (readonly number[])[];
}

/** How a query's grouping sets may be computed; null where some set can be neither sorted nor hashed. */
export function planGroupingSets(
  sets: readonly (readonly number[])[],
  clauses: readonly SortGroupClause[],
  sortClause: readonly SortGroupClause[],
): GroupingSetPlan | null {
  const refsWhere = (test: (clause: SortGroupClause) => boolean): Set<number> =>
    new Set(clauses.filter(test).map((clause) => clause.sortGroupRef));
  const unhashableRefs = refsWhere((clause) => !clause.hashable);
  const unsortableRefs = refsWhere((clause) => clause.sortOperator === 0);
  const unsortable = sets.filter((refs) => refs.some((ref) => unsortableRefs.has(ref)));
  if (unsortable.some((refs) => refs.some((ref) => unhashableRefs.has(ref)))) return null;
  const sortable = sets.filter((refs) => !unsortable.includes(refs));
  const chains = sortable.length === 0 ? [] : chainsOf(sortable);
  const wanted = chains.length === 1 ? sortClause.map((clause) => clause.sortGroupRef) : [];
  const rollups = chains.map((chain): Rollup => {
    const ordered = orderChain(chain, wanted);
    const order = ordered[0] ?? [];
    return { order, sets: ordered, hashable: order.length > 0 && !order.some((ref) => unhashableRefs.has(ref)) };
  });
  return { rollups, unsortable };
}

/** The plain sets of sortGroupRefs that a GROUP BY clause stands for, small ones first; `distinct`: GROUP BY DISTINCT. */
export function expandGroupingSets(sets: readonly GroupingSet[], distinct: boolean): number[][] {
  let result: number[][] = [[]];
  for (const set of sets) {
    const alternatives = expandOne(set);
    result = result.flatMap((left) => alternatives.map((right) => unite(left, right)));
  }
  if (!distinct) return result.sort((left, right) => left.length - right.length);
  const seen = new Set<string>();
  return result
    .map((refs) => [...refs].sort((a, b) => a - b))
    .sort((left, right) => left.length - right.length || compareRefs(left, right))
    .filter((refs) => {
      const key = refs.join(',');
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

function compareRefs(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((ref, index) => ref !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
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
      for (let mask = 0; mask < 2 ** parts.length; mask++) {
        const chosen = parts.filter((_, index) => (mask >> index) & 1);
        result.push(chosen.reduce<number[]>(unite, []));
      }
      return result;
    }
  }
}

/** Partitions sets (small ones first) into chains under inclusion, each small to large. */
function chainsOf(sets: readonly (readonly number[])[]): (readonly number[])[][] {
  const empty = sets.filter((refs) => refs.length === 0);
  const filled = sets.filter((refs) => refs.length > 0);
  if (filled.length === 0) return [[...sets]];
  const { classes, below } = inclusions(filled);
  const match = matchChains(below);
  const chainOf: number[] = [];
  const chains: (readonly number[])[][] = [];
  classes.forEach((members, at) => {
    const linked = [match.largerToSmaller[at] ?? -1, match.smallerToLarger[at] ?? -1].find(
      (other) => other >= 0 && other < at,
    );
    const chain = linked === undefined ? chains.push([]) - 1 : (chainOf[linked] ?? 0);
    chainOf[at] = chain;
    chains[chain]?.push(...members);
  });
  chains[0]?.unshift(...empty);
  return chains;
}

/** Equal sets as classes; for each class those smaller ones it contains, the nearest first. */
function inclusions(sets: readonly (readonly number[])[]): {
  classes: (readonly number[])[][];
  below: number[][];
} {
  const classes: (readonly number[])[][] = [];
  const below: number[][] = [];
  const contains = (outer: readonly number[], inner: readonly number[]): boolean =>
    inner.every((ref) => outer.includes(ref));
  for (const refs of sets) {
    const same = classes.find(([first = []]) => first.length === refs.length && contains(first, refs));
    if (same !== undefined) {
      same.push(refs);
      continue;
    }
    const smaller = classes.flatMap(([first = []], at) =>
      first.length < refs.length && contains(refs, first) ? [at] : [],
    );
    classes.push([refs]);
    below.push(smaller.reverse());
  }
  return { classes, below };
}

/** A maximum matching of each class to one smaller class: -1 where there is none. */
function matchChains(below: readonly (readonly number[])[]): {
  largerToSmaller: number[];
  smallerToLarger: number[];
} {
  const count = below.length;
  const largerToSmaller = new Array<number>(count).fill(-1);
  const smallerToLarger = new Array<number>(count).fill(-1);
  let distance: number[] = [];
  let free = Number.POSITIVE_INFINITY;
  const distanceOf = (larger: number): number => (larger < 0 ? free : (distance[larger] ?? Number.POSITIVE_INFINITY));
  const search = (): boolean => {
    distance = largerToSmaller.map((smaller) => (smaller < 0 ? 0 : Number.POSITIVE_INFINITY));
    free = Number.POSITIVE_INFINITY;
    const queue = distance.flatMap((value, at) => (value === 0 ? [at] : []));
    for (const larger of queue) {
      if (distanceOf(larger) >= free) continue;
      for (const smaller of [...(below[larger] ?? [])].reverse()) {
        const next = smallerToLarger[smaller] ?? -1;
        if (distanceOf(next) !== Number.POSITIVE_INFINITY) continue;
        if (next < 0) free = distanceOf(larger) + 1;
        else {
          distance[next] = distanceOf(larger) + 1;
          queue.push(next);
        }
      }
    }
    return free !== Number.POSITIVE_INFINITY;
  };
  const augment = (larger: number): boolean => {
    if (larger < 0) return true;
    if (distanceOf(larger) === Number.POSITIVE_INFINITY) return false;
    for (const smaller of [...(below[larger] ?? [])].reverse()) {
      const next = smallerToLarger[smaller] ?? -1;
      if (distanceOf(next) !== distanceOf(larger) + 1 || !augment(next)) continue;
      smallerToLarger[smaller] = larger;
      largerToSmaller[larger] = smaller;
      return true;
    }
    distance[larger] = Number.POSITIVE_INFINITY;
    return false;
  };
  while (search()) {
    for (let larger = 0; larger < count; larger++) if (largerToSmaller[larger] === -1) augment(larger);
  }
  return { largerToSmaller, smallerToLarger };
}

/** The chain's sets, largest first, their columns in an order that makes each a prefix; ORDER BY's where that fits. */
function orderChain(chain: readonly (readonly number[])[], sortRefs: readonly number[]): number[][] {
  const order: number[] = [];
  let wanted = sortRefs;
  const result: number[][] = [];
  for (const refs of chain) {
    let fresh = refs.filter((ref) => !order.includes(ref));
    while (wanted.length > order.length && fresh.length > 0) {
      const next = wanted[order.length] as number;
      if (!fresh.includes(next)) {
        wanted = [];
        break;
      }
      order.push(next);
      fresh = fresh.filter((ref) => ref !== next);
    }
    order.push(...fresh);
    result.unshift([...order]);
  }
  return result;
}
