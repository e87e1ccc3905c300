// Broken invariants of the planner: reaching one of these errors is a bug, reported as XX000.
import type { RelOptInfo, PlannerInfo } from './planner-info.js';
import type { Path } from './path.js';

/** The value, which an invariant says is there. */
export function required<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`planner: ${what} is missing`);
  return value;
}

/** The planner state of an enclosing query level. */
export function requireRoot(root: PlannerInfo | null | undefined): PlannerInfo {
  return required(root, 'outer query level');
}

/** The base relation at a range table index. */
export function findBaseRel(root: PlannerInfo, rtIndex: number): RelOptInfo {
  return required(root.rels[rtIndex], `relation ${rtIndex}`);
}

/** The relation's cheapest path, which every relation has once its paths are set. */
export function cheapest(rel: RelOptInfo): Path {
  return required(rel.cheapestTotal, 'cheapest path');
}
