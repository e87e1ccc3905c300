// ModifyTable: takes rows from its plan, writes the target table, gives RETURNING rows. INSERT writes batch by batch;
// UPDATE, DELETE and MERGE lock each row first and follow concurrent changes (EvalPlanQual). BEFORE triggers fire on the
// way; the statement's end checks foreign keys and deferrable keys and fires AFTER triggers.
import { type Awaitable, chain } from '../../base/awaitable.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { batchRowsMax } from '../../base/limits.js';
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import type { StoredRow } from '../../storage/api.js';
import type { RowLockMode } from '../../transaction/api.js';
import type { ModifyMember, ModifyTable, Plan } from '../../trees/plan.js';
import type { Row, Value } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import type { RowSources } from '../expressions/emitter.js';
import { planChildren } from '../expressions/unit.js';
import { type InsertedRows, type TargetTable, commandOf, openTarget } from '../modify/target-table.js';
import { failingRow } from '../modify/row-description.js';
import { agreeIn, sameValue } from '../modify/key-attributes.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { type RowTriggers, firesOnRows, rowTriggers } from '../triggers/row-triggers.js';
import { type WatchedRows, alreadyModified, unwatchRows, watchRows } from '../triggers/self-changes.js';
import { StatementTriggers } from '../triggers/statement-triggers.js';
import { currentVersion } from './current-version.js';
import { evalPlanQual, junkColumn, markedRows, rowIdOf } from './eval-plan-qual.js';
import { InsertOnConflict } from './insert-on-conflict.js';
import { MergeWriter } from './merge.js';
import { scannedRelation } from './relation-scan.js';

/** What is compiled for one written table. */
interface TableProgram {
  readonly returning: RowProgram | null;
  readonly checkOptions: readonly { readonly viewName: string; readonly program: QualProgram }[];
  readonly updateColumns: readonly number[];
  readonly changed: ReadonlySet<number>;
  /** MERGE: columns that any of its actions assigns. */
  readonly mergeAssigned: ReadonlySet<number> | null;
}

interface ModifyProgram {
  readonly root: TableProgram;
  readonly members: readonly TableProgram[];
  /** The plan can't give the same target row twice. */
  readonly isDistinct: boolean;
  /** RETURNING or a check option reads initplans. */
  readonly needsInit: boolean;
  readonly ctidColumn: number;
  /** The column that says which member table a row is of; -1 where the target has none. */
  readonly tableColumn: number;
}

/** A table that the command writes: its target, or a member of the target's inheritance tree. */
export interface WrittenTable {
  readonly rtIndex: number;
  readonly relation: RelationDescriptor;
  readonly target: TargetTable;
  readonly program: TableProgram;
  /** Rows that this command changed, kept where its plan may give one twice. */
  readonly touched: Set<number> | null;
  /** What fires before its rows are written. */
  readonly triggers: RowTriggers | null;
  /** Rows that triggers changed meanwhile. */
  readonly watched: WatchedRows | null;
}

/** A locked target row in its current version, with the plan's row for it. */
interface LocatedRow {
  readonly row: StoredRow;
  readonly input: Row;
}

export class ModifyTableNode implements PlanNode {
  readonly relation: RelationDescriptor;
  readonly target: TargetTable;
  /** Rows that this command changed, kept where its plan may give one twice. */
  readonly touched: Set<number> | null;
  private readonly child: PlanNode;
  private readonly program: ModifyProgram;
  /** The table that the statement names. */
  readonly root: WrittenTable;
  /** By the table's OID. */
  private readonly members = new Map<number, WrittenTable>();
  private readonly onConflict: InsertOnConflict | null;
  private readonly merge: MergeWriter | null;
  private readonly statementTriggers: StatementTriggers | null;
  /** BEFORE ROW triggers fire on some of the tables. */
  private readonly firesBefore: boolean;
  private out: Batch = [];
  private ended = false;
  private started = false;

