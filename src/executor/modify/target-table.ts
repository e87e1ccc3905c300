// A table under change: generated columns, NOT NULL and CHECK constraints, indexes, foreign keys, for each row written.
// INSERT, UPDATE, DELETE, MERGE, ON CONFLICT, foreign key actions and COPY all write through here.
import { type Awaitable, chain } from '../../base/awaitable.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { firstNormalOid, pgCatalogNamespace } from '../../catalog/oids.js';
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import { defined } from '../../errors/unreachable.js';
import type { CopyLineFormat, CopyLoader, RowPlacement, StoredRow, TableStore } from '../../storage/api.js';
import { deletedStamp, lockedStamp, stampXmax } from '../../storage/row-stamp.js';
import type { RowLockMode, WaitPurpose } from '../../transaction/api.js';
import type { RelationCounts } from '../../transaction/session-statistics.js';
import type { Row, Value } from '../../types/value.js';
import type { ExecutionContext } from '../api.js';
import { type QualProgram, type ScalarProgram, compileScalar } from '../expressions/compile.js';
import { Emitter } from '../expressions/emitter.js';
import { CompileUnit } from '../expressions/unit.js';
import { RunState } from '../state.js';
import { storedExpressions } from '../stored-expressions.js';
import { tableStore } from '../tables.js';
import { afterRowWork } from '../triggers/after-rows.js';
import { rowWatchers, type WatchedRows } from '../triggers/self-changes.js';
import type { AfterRowWork } from './foreign-keys.js';
import { type IndexEntry, type IndexProgram, IndexWriter, compileIndex } from './index-maintenance.js';
import { keyAttributesOf } from './key-attributes.js';
import { relationEntry } from './relation-entry.js';
import { failingRow } from './row-description.js';

/** A relation's compiled constraints and indexes, kept with its descriptor. */
interface TargetProgram {
  readonly unit: CompileUnit;
  readonly indexes: readonly IndexProgram[];
  readonly checks: readonly { readonly name: string; readonly program: QualProgram }[];
  readonly generated: readonly { readonly index: number; readonly program: ScalarProgram }[];
  /** No check or generated column may wait. */
  readonly isSync: boolean;
  /** 0-based columns that must not be null. */
  readonly notNull: readonly number[];
  /** Columns of keys that foreign keys may refer to: changing one conflicts with FOR KEY SHARE. */
  readonly keyAttributes: readonly number[];
}

const programs = new WeakMap<RelationDescriptor, TargetProgram>();

/** Rows as they were stored; rowids follow the first by one. */
export interface InsertedRows {
  readonly rows: readonly Row[];
  readonly rowids: ArrayLike<number>;
}

export class TargetTable {
  readonly table: TableStore;
  /** Of the statement that writes: functions that it calls may have begun others. */
  readonly command: number;
  private readonly counts: RelationCounts;
  readonly indexes: readonly IndexWriter[];
  /** Foreign keys and triggers that follow each written row; null where there are none. */
  private readonly after: AfterRowWork | null;
  /** Statements above this one that are about to change rows of the table themselves. */
  private readonly watchers: readonly WatchedRows[] | null;
  /** Position, in the batch being inserted, of the row in hand: COPY names its line in errors. */
  rowInHand = 0;

  constructor(
    /** State under which the relation's own expressions run. */
    private readonly own: RunState,
    readonly relation: RelationDescriptor,
    private readonly program: TargetProgram,
    /** The statement that writes: its end runs the checks. */
    private readonly statement: RunState,
    /** The table that the statement names, where this one is its child. */
    named: RelationDescriptor,
    command: number,
  ) {
    this.table = tableStore(own, relation);
    this.command = command;
    this.counts = own.context.transaction.statistics.of(relation.oid);
    this.indexes = program.indexes.map((index) => new IndexWriter(own, relation, index, this.command));
    this.after = afterRowWork(statement, relation, named);
    this.watchers = rowWatchers(own.context.transaction.store, relation.file.filenode);
    own.atStatementEnd = (action) => statement.atStatementEnd(action);
  }

  private get context(): ExecutionContext {
    return this.own.context;
  }

  /** That of the versions it writes now. */
  get stamp(): bigint {
    return this.context.transaction.store.stamp(this.command);
  }

  /** Checks and stores new rows (whole, in attribute order). */
  insertAll(rows: readonly Row[], placement?: RowPlacement): Awaitable<InsertedRows> {
    if (!this.program.isSync) return this.insertWaiting(rows, placement);
    const ready: Row[] = [];
    for (let n = 0; n < rows.length; n++) {
      this.rowInHand = n;
      ready.push(this.prepareSync(rows[n] as Row));
    }
    return this.insertReady(ready, placement);
  }

