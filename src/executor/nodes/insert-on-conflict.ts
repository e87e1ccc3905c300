// INSERT ... ON CONFLICT: looks for a row that holds one of the arbiters' keys, and then inserts, skips or updates. The
// keys' locks, taken with the look, make sure that nobody else inserts one before the insert. Where computing a key may
// wait nothing is locked that early: the row is inserted speculatively, as PostgreSQL does it always.
import type { Awaitable } from '../../base/awaitable.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { StoredRow } from '../../storage/api.js';
import type { PlanOnConflict } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import type { IndexWriter } from '../modify/index-maintenance.js';
import type { InsertedRows } from '../modify/target-table.js';
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
  /** Others may act between the look and the insert. */
  private readonly isSpeculative: boolean;

  constructor(
    private readonly node: ModifyTableNode,
    private readonly clause: PlanOnConflict,
  ) {
    const { x, relation, target } = node;
    const decides = (index: IndexWriter): boolean =>
      clause.arbiterIndexes.length === 0 ? index.index.isUnique : clause.arbiterIndexes.includes(index.index.oid);
    this.arbiters = target.indexes.filter(decides);
    this.isSpeculative = target.indexes.some((index) => index.mayWait);
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
        const stored = await this.store(row);
        if (stored === null) continue;
        this.affected.add(stored.rowids[0] as number);
        return node.inserted(stored, [input]);
      }
      if (this.clause.action === 'nothing') {
        this.requireVisible(rowid);
        return;
      }
      if (await this.update(rowid, row, input)) return;
    }
  }

  /** Null where somebody else has inserted the key meanwhile. */
  private store(row: Row): Awaitable<InsertedRows | null> {
    const { target } = this.node;
    return this.isSpeculative ? target.insertSpeculatively(row, this.arbiters) : target.insertReady([row]);
  }

  private async conflict(row: Row): Promise<number | null> {
    const { target } = this.node;
    for (const arbiter of this.arbiters) {
      if (!arbiter.index.isImmediate) throw deferrableArbiter(arbiter.index, target.relation);
      const rowid = await (this.isSpeculative ? arbiter.probe(row, target.table) : arbiter.holder(row));
      if (rowid !== null) return rowid;
    }
    return null;
  }

  /** False where the row vanished meanwhile: the insert is tried again. */
  private async update(rowid: number, proposed: Row, input: Row): Promise<boolean> {
    const { node, program } = this;
    const { x, target } = node;
    const before = this.versionOf(rowid);
    const wait = target.lock(rowid, target.lockMode(program.changed), 'inserting index');
    if (wait instanceof Promise) {
      await wait;
      // Whoever had it locked may have given it another key.
      if (this.versionOf(rowid) !== before) return false;
    }
    const latest = x.context.transaction.latestView();
    const existing = target.table.get(latest, rowid, null);
    if (this.affected.has(rowid)) throw secondTime();
    this.requireUnchanged(rowid, existing);
    if (existing === null) return false;
    this.requireVisible(rowid);
    const old = node.withSystem(existing.values, rowid, existing.stamp);
    if (program.where !== null && !(await program.where.run(x, old, proposed, proposed))) return true;
    const values = await program.set.run(x, old, proposed, proposed);
    this.affected.add(rowid);
    await node.applyUpdate(existing, node.updatedRow(existing, values, this.clause.setColumns), input, program.changed);
    return true;
  }

  /** Who wrote the row's newest version; null where it is gone. */
  private versionOf(rowid: number): bigint | null {
    const { target, x } = this.node;
    return target.table.get(x.context.transaction.latestView(), rowid, [])?.stamp ?? null;
  }

  /** REPEATABLE READ must not change a row that others have changed since its snapshot. */
  private requireUnchanged(rowid: number, existing: StoredRow | null): void {
    const { transaction, view } = this.node.x.context;
    if (transaction.isolation !== 'repeatable read' && transaction.isolation !== 'serializable') return;
    const seen = this.node.target.table.get(view, rowid, []);
    if (
      seen === null ||
      existing?.stamp === seen.stamp ||
      (existing !== null && transaction.store.isOwn(existing.stamp))
    )
      return;
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