  constructor(
    readonly x: RunState,
    readonly plan: ModifyTable,
  ) {
    this.relation = scannedRelation(x.unit, plan.resultRelation);
    this.program = x.unit.cached(plan, () => compileModify(x, plan, this.relation));
    this.target = openTarget(x, this.relation, this.relation, commandOf(x));
    this.firesBefore = firesOnRows(x, this.relation) || (plan.members ?? []).some((member) => this.firesOn(member));
    this.touched = this.program.isDistinct && plan.operation !== 'merge' && !this.firesBefore ? null : new Set();
    this.root = {
      rtIndex: plan.resultRelation,
      relation: this.relation,
      target: this.target,
      program: this.program.root,
      touched: this.touched,
      ...this.rowTriggersOf(this.relation),
    };
    for (const [n, program] of this.program.members.entries()) this.addMember(plan.members?.[n], program);
    this.statementTriggers = StatementTriggers.of(x, this.relation, plan);
    this.child = buildNode(plan.outer, x);
    this.onConflict = plan.onConflict === null ? null : new InsertOnConflict(this, plan.onConflict);
    this.merge = plan.operation === 'merge' ? new MergeWriter(this) : null;
    if (plan.canSetTag) x.counts ??= { processed: 0 };
  }

  private addMember(member: ModifyMember | undefined, program: TableProgram): void {
    if (member === undefined) return;
    const relation = scannedRelation(this.x.unit, member.resultRelation);
    const isRoot = relation.oid === this.relation.oid;
    const target = isRoot ? this.target : openTarget(this.x, relation, this.relation, commandOf(this.x));
    const touched = this.touched === null ? null : new Set<number>();
    const { triggers, watched } = isRoot ? this.root : this.rowTriggersOf(relation);
    const table = { rtIndex: member.resultRelation, relation, target, program, touched, triggers, watched };
    this.members.set(relation.oid, table);
  }

  private firesOn({ resultRelation }: ModifyMember): boolean {
    return firesOnRows(this.x, scannedRelation(this.x.unit, resultRelation));
  }

  /** A table's row triggers; its rows are watched where those of any table fire. */
  private rowTriggersOf(relation: RelationDescriptor): Pick<WrittenTable, 'triggers' | 'watched'> {
    if (!this.firesBefore) return { triggers: null, watched: null };
    const { store } = this.x.context.transaction;
    return { triggers: rowTriggers(this.x, relation), watched: watchRows(store, relation.file.filenode) };
  }

  /** The table that an input row of UPDATE, DELETE or MERGE belongs to; the target itself where it is of none. */
  tableOf(input: Row): WrittenTable {
    const { tableColumn } = this.program;
    if (tableColumn < 0) return this.root;
    return this.members.get(input[tableColumn] as number) ?? this.root;
  }

  next(rowCountMax: number): Awaitable<Batch | null> {
    for (;;) {
      const step = this.step(rowCountMax);
      if (step instanceof Promise) return this.nextAfter(step, rowCountMax);
      if (step !== undefined) return step;
    }
  }

  private async nextAfter(wait: Promise<void>, rowCountMax: number): Promise<Batch | null> {
    await wait;
    for (;;) {
      const step = this.step(rowCountMax);
      if (step instanceof Promise) await step;
      else if (step !== undefined) return step;
    }
  }

  /** One step: rows to deliver, null at the end, undefined to go on, or what to wait for before going on. */
  private step(rowCountMax: number): Batch | null | undefined | Promise<void> {
    if (!this.started) {
      const wait = this.start();
      if (wait !== undefined) return wait;
    }
    if (this.out.length > 0) return this.out.splice(0, rowCountMax);
    if (this.ended) return null;
    const batch = this.child.next(this.program.root.returning === null ? batchRowsMax : rowCountMax);
    return batch instanceof Promise ? batch.then((rows) => this.consume(rows)) : this.consume(batch);
  }

