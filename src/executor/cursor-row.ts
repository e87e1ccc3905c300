// Which row a cursor stands on, for WHERE CURRENT OF: a FOR UPDATE cursor knows the rows it locked; another one's plan must
// deliver each row straight from one scan, as PostgreSQL demands.
import type { Plan, PlannedStatement } from '../trees/plan.js';
import { planChildren } from '../trees/plan-children.js';

/** A row (null: the cursor's row comes from another table of the same inheritance tree), or why there is none. */
export type CursorRow =
  | { readonly kind: 'row'; readonly rowid: number | null }
  | { readonly kind: 'notUpdatable' | 'notLocked' | 'lockedTwice' };

/** `scanned`: rowids read or locked for the cursor's row, by relation. */
export function cursorRow(
  planned: PlannedStatement,
  relation: number,
  scanned: ReadonlyMap<number, number> | undefined,
): CursorRow {
  const row: CursorRow = { kind: 'row', rowid: scanned?.get(relation) ?? null };
  const marks = planned.rowMarks.filter((mark) => mark.mark !== 'reference' && mark.mark !== 'copy');
  if (marks.length > 0) {
    const fitting = marks.filter((mark) =>
      mark.members === undefined
        ? relationAt(planned, mark.rtIndex) === relation
        : mark.members.some((member) => member.relation === relation),
    );
    if (fitting.length > 1) return { kind: 'lockedTwice' };
    return fitting.length === 0 ? { kind: 'notLocked' } : row;
  }
  return isSimplyUpdatable(planned.plan) && scans(planned, planned.plan, relation) ? row : { kind: 'notUpdatable' };
}

function relationAt(planned: PlannedStatement, rtIndex: number): number {
  const rte = planned.rangeTable[rtIndex - 1];
  return rte?.kind === 'relation' ? rte.relation : 0;
}

function scans(planned: PlannedStatement, plan: Plan, relation: number): boolean {
  if ('scanRtIndex' in plan && relationAt(planned, plan.scanRtIndex) === relation) return true;
  return planChildren(plan).some((child) => scans(planned, child, relation));
}

/** Each row of the plan comes from one row of a scan, at the moment it is asked for. */
function isSimplyUpdatable(plan: Plan): boolean {
  switch (plan.kind) {
    case 'SeqScan':
    case 'IndexScan':
    case 'IndexOnlyScan':
    case 'BitmapHeapScan':
    case 'TidScan':
    case 'TidRangeScan':
      return true;
    case 'Append':
      return plan.children.every(isSimplyUpdatable);
    case 'Limit':
    case 'Result':
      return plan.outer !== null && isSimplyUpdatable(plan.outer);
    case 'SubqueryScan':
      return isSimplyUpdatable(plan.subplan);
    default:
      return false;
  }
}
