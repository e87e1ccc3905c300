// Merge joins: both inputs in the order of the join keys, by sorting them or as they come.
import type { PlannerInfo } from '../planner-info.js';
import type { JoinSetup } from './join-paths.js';

/** Adds merge joins. */
export function addMergePaths(_root: PlannerInfo, _setup: JoinSetup): void {}