  private async insertWaiting(rows: readonly Row[], placement?: RowPlacement): Promise<InsertedRows> {
    const ready: Row[] = [];
    for (const [n, row] of rows.entries()) {
      this.rowInHand = n;
      ready.push(await this.prepare(row));
    }
    return this.insertReady(ready, placement);
  }

  /** Stores rows that `prepare` has made. */
  insertReady(ready: readonly Row[], placement?: RowPlacement): Awaitable<InsertedRows> {
    const { transaction } = this.context;
    transaction.identify();
    const rowids = this.table.insertMany(transaction.store, this.command, ready, placement);
    this.counts.inserted(ready.length);
    const inserted = { rows: ready, rowids };
    for (let n = 0; n < ready.length; n++) {
      const wait = this.indexRow(inserted, n);
      if (wait !== undefined) return this.indexRest(inserted, n + 1, wait);
    }
    return inserted;
  }

  private indexRow({ rows, rowids }: InsertedRows, n: number): undefined | Promise<void> {
    this.rowInHand = n;
    return this.indexInserted(rowids[n] as number, rows[n] as Row, 0);
  }

  private async indexRest(inserted: InsertedRows, from: number, wait: Promise<void>): Promise<InsertedRows> {
    await wait;
    for (let n = from; n < inserted.rows.length; n++) await this.indexRow(inserted, n);
    return inserted;
  }

  /** Stores a row that `prepare` has made as long as none of the arbiters has its key, and takes it back where one does:
   *  null then. Its keys may take long to compute: others that meet one of them wait. */
  async insertSpeculatively(row: Row, arbiters: readonly IndexWriter[]): Promise<InsertedRows | null> {
    const { transaction } = this.context;
    const speculation = transaction.speculate();
    try {
      const rowids = this.table.insertMany(transaction.store, this.command, [row]);
      this.counts.inserted(1);
      const rowid = rowids[0] as number;
      const entered: { readonly index: IndexWriter; readonly entry: IndexEntry }[] = [];
      let isLost = false;
      for (const index of this.indexes) {
        const entry = await index.entry(row);
        if (entry === null) continue;
        if (!arbiters.includes(index)) await index.insert(rowid, entry);
        else if (!index.insertSpeculatively(rowid, entry, speculation)) {
          isLost = true;
          continue;
        }
        entered.push({ index, entry });
      }
      if (!isLost) {
        await this.after?.inserted(rowid, row);
        return { rows: [row], rowids };
      }
      for (const { index, entry } of entered) index.remove(rowid, entry);
      this.table.delete(transaction.store, this.command, rowid);
      this.counts.deleted();
      return null;
    } finally {
      speculation.end();
    }
  }

  /** COPY's fast way in, for tables whose rows need no more than NOT NULL; null where they do, or where the store has
   *  none for the columns. `insertedMore` counts what it brings. */
  copyLoader(columns: readonly number[], format: CopyLineFormat): CopyLoader | null {
    const { program, relation } = this;
    const isPlain = this.indexes.length === 0 && program.checks.length === 0 && program.generated.length === 0;
    if (!isPlain || this.after !== null) return null;
    if (program.notNull.some((index) => !columns.includes(index + 1))) return null;
    const { catalog } = this.context;
    const copied = columns.map((number) => {
      const { type, typmod } = defined(relation.attributes[number - 1], 'copied column');
      return {
        attribute: number,
        type: catalog.typeByOid(type),
        typmod,
        notNull: program.notNull.includes(number - 1),
      };
    });
    return this.table.copyLoader?.(copied, format) ?? null;
  }

  /** Counts rows that came past `insertAll`. */
  insertedMore(count: number): void {
    this.counts.inserted(count);
  }

  /** Adds a new row's index entries, from the given index on; a Promise only where a lock or an expression waits. */
  private indexInserted(rowid: number, row: Row, from: number): undefined | Promise<void> {
    for (let n = from; n < this.indexes.length; n++) {
      const index = this.indexes[n] as IndexWriter;
      const entry = index.entry(row);
      if (entry === null) continue;
      const wait = entry instanceof Promise ? this.insertWhenKnown(index, rowid, entry) : index.insert(rowid, entry);
      if (wait !== undefined) return wait.then(() => this.indexInserted(rowid, row, n + 1));
    }
    return this.after?.inserted(rowid, row);
  }

  private async insertWhenKnown(index: IndexWriter, rowid: number, pending: Promise<IndexEntry | null>): Promise<void> {
    const entry = await pending;
    if (entry !== null) await index.insert(rowid, entry);
  }

  /** Replaces a locked row; `old` is its current version. `changed`: columns that may differ, null for any; `assigned`:
   *  those that the statement assigns, where triggers changed others. */
  update(
    old: StoredRow,
    row: Row,
    changed: ReadonlySet<number> | null,
    assigned: ReadonlySet<number> | null = changed,
    /** The statement had to lock the row before it knew that it would update it. */
    wasLocked = false,
  ): Awaitable<Row> {
    return chain(this.prepare(row), (ready) =>
      this.replace(old, ready, changed, assigned, wasLocked || this.isOwnLocked(old.stamp)),
    );
  }

