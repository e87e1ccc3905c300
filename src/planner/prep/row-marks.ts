// Row marks: which rows FOR UPDATE/SHARE locks, and which other rows a recheck after a concurrent update needs again.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { PlanRowMark } from '../../trees/plan.js';
import type { PlannerInfo } from '../planner-info.js';
import { treeRelids } from './pull-up.js';

const unlockable: Readonly<Record<string, string>> = { m: 'materialized view', S: 'sequence', t: 'TOAST relation' };

/** Fills `root.rowMarks` for statements that lock or change rows. */
export function preprocessRowMarks(root: PlannerInfo): void {
  const { query, global } = root;
  const changes = query.commandType === 'update' || query.commandType === 'delete' || query.commandType === 'merge';
  if (query.rowMarks.length === 0 && !changes) return;
  const present = new Set(treeRelids(query.joinTree));
  const add = (rtIndex: number, mark: PlanRowMark['mark'], waitPolicy: PlanRowMark['waitPolicy']): void => {
    global.nextRowMarkId++;
    root.rowMarks.push({ rtIndex, rowMarkId: global.nextRowMarkId, mark, waitPolicy });
  };
  for (const clause of query.rowMarks) {
    const rte = root.rangeTable[clause.rtIndex - 1];
    // A subquery's own planning locks its tables; here its rows are copied below.
    if (rte?.kind !== 'relation' || !present.has(clause.rtIndex)) continue;
    present.delete(clause.rtIndex);
    const noun = unlockable[rte.relkind];
    if (noun !== undefined)
      throw pgError(
        SqlState.wrongObjectType,
        `cannot lock rows in ${noun} "${root.global.catalog.requireRelation(rte.relation).name}"`,
      );
    const lockable = rte.relkind === 'r' || rte.relkind === 'p';
    add(clause.rtIndex, lockable ? clause.strength : 'copy', clause.waitPolicy);
  }
  present.delete(query.resultRelation);
  for (const rtIndex of [...present].sort((a, b) => a - b)) {
    const rte = root.rangeTable[rtIndex - 1];
    if (rte === undefined || rte.kind === 'result' || rte.kind === 'join') continue;
    const byReference = rte.kind === 'relation' && (rte.relkind === 'r' || rte.relkind === 'm' || rte.relkind === 'p');
    add(rtIndex, byReference ? 'reference' : 'copy', 'block');
  }
}
