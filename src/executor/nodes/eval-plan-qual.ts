// EvalPlanQual (manual, section 13.2.1): after waiting for a concurrent update, READ COMMITTED runs the plan again for
// just the rows in hand, the changed ones in their newest version, to see whether they still qualify and with what
// result. Scans of those relations give exactly that row.
import type { StoredRow } from '../../storage/api.js';
import type { Plan, PlanRowMark } from '../../trees/plan.js';
import type { Row, Tid, Value } from '../../types/value.js';
import { rowIdFromTid } from '../../storage/ctid.js';
import { buildNode } from '../build-node.js';
import { RunState } from '../state.js';
import { tableStore } from '../tables.js';
import { scannedRelation } from './relation-scan.js';

/** By RT index: the row that a scan gives, null for none. */
export type EvalPlanQualRows = Map<number, StoredRow | null>;

/** The plan's row for the given table rows; null where they no longer qualify. */
export async function evalPlanQual(x: RunState, plan: Plan, rows: EvalPlanQualRows): Promise<Row | null> {
  const recheck = new RunState(x.unit, x.context, x.planned);
  recheck.evalPlanQual = rows;
  x.p.forEach((value, param) => {
    recheck.p[param] = value;
  });
  for (const [param, plan] of x.initPlans) recheck.initPlans.set(param, plan);
  for (const [param, table] of x.workTables) recheck.workTables.set(param, table);
  const node = buildNode(plan, recheck);
  try {
    const batch = await node.next(1);
    return batch?.[0] ?? null;
  } finally {
    node.close();
    recheck.close();
  }
}

/** Position of a junk column, -1 where the plan has none of that name. */
export function junkColumn(plan: Plan, name: string): number {
  return plan.targetList.findIndex((target) => target.name === name && target.junk);
}

/** Rowid in a junk column: plans carry ctid values or rowids. */
export function rowIdOf(value: Value | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'number' ? value : rowIdFromTid(value as Tid);
}

/** RT index of the table that a marked row is of: the marked relation, or one of its inheritance children. */
export function markedIndex(plan: Plan, mark: PlanRowMark, row: Row): number {
  if (mark.members === undefined) return mark.rtIndex;
  const oid = row[junkColumn(plan, `tableoid${mark.rowMarkId}`)];
  return mark.members.find(({ relation }) => relation === oid)?.rtIndex ?? mark.rtIndex;
}

/** The other relations' rows as the statement saw them, for a recheck. */
export function markedRows(x: RunState, plan: Plan, marks: readonly PlanRowMark[], row: Row): EvalPlanQualRows {
  const rows: EvalPlanQualRows = new Map();
  for (const mark of marks) {
    if (mark.mark === 'copy') continue;
    const column = junkColumn(plan, `ctid${mark.rowMarkId}`);
    if (column < 0) continue;
    const rowid = rowIdOf(row[column]);
    for (const { rtIndex } of mark.members ?? []) rows.set(rtIndex, null);
    const rtIndex = markedIndex(plan, mark, row);
    const table = tableStore(x, scannedRelation(x.unit, rtIndex));
    rows.set(rtIndex, rowid === null ? null : table.get(x.context.view, rowid, null));
  }
  return rows;
}
