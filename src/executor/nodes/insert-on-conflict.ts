// INSERT ... ON CONFLICT: takes the arbiter keys' locks, looks for a row that holds one, and then inserts, skips or
// updates. The locks make sure that nobody else inserts the key between the look and the insert.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { StoredRow } from '../../storage/api.js';
import type { PlanOnConflict } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import type { IndexWriter } from '../modify/index-maintenance.js';
import { type ModifyTableNode, modifySources } from './modify-table.js';

interface ConflictProgram {
  readonly set: RowProgram;
  readonly where: QualProgram | null;
  readonly changed: ReadonlySet<number>;
}

export class InsertOnConflict {
  private readonly arbiters: readonly IndexWriter[];
  private readonly program: ConflictProgram;
  private readonly affected = new Set<number>();

  constructor(
    private readonly node: ModifyTableNode,
    private readonly clause: PlanOnConflict,
  ) {
    const { x, relation, target } = node;
    const decides = (index: IndexWriter): boolean =>
      clause.arbiterIndexes.length === 0 ? index.index.isUnique : clause.arbiterIndexes.includes(index.index.oid);
    this.arbiters = target.indexes.filter(decides);
    this.program = x.unit.cached(clause, () => {
      const sources = {
        ...modifySources(relation),
        // EXCLUDED is the row proposed for insertion.
        rowOf: (varno: number) => (varno === clause.excludedRtIndex ? 'i' : null),
      };
      return {
        set: compileTargets(x.unit, clause.set, sources),
        where: clause.where === null ? null : compileQual(x.unit, [clause.where], sources),
        changed: new Set(clause.setColumns),
      };
    });
  }

  async prepare(): Promise<void> {
    await this.node.x.ensureInit(this.program.set.initParams);
    if (this.program.where !== null) await this.node.x.ensureInit(this.program.where.initParams);
  }

  /** Inserts a proposed row, or acts on the row it conflicts with. */
  async insert(proposed: Row, input: Row): Promise<void> {
    const { node } = this;
    // Constraints hold for the proposed row whether or not it will be inserted.
    const row = await node.target.prepare(proposed);
    for (;;) {
      const rowid = await this.conflict(row);
      if (rowid === null) {
        await node.insertRows([proposed], [input]);
        const own = await this.conflict(row);
        if (own !== null) this.affected.add(own);
        return;
      }
      if (this.clause.action === 'nothing') {
        this.requireVisible(rowid);
        return;
      }
      if (await this.update(rowid, row, input)) return;
    }
  }

  private async conflict(row: Row): Promise<number | null> {
    for (const arbiter of this.arbiters) {
      if (!arbiter.index.isImmediate) throw deferrableArbiter(arbiter.index, this.node.target.relation);
      const rowid = await arbiter.holder(row);
      if (rowid !== null) return rowid;
    }
    return null;
  }

  /** False where the row vanished meanwhile: the insert is tried again. */
  private async update(rowid: number, proposed: Row, input: Row): Promise<boolean> {
    const { node, program } = this;
    const { x, target } = node;
    const wait = target.lock(rowid, target.lockMode(program.changed), 'inserting index');
    if (wait instanceof Promise) {
      await wait;
      // Whoever had it locked may have given it another key.
      if ((await this.conflict(proposed)) !== rowid) return false;
    }
    const latest = x.context.transaction.latestView();
    const existing = target.table.get(latest, rowid, null);
    if (this.affected.has(rowid)) throw secondTime();
    this.requireUnchanged(rowid, existing);
    if (existing === null) return false;
    this.requireVisible(rowid);
    const old = node.withSystem(existing.values, rowid, existing.xmin);
    if (program.where !== null && !(await program.where.run(x, old, proposed, proposed))) return true;
    const values = await program.set.run(x, old, proposed, proposed);
    this.affected.add(rowid);
    await node.applyUpdate(existing, node.updatedRow(existing, values, this.clause.setColumns), input, program.changed);
    return true;
  }

  /** REPEATABLE READ must not change a row that others have changed since its snapshot. */
  private requireUnchanged(rowid: number, existing: StoredRow | null): void {
    const { transaction, view } = this.node.x.context;
    if (transaction.isolation !== 'repeatable read' && transaction.isolation !== 'serializable') return;
    const seen = this.node.target.table.get(view, rowid, []);
    if (seen === null || existing?.xmin === seen.xmin || existing?.xmin === transaction.store.assignedXid) return;
    const change = existing === null ? 'delete' : 'update';
    throw pgError(SqlState.tRSerializationFailure, `could not serialize access due to concurrent ${change}`);
  }

  /** REPEATABLE READ must not act on a row that its snapshot can't see. */
  private requireVisible(rowid: number): void {
    const { transaction, view } = this.node.x.context;
    if (transaction.isolation !== 'repeatable read' && transaction.isolation !== 'serializable') return;
    const seen: StoredRow | null = this.node.target.table.get(view, rowid, []);
    if (seen !== null || this.affected.has(rowid)) return;
    throw pgError(SqlState.tRSerializationFailure, 'could not serialize access due to concurrent update');
  }
}

function deferrableArbiter(index: IndexDescriptor, relation: RelationDescriptor): Error {
  return pgError(
    SqlState.objectNotInPrerequisiteState,
    'ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters',
    { schema: relation.schemaName, table: relation.name, constraint: index.name },
  );
}

function secondTime(): Error {
  return pgError(SqlState.cardinalityViolation, 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
    hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
  });
}