  private consume(batch: Batch | null): undefined | Promise<void> {
    if (batch === null) {
      this.ended = true;
      return this.statementTriggers?.after();
    }
    const written = this.write(batch);
    if (written instanceof Promise) return written.then(() => this.pause());
    return this.pause();
  }

  private pause(): undefined | Promise<void> {
    this.x.context.checkInterrupts();
    return this.x.context.yieldToEventLoop();
  }

  private start(): undefined | Promise<void> {
    this.started = true;
    const needsInit = this.program.needsInit || this.merge !== null || this.onConflict !== null;
    return needsInit || this.statementTriggers !== null ? this.prepare() : undefined;
  }

  private async prepare(): Promise<void> {
    for (const { returning, checkOptions } of [this.program.root, ...this.program.members]) {
      if (returning !== null) await this.x.ensureInit(returning.initParams);
      for (const { program } of checkOptions) await this.x.ensureInit(program.initParams);
    }
    if (this.merge !== null) await this.merge.prepare();
    if (this.onConflict !== null) await this.onConflict.prepare();
    await this.statementTriggers?.before();
  }

  private write(batch: Batch): Awaitable<void> {
    const { onConflict, merge } = this;
    if (merge !== null) return eachRow(batch, (row) => merge.apply(row));
    switch (this.plan.operation) {
      case 'insert':
        return this.insertBatch(batch, onConflict);
      case 'update':
        return eachRow(batch, (row) => this.updateOne(row));
      case 'delete':
        return eachRow(batch, (row) => this.deleteOne(row));
      case 'merge':
        return undefined;
    }
  }

  private insertBatch(batch: Batch, onConflict: InsertOnConflict | null): Awaitable<void> {
    const firesBefore = (this.root.triggers?.program.insert.beforeRow.length ?? 0) > 0;
    if (onConflict === null && !firesBefore)
      return this.insertRows(
        batch.map((row) => this.newRow(row)),
        batch,
      );
    return eachRow(batch, (input) =>
      chain(this.beforeInsert(this.newRow(input)), (row) => {
        if (row === null) return undefined;
        return onConflict === null ? this.insertRows([row], [input]) : onConflict.insert(row, input);
      }),
    );
  }

  /** The row as BEFORE INSERT triggers leave it; null where one skips it. */
  beforeInsert(row: Row): Awaitable<Row | null> {
    return this.root.triggers === null ? row : this.root.triggers.beforeInsert(row);
  }

  /** The plan's row is the new row, perhaps with junk behind it. */
  private newRow(row: Row): Row {
    const width = this.relation.attributes.length;
    if (row.length === width) return row;
    if (row.length > width) return row.slice(0, width);
    return [...row, ...new Array<Value>(width - row.length).fill(null)];
  }

  insertRows(rows: readonly Row[], inputs: readonly Row[]): Awaitable<void> {
    return chain(this.target.insertAll(rows), (stored) => this.inserted(stored, inputs));
  }

  /** Counts stored rows and makes their RETURNING rows. */
  inserted(stored: InsertedRows, inputs: readonly Row[]): Awaitable<void> {
    const { checkOptions, returning } = this.program.root;
    if (checkOptions.length === 0 && returning === null) return this.count(stored.rows.length);
    return this.reportInserted(stored, inputs);
  }

  private reportInserted(stored: InsertedRows, inputs: readonly Row[]): Awaitable<void> {
    const isChecked = this.program.root.checkOptions.length > 0;
    let n = 0;
    return eachRow(stored.rows, (values) => {
      const row = { rowid: stored.rowids[n] as number, stamp: this.target.stamp, values };
      const input = inputs[n++] as Row;
      return isChecked ? this.checkViews(values).then(() => this.report(row, input)) : this.report(row, input);
    });
  }