  /** The stamp that a row has once it is updated so. */
  updatedStamp(old: StoredRow, wasLocked: boolean): bigint {
    return wasLocked || this.isOwnLocked(old.stamp) ? lockedStamp(this.stamp) : this.stamp;
  }

  /** As RETURNING sees a row that was deleted: who deleted it follows the stamp. */
  deletedStamps(old: StoredRow): readonly [bigint, bigint] {
    return [deletedStamp(old.stamp, this.command), this.context.transaction.store.currentXid()];
  }

  private isOwnLocked(stamp: bigint): boolean {
    return stampXmax(stamp) !== 0n && this.context.transaction.store.isOwn(stamp);
  }

  private replace(
    old: StoredRow,
    ready: Row,
    changed: ReadonlySet<number> | null,
    assigned: ReadonlySet<number> | null,
    wasLocked: boolean,
  ): Awaitable<Row> {
    const { transaction } = this.context;
    const attributes = changed === null || this.program.generated.length > 0 ? null : changed;
    this.table.update(transaction.store, this.command, old.rowid, ready, wasLocked);
    if (this.watchers !== null) this.report(old.rowid);
    const affected = this.indexes.filter((index) => attributes === null || index.isAffectedBy(attributes));
    if (affected.length > 0) return this.replaceEntries(old, ready, affected, assigned);
    return chain(this.noteUpdated(old, ready, true, assigned), () => ready);
  }

  private async replaceEntries(
    old: StoredRow,
    ready: Row,
    affected: readonly IndexWriter[],
    assigned: ReadonlySet<number> | null,
  ): Promise<Row> {
    let isHot = true;
    for (const index of affected) if (await index.update(old.rowid, old.values, ready)) isHot = false;
    await this.noteUpdated(old, ready, isHot, assigned);
    return ready;
  }

  private noteUpdated(
    old: StoredRow,
    ready: Row,
    isHot: boolean,
    assigned: ReadonlySet<number> | null,
  ): undefined | Promise<void> {
    this.counts.updated(isHot);
    return this.after?.updated(old.rowid, old.values, ready, assigned);
  }

  /** Removes a locked row. */
  async delete(old: StoredRow): Promise<void> {
    const { transaction } = this.context;
    this.table.delete(transaction.store, this.command, old.rowid);
    if (this.watchers !== null) this.report(old.rowid);
    this.counts.deleted();
    for (const index of this.indexes) {
      const entry = await index.entry(old.values);
      if (entry !== null) index.remove(old.rowid, entry);
    }
    await this.after?.deleted(old.rowid, old.values);
  }

  private report(rowid: number): void {
    const { transaction } = this.context;
    for (const rows of this.watchers ?? []) {
      rows.add(rowid);
      // What is rolled back has changed nothing.
      if (transaction.savepointDepth > 0) transaction.afterRollback(() => rows.delete(rowid));
    }
  }

  /** Columns whose change needs the strongest lock. */
  get keyAttributes(): readonly number[] {
    return this.program.keyAttributes;
  }

  /** Lock that an update of these columns (or a delete) needs. */
  lockMode(changed: ReadonlySet<number> | null): RowLockMode {
    if (changed === null) return 'remove';
    for (const attribute of this.program.keyAttributes) if (changed.has(attribute)) return 'remove';
    return 'noKeyUpdate';
  }

  /** `doing`: what for, as errors raised meanwhile say. */
  lock(
    rowid: number,
    mode: RowLockMode,
    doing: WaitPurpose['doing'],
  ): 'granted' | 'skipped' | Promise<'granted' | 'skipped'> {
    const purpose = { doing, relation: this.relation.name };
    return this.context.transaction.lockRow(this.relation.file.filenode, rowid, mode, 'block', purpose);
  }

  /** Computes generated columns and checks the row: NOT NULL in column order, then CHECK constraints by name. */
  prepare(row: Row): Awaitable<Row> {
    return this.program.isSync ? this.prepareSync(row) : this.prepareWaiting(row);
  }

  private async prepareWaiting(row: Row): Promise<Row> {
    const { program, own } = this;
    const ready: Value[] = [...row];
    for (const { index, program: expr } of program.generated) ready[index] = await expr.run(own, row);
    this.requireNotNull(ready);
    for (const { name, program: check } of program.checks) {
      if ((await check.run(own, ready)) === false) throw this.checkError(name, ready);
    }
    return ready;
  }

