// Making target entries.
import type { Expression, TargetEntry } from '../trees/expression.js';

/** A target entry that no sort clause refers to yet. */
export function makeTarget(expr: Expression, resno: number, name: string | null, junk = false): TargetEntry {
  return { kind: 'TargetEntry', expr, resno, name, sortGroupRef: 0, originTable: 0, originColumn: 0, junk };
}