  private updateOne(input: Row): Awaitable<void> {
    const table = this.tableOf(input);
    const { target, program } = table;
    const { updateColumns, changed } = program;
    const strongest = target.lockMode(changed);
    const mode = strongest === 'remove' && this.keepsKey(table, input) ? 'noKeyUpdate' : strongest;
    return chain(this.locate(table, input, mode, 'updating'), (located) => {
      if (located === null) return undefined;
      const row = this.updatedRow(located.row, located.input, updateColumns);
      // Against a version that others made meanwhile the key may change after all.
      const isWeak = mode !== strongest && !agreeIn(located.row.values, row, target.keyAttributes);
      return chain(isWeak ? target.lock(located.row.rowid, strongest, 'updating') : undefined, () =>
        this.applyUpdate(located.row, row, located.input, changed, table),
      );
    });
  }

  /** Key columns that are assigned get the values they have: that needs no lock against FOR KEY SHARE. */
  private keepsKey(table: WrittenTable, input: Row): boolean {
    const rowid = rowIdOf(input[this.program.ctidColumn]);
    if (rowid === null) return false;
    const { keyAttributes } = table.target;
    const seen = table.target.table.get(this.x.context.view, rowid, keyAttributes);
    if (seen === null) return false;
    return table.program.updateColumns.every(
      (column, n) => !keyAttributes.includes(column) || sameValue(input[n] ?? null, seen.values[column - 1] ?? null),
    );
  }

  private deleteOne(input: Row): Awaitable<void> {
    const table = this.tableOf(input);
    return chain(this.locate(table, input, 'remove', 'deleting'), (located) =>
      located === null ? undefined : this.applyDelete(located.row, located.input, table),
    );
  }

  /** Updates a locked row, unless a BEFORE trigger skips it. */
  applyUpdate(
    old: StoredRow,
    row: Row,
    input: Row,
    changed: ReadonlySet<number>,
    table: WrittenTable = this.root,
  ): Awaitable<void> {
    const { triggers } = table;
    const assigned = table.program.mergeAssigned ?? changed;
    if (triggers === null || triggers.program.update.beforeRow.length === 0)
      return this.storeUpdate(old, row, input, { changed, assigned }, table);
    return chain(triggers.beforeUpdate(old, row, assigned), (ready) => {
      if (ready === null) return undefined;
      this.requireUntouched(table, old.rowid, 'updated');
      if (ready === row) return this.storeUpdate(old, row, input, { changed, assigned }, table);
      const { target } = table;
      const changesKey = !agreeIn(old.values, ready, target.keyAttributes);
      return chain(changesKey ? target.lock(old.rowid, 'remove', 'updating') : undefined, () =>
        this.storeUpdate(old, ready, input, { changed: null, assigned }, table),
      );
    });
  }

  private storeUpdate(
    old: StoredRow,
    row: Row,
    input: Row,
    columns: { readonly changed: ReadonlySet<number> | null; readonly assigned: ReadonlySet<number> },
    table: WrittenTable,
  ): Awaitable<void> {
    const { target } = table;
    // ON CONFLICT and triggers want the row to stay as it is before they say what becomes of it.
    const wasLocked = this.onConflict !== null || (table.triggers?.program.update.beforeRow.length ?? 0) > 0;
    return chain(target.update(old, row, columns.changed, columns.assigned, wasLocked), (stored) => {
      table.touched?.add(old.rowid);
      const updated = { rowid: old.rowid, stamp: target.updatedStamp(old, wasLocked), values: stored };
      if (table.program.checkOptions.length === 0) return this.report(updated, input, table);
      return this.checkViews(stored, table).then(() => this.report(updated, input, table));
    });
  }

  /** Deletes a locked row, unless a BEFORE trigger skips it. */
  applyDelete(old: StoredRow, input: Row, table: WrittenTable = this.root): Awaitable<void> {
    const { triggers } = table;
    if (triggers === null || triggers.program.delete.beforeRow.length === 0) return this.storeDelete(old, input, table);
    return chain(triggers.beforeDelete(old), (goesOn) => {
      if (!goesOn) return undefined;
      this.requireUntouched(table, old.rowid, 'deleted');
      return this.storeDelete(old, input, table);
    });
  }