  private prepareSync(row: Row): Row {
    const { program, own } = this;
    let ready = row;
    if (program.generated.length > 0) {
      const values: Value[] = [...row];
      for (const { index, program: expr } of program.generated) values[index] = expr.run(own, row) as Value;
      ready = values;
    }
    this.requireNotNull(ready);
    for (const { name, program: check } of program.checks) {
      if (check.run(own, ready) === false) throw this.checkError(name, ready);
    }
    return ready;
  }

  private requireNotNull(row: Row): void {
    for (const index of this.program.notNull) {
      if (row[index] === null || row[index] === undefined) throw this.nullError(index, row);
    }
  }

  private nullError(index: number, row: Row): Error {
    const { relation } = this;
    const column = relation.attributes[index]?.name ?? '';
    const message = `null value in column "${column}" of relation "${relation.name}" violates not-null constraint`;
    return pgError(SqlState.notNullViolation, message, {
      detail: failingRow(this.statement, relation, row),
      schema: relation.schemaName,
      table: relation.name,
      column,
    });
  }

  private checkError(name: string, row: Row): Error {
    const { relation } = this;
    return pgError(
      SqlState.checkViolation,
      `new row for relation "${relation.name}" violates check constraint "${name}"`,
      {
        detail: failingRow(this.statement, relation, row),
        schema: relation.schemaName,
        table: relation.name,
        constraint: name,
      },
    );
  }
}

/** The command that a statement's writes belong to: the one that its view was made for. */
export function commandOf({ context }: RunState): number {
  const { transaction, view } = context;
  return view.command < transaction.command ? view.command : transaction.useCommand();
}

/** Opens a table for writing within a statement that names it, or a parent of it. Throws 55000, 42809 and 0A000 for what
 *  can't be written. */
export function openTarget(
  statement: RunState,
  relation: RelationDescriptor,
  named: RelationDescriptor = relation,
  command: number = statement.context.transaction.useCommand(),
): TargetTable {
  const { catalog, transaction } = statement.context;
  if (relation.oid < firstNormalOid && relation.schema === pgCatalogNamespace)
    catalog.tables.onForeignWrite(transaction);
  const program = targetProgram(statement, relation);
  return new TargetTable(
    new RunState(program.unit, statement.context, null),
    relation,
    program,
    statement,
    named,
    command,
  );
}

function targetProgram(statement: RunState, relation: RelationDescriptor): TargetProgram {
  const { catalog } = statement.context;
  const known = programs.get(relation);
  if (known !== undefined && known.unit.catalogVersion === catalog.version()) return known;
  requirePlainTable(relation);
  const unit = new CompileUnit(catalog, catalog.version(), [relationEntry(relation)]);
  const program = compileTarget(unit, relation);
  programs.set(relation, program);
  return program;
}

function requirePlainTable(relation: RelationDescriptor): void {
  if (relation.kind === 'r') return;
  if (relation.kind === 'p') throw notSupported('writing to a partitioned table');
  if (relation.kind === 'm') {
    throw pgError(SqlState.wrongObjectType, `cannot change materialized view "${relation.name}"`);
  }
  if (relation.kind === 'S') throw pgError(SqlState.wrongObjectType, `cannot change sequence "${relation.name}"`);
  throw notSupported(`writing to relation "${relation.name}"`);
}

function compileTarget(unit: CompileUnit, relation: RelationDescriptor): TargetProgram {
  const indexes = relation.indexes.filter((index) => index.isReady);
  if (indexes.some((index) => index.isExclusion)) throw notSupported('exclusion constraints');
  const checks = relation.constraints
    .filter((constraint) => constraint.kind === 'c' && constraint.expression !== null)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const live = relation.attributes.filter((attribute) => !attribute.isDropped);
  const checkPrograms = checks.map(({ name, expression }) => ({
    name,
    program: compileCheck(unit, expression as string),
  }));
  const generated = live
    .filter((attribute) => attribute.generated === 's' && attribute.defaultExpr !== null)
    .map((attribute) => ({
      index: attribute.number - 1,
      program: compileScalar(
        unit,
        defined(storedExpressions(attribute.defaultExpr as string)[0], 'generation expression'),
      ),
    }));
  return {
    unit,
    indexes: indexes.map((index) => compileIndex(unit, index)),
    checks: checkPrograms,
    generated,
    isSync: [...checkPrograms, ...generated].every(({ program }) => !program.isAsync),
    notNull: live.filter((attribute) => attribute.notNull).map((attribute) => attribute.number - 1),
    keyAttributes: keyAttributesOf(relation),
  };
}

/** A check is violated by false alone: null passes. */
function compileCheck(unit: CompileUnit, json: string): QualProgram {
  const m = new Emitter(unit, {});
  for (const expr of storedExpressions(json)) m.line(`if (${m.emit(expr).code} === false) return false;`);
  m.line('return true;');
  return m.finish('x, s');
}
