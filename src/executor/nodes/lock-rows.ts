// LockRows: FOR UPDATE / SHARE. Each row is locked and read again in its newest version; where it changed meanwhile, READ
// COMMITTED re-evaluates the query for it.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { StoredRow, TableStore } from '../../storage/api.js';
import type { RowLockMode, WaitPurpose } from '../../transaction/api.js';
import type { LockRows, PlanRowMark } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { keyAttributesOf } from '../modify/key-attributes.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { tableStore } from '../tables.js';
import { currentVersion } from './current-version.js';
import { evalPlanQual, junkColumn, markedIndex, markedRows, rowIdOf } from './eval-plan-qual.js';
import { scannedRelation } from './relation-scan.js';

interface Mark {
  readonly mark: PlanRowMark;
  readonly mode: RowLockMode;
  readonly column: number;
}

interface LockedTable {
  readonly relation: RelationDescriptor;
  readonly table: TableStore;
  readonly keyAttributes: readonly number[];
  readonly purpose: WaitPurpose;
}

export class LockRowsNode implements PlanNode {
  private readonly child: PlanNode;
  private readonly marks: readonly Mark[];
  private readonly tables = new Map<number, LockedTable>();

  constructor(
    private readonly x: RunState,
    private readonly plan: LockRows,
  ) {
    x.context.transaction.useCommand();
    this.child = buildNode(plan.outer, x);
    this.marks = plan.rowMarks.flatMap((mark) => {
      if (mark.mark === 'reference' || mark.mark === 'copy') return [];
      return [{ mark, mode: mark.mark, column: junkColumn(plan.outer, `ctid${mark.rowMarkId}`) }];
    });
  }

  async next(rowCountMax: number): Promise<Batch | null> {
    for (;;) {
      const batch = await this.child.next(this.x.scannedRowIds === null ? rowCountMax : 1);
      if (batch === null) return null;
      const out: Batch = [];
      for (const row of batch) {
        const locked = await this.lock(row);
        if (locked !== null) out.push(locked);
      }
      if (out.length > 0) return out;
    }
  }

  /** The row, or its re-evaluated form; null where it is skipped or no longer qualifies. */
  private async lock(row: Row): Promise<Row | null> {
    const { x } = this;
    const changed = new Map<number, StoredRow>();
    for (const { mark, mode, column } of this.marks) {
      const rowid = rowIdOf(row[column]);
      if (rowid === null) continue;
      const rtIndex = markedIndex(this.plan.outer, mark, row);
      const { relation, table, keyAttributes, purpose } = this.tableAt(rtIndex);
      const granted = await x.context.transaction.lockRow(
        relation.file.filenode,
        rowid,
        mode,
        mark.waitPolicy,
        purpose,
      );
      if (granted === 'skipped') return null;
      this.x.scannedRowIds?.set(relation.oid, rowid);
      // Who asks for the key alone has no use for a version with the same key.
      const key = mode === 'keyShare' ? keyAttributes : null;
      const version = currentVersion(x, table, rowid, { goneVerb: 'update', touched: null, key });
      if (version.state === 'deleted') x.context.transaction.rowGone(relation.file.filenode, rowid);
      if (version.state === 'deleted' || version.state === 'own') return null;
      if (version.state === 'changed') changed.set(rtIndex, version.row);
    }
    if (changed.size === 0) return row;
    const rows = markedRows(x, this.plan.outer, this.plan.rowMarks, row);
    for (const [rtIndex, version] of changed) rows.set(rtIndex, version);
    return evalPlanQual(x, this.plan.outer, rows);
  }

  private tableAt(rtIndex: number): LockedTable {
    const known = this.tables.get(rtIndex);
    if (known !== undefined) return known;
    const relation = scannedRelation(this.x.unit, rtIndex);
    const made: LockedTable = {
      relation,
      table: tableStore(this.x, relation),
      keyAttributes: keyAttributesOf(relation),
      purpose: { doing: 'locking', relation: relation.name },
    };
    this.tables.set(rtIndex, made);
    return made;
  }

  rescan(): void {
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}