  private storeDelete(old: StoredRow, input: Row, table: WrittenTable): Awaitable<void> {
    return chain(table.target.delete(old), () => {
      table.touched?.add(old.rowid);
      if (table.program.returning === null) return this.report(old, input, table);
      const [stamp, deleter] = table.target.deletedStamps(old);
      return this.report({ ...old, stamp }, input, table, deleter);
    });
  }

  /** 27000 where a trigger of this statement changed the row that the statement is about to change. */
  requireUntouched(table: WrittenTable, rowid: number, verb: 'updated' | 'deleted'): void {
    if (table.watched?.has(rowid) !== true || table.touched?.has(rowid) === true) return;
    throw alreadyModified(this.plan.operation === 'merge' ? 'updated or deleted' : verb);
  }

  /** Locks the row that an input row names and returns its current version, the input re-evaluated where others changed
   *  it; null where there is nothing left to do. */
  private locate(
    table: WrittenTable,
    input: Row,
    mode: RowLockMode,
    doing: 'updating' | 'deleting',
  ): Awaitable<LocatedRow | null> {
    const rowid = rowIdOf(input[this.program.ctidColumn]);
    if (rowid === null) return null;
    return chain(table.target.lock(rowid, mode, doing), () => {
      this.requireUntouched(table, rowid, this.locatedVerb(table));
      const version = currentVersion(this.x, table.target.table, rowid, { goneVerb: 'delete', touched: table.touched });
      if (version.state === 'same') return { row: version.row, input };
      if (version.state !== 'changed') return null;
      // The row is locked: this version stays while the plan is re-evaluated for it.
      return this.reevaluate(input, version.row, table).then((again) =>
        again === null ? null : { row: version.row, input: again },
      );
    });
  }

  /** What 27000 says: where BEFORE ROW triggers are to fire, a row is always one to be updated. */
  private locatedVerb({ triggers }: WrittenTable): 'updated' | 'deleted' {
    const isPlainDelete = this.plan.operation === 'delete' && (triggers?.program.delete.beforeRow.length ?? 0) === 0;
    return isPlainDelete ? 'deleted' : 'updated';
  }

  /** The plan's row for a new version of the target row; null where it no longer qualifies. */
  reevaluate(input: Row, version: StoredRow, table: WrittenTable = this.root): Promise<Row | null> {
    const rows = markedRows(this.x, this.plan.outer, this.plan.rowMarks, input);
    for (const member of this.members.values()) rows.set(member.rtIndex, null);
    rows.set(table.rtIndex, version);
    return evalPlanQual(this.x, this.plan.outer, rows);
  }

  /** The old row with the assigned columns replaced by the input's first columns. */
  updatedRow(old: StoredRow, values: Row, columns: readonly number[]): Row {
    const row: Value[] = [...old.values];
    for (let n = 0; n < columns.length; n++) row[(columns[n] as number) - 1] = values[n] as Value;
    return row;
  }

  async checkViews(row: Row, table: WrittenTable = this.root): Promise<void> {
    for (const { viewName, program } of table.program.checkOptions) {
      if (await program.run(this.x, this.withSystem(row, 0, 0n))) continue;
      throw pgError(SqlState.withCheckOptionViolation, `new row violates check option for view "${viewName}"`, {
        detail: failingRow(this.x, table.relation, row),
      });
    }
  }

  /** Counts written rows for the command tag. */
  private count(rowCount: number): void {
    if (this.plan.canSetTag && this.x.counts !== null) this.x.counts.processed += rowCount;
  }

