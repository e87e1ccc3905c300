// Memoize: a cache of inner results, keyed by the parameters of a nested loop.
import type { Path, MemoizePath } from '../path.js';
import type { PlannerInfo } from '../planner-info.js';
import type { JoinSetup } from './join-paths.js';

/** The inner path behind a cache; null where caching is impossible or pointless. */
export function memoizePath(_root: PlannerInfo, _setup: JoinSetup, _outer: Path, _inner: Path): MemoizePath | null {
  return null;
}