  /** Counts a written row and makes its RETURNING row. */
  report(row: StoredRow, input: Row, table: WrittenTable = this.root, deleter?: bigint): Promise<void> | undefined {
    const { returning } = table.program;
    this.count(1);
    if (returning === null) return undefined;
    const full = this.withSystem(row.values, row.rowid, row.stamp);
    if (deleter !== undefined) full.push(deleter);
    const result = returning.run(this.x, full, input, input);
    if (result instanceof Promise) {
      return result.then((output) => {
        this.out.push(output);
      });
    }
    this.out.push(result);
    return undefined;
  }

  withSystem(values: Row, rowid: number, stamp: bigint): Value[] {
    return [...values, rowid, stamp];
  }

  rescan(): void {
    throw new Error('ModifyTable is never rescanned');
  }

  close(): void {
    this.child.close();
    if (!this.firesBefore) return;
    const { store } = this.x.context.transaction;
    for (const { watched, relation } of [this.root, ...this.members.values()])
      if (watched !== null) unwatchRows(store, relation.file.filenode, watched);
  }
}

/** How ON CONFLICT, MERGE and RETURNING expressions find their rows: the target's row is the scan row. */
export function modifySources(relation: RelationDescriptor): RowSources {
  return { systemColumnBase: relation.attributes.length };
}

function compileModify(x: RunState, plan: ModifyTable, relation: RelationDescriptor): ModifyProgram {
  const root = compileTable(x, plan, relation);
  const members = (plan.members ?? []).map((member) =>
    compileTable(x, member, scannedRelation(x.unit, member.resultRelation)),
  );
  return {
    root,
    members,
    needsInit: [root, ...members].some(readsInitPlans),
    isDistinct: !mayRepeatRows(plan.outer),
    ctidColumn: plan.operation === 'insert' ? -1 : requireJunk(plan, 'ctid'),
    tableColumn: members.length === 0 ? -1 : junkColumn(plan.outer, 'tableoid'),
  };
}

function compileTable(x: RunState, plan: ModifyTable | ModifyMember, relation: RelationDescriptor): TableProgram {
  const sources = modifySources(relation);
  return {
    returning: plan.returningList.length === 0 ? null : compileTargets(x.unit, plan.returningList, sources),
    checkOptions: plan.withCheckOptions.map(({ viewName, qual }) => ({
      viewName,
      program: compileQual(x.unit, [qual], sources) as QualProgram,
    })),
    updateColumns: plan.updateColumns,
    changed: new Set(plan.updateColumns),
    mergeAssigned:
      plan.mergeActions.length === 0 ? null : new Set(plan.mergeActions.flatMap(({ updateColumns }) => updateColumns)),
  };
}

function readsInitPlans({ returning, checkOptions }: TableProgram): boolean {
  return (
    (returning !== null && returning.initParams.length > 0) ||
    checkOptions.some(({ program }) => program.initParams.length > 0)
  );
}

/** Applies an action to rows one after the other, without a promise as long as none waits. */
function eachRow(rows: readonly Row[], apply: (row: Row) => Awaitable<void>): Awaitable<void> {
  for (let n = 0; n < rows.length; n++) {
    const wait = apply(rows[n] as Row);
    if (wait instanceof Promise) return restOfRows(rows, n + 1, apply, wait);
  }
  return undefined;
}

async function restOfRows(
  rows: readonly Row[],
  from: number,
  apply: (row: Row) => Awaitable<void>,
  wait: Promise<void>,
): Promise<void> {
  await wait;
  for (let n = from; n < rows.length; n++) await apply(rows[n] as Row);
}

function requireJunk(plan: ModifyTable, name: string): number {
  const column = junkColumn(plan.outer, name);
  if (column < 0) throw notSupported('changing this view');
  return column;
}

/** A join or a union may give one target row several times. */
function mayRepeatRows(plan: Plan): boolean {
  if (plan.kind === 'NestLoop' || plan.kind === 'HashJoin' || plan.kind === 'MergeJoin' || plan.kind === 'Append')
    return true;
  return planChildren(plan).some(mayRepeatRows);
}
