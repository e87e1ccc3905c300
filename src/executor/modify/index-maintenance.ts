// Keeping a table's indexes true to its rows: keys of columns and expressions, partial predicates, unique checks. An
// update touches only the indexes whose keys changed (rowids stay the same).
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { RowWait, WaitPurpose } from '../../transaction/api.js';
import type { IndexStore, RowId, TableStore } from '../../storage/api.js';
import type { Speculation } from '../../transaction/speculation.js';
import type { Expression } from '../../trees/expression.js';
import { walkExpression } from '../../trees/walk.js';
import type { Row, Value } from '../../types/value.js';
import { type QualProgram, type RowProgram, compileQual, compileRow } from '../expressions/compile.js';
import type { CompileUnit } from '../expressions/unit.js';
import { type KeyColumnCodec, encodeKey, keyColumns } from '../index-keys.js';
import type { RunState } from '../state.js';
import { storedExpressions } from '../stored-expressions.js';
import { openIndex } from '../tables.js';
import { constraintModes } from '../services.js';
import { indexKeyText } from './row-description.js';

/** An index's compiled form, kept with its relation's descriptor. */
export interface IndexProgram {
  readonly index: IndexDescriptor;
  readonly columns: readonly KeyColumnCodec[];
  /** 0-based row positions of plain key columns; -1 where an expression's value stands. */
  readonly positions: readonly number[];
  readonly expressions: RowProgram | null;
  readonly predicate: QualProgram | null;
  /** Attributes that key, predicate or INCLUDE depend on; null for "any". */
  readonly attributes: ReadonlySet<number> | null;
}

export function compileIndex(unit: CompileUnit, index: IndexDescriptor): IndexProgram {
  const expressions = index.expressions === null ? [] : storedExpressions(index.expressions);
  const predicate = index.predicate === null ? [] : storedExpressions(index.predicate);
  return {
    index,
    columns: keyColumns(unit.catalog, index),
    positions: index.keys.map((key) => key.attribute - 1),
    expressions: expressions.length === 0 ? null : compileRow(unit, expressions),
    predicate: compileQual(unit, predicate),
    attributes: dependsOn(index, [...expressions, ...predicate]),
  };
}

function dependsOn(index: IndexDescriptor, exprs: readonly Expression[]): ReadonlySet<number> | null {
  const attributes = new Set(index.keys.map((key) => key.attribute));
  let any = false;
  for (const expr of exprs) {
    walkExpression(expr, (node) => {
      if (node.kind === 'Var') {
        if (node.attno > 0) attributes.add(node.attno);
        else any = true;
      }
      return undefined;
    });
  }
  return any ? null : attributes;
}

export interface IndexEntry {
  readonly key: Buffer;
  readonly values: Row;
}

/** One index of a table that is being changed. */
export class IndexWriter {
  private readonly store: IndexStore;
  private readonly isNew: boolean;
  private readonly purpose: WaitPurpose;

  constructor(
    private readonly x: RunState,
    private readonly relation: RelationDescriptor,
    readonly program: IndexProgram,
    /** Of the statement that writes. */
    private readonly command: number,
  ) {
    this.store = openIndex(x.context, program.index);
    this.purpose = { doing: 'inserting index', relation: program.index.name };
    this.isNew = x.context.transaction.store.isNewFile(program.index.file.filenode);
  }

  get index(): IndexDescriptor {
    return this.program.index;
  }

  /** True where an update of these attributes may change the index. */
  isAffectedBy(attributes: ReadonlySet<number>): boolean {
    const own = this.program.attributes;
    if (own === null) return true;
    for (const attribute of own) if (attributes.has(attribute)) return true;
    return false;
  }

  /** Computing an entry may wait. */
  get mayWait(): boolean {
    const { predicate, expressions } = this.program;
    return (predicate?.isAsync ?? false) || (expressions?.isAsync ?? false);
  }

  /** The row's entry; null where a partial index leaves it out. */
  entry(row: Row): IndexEntry | null | Promise<IndexEntry | null> {
    const { predicate, expressions } = this.program;
    if (predicate === null && expressions === null) return this.encoded(row, []);
    if (this.mayWait) return this.slowEntry(row);
    if (predicate !== null && predicate.run(this.x, row) !== true) return null;
    return this.encoded(row, expressions === null ? [] : (expressions.run(this.x, row) as Row));
  }

  private async slowEntry(row: Row): Promise<IndexEntry | null> {
    const { predicate, expressions } = this.program;
    if (predicate !== null && !(await predicate.run(this.x, row))) return null;
    return this.encoded(row, expressions === null ? [] : await expressions.run(this.x, row));
  }

  private encoded(row: Row, computed: Row): IndexEntry {
    let nextComputed = 0;
    const values: Value[] = [];
    for (const position of this.program.positions) {
      values.push(position < 0 ? ((computed[nextComputed++] ?? null) as Value) : ((row[position] ?? null) as Value));
    }
    return { key: encodeKey(this.program.columns, values, (collation) => this.x.ioFor(collation)), values };
  }

  /** A unique index must not hold this key twice: keys with nulls count only under NULLS NOT DISTINCT. */
  private mustBeUnique(entry: IndexEntry): boolean {
    const { index } = this.program;
    return index.isUnique && (index.nullsNotDistinct || !entry.values.includes(null));
  }

  /** Adds a row's entry; throws 23505 where a unique key is there already. */
  insert(rowid: number, entry: IndexEntry): void | Promise<void> {
    if (this.mustBeUnique(entry)) {
      // Nobody else sees an index that this transaction has made: there is nobody to keep out.
      if (this.isNew) return this.insertUnique(rowid, entry);
      const { transaction } = this.x.context;
      const wait = transaction.lockUniqueKey(this.index.file.filenode, entry.key, this.insertOf(rowid));
      if (wait !== undefined) return wait.then(() => this.insertUnique(rowid, entry));
      return this.insertUnique(rowid, entry);
    }
    this.put(rowid, entry);
    return undefined;
  }

  private insertUnique(rowid: number, entry: IndexEntry): void | Promise<void> {
    const existing = this.store.lookup(this.x.context.transaction.latestView(), entry.key);
    if (existing.length > 0 && (existing.length > 1 || existing[0] !== rowid)) {
      if (this.index.isImmediate) {
        const wait = this.awaitRemoval(existing, this.insertOf(rowid));
        if (wait === undefined) throw this.duplicate(entry);
        return wait.then(() => this.insertUnique(rowid, entry));
      }
      this.recheckLater(rowid, entry);
    }
    this.put(rowid, entry);
    return undefined;
  }

  /** Waits where one of the rows is being deleted, or given another key, by a transaction that may yet roll back. */
  private awaitRemoval(rowids: readonly number[], insert: RowWait): Promise<void> | undefined {
    const { transaction } = this.x.context;
    for (const rowid of rowids) {
      const wait = transaction.awaitRemoval(this.relation.file.filenode, rowid, insert);
      if (wait !== undefined) return wait;
    }
    return undefined;
  }

  /** What a wait for a key of the row is for. */
  private insertOf(rowid: number): RowWait {
    return { purpose: this.purpose, rowid };
  }

  private put(rowid: number, entry: IndexEntry): void {
    const { transaction } = this.x.context;
    this.store.insert(transaction.store, this.command, entry.key, rowid, null);
  }

  remove(rowid: number, entry: IndexEntry): void {
    const { transaction } = this.x.context;
    this.store.delete(transaction.store, this.command, entry.key, rowid);
  }

  /** Moves a row's entry where its key changed; false where it did not. */
  async update(rowid: number, oldRow: Row, newRow: Row): Promise<boolean> {
    const before = await this.entry(oldRow);
    const after = await this.entry(newRow);
    if (before === null ? after === null : after !== null && before.key.equals(after.key)) return false;
    if (before !== null) this.remove(rowid, before);
    if (after !== null) await this.insert(rowid, after);
    return true;
  }

  /** The row that holds the key already, for ON CONFLICT: waits for those that may come or go. Null where there is none:
   *  then the key is this transaction's. */
  async holder(row: Row): Promise<RowId | null> {
    const entry = await this.entry(row);
    if (entry === null || !this.mustBeUnique(entry)) return null;
    const { transaction } = this.x.context;
    const { filenode } = this.index.file;
    for (;;) {
      const [rowid] = this.store.lookup(transaction.latestView(), entry.key);
      if (rowid !== undefined) {
        const wait = this.awaitRemoval([rowid], this.checkOf(rowid));
        if (wait === undefined) return rowid;
        await wait;
        continue;
      }
      if (transaction.tryUniqueKey(filenode, entry.key)) {
        if (this.isAbsent(entry)) return null;
        continue;
      }
      const giveBack = await transaction.awaitUniqueKey(filenode, entry.key);
      if (giveBack === null) continue;
      if (this.isAbsent(entry)) return null;
      giveBack();
    }
  }

  /** Nobody has committed the key, nor this transaction added it. */
  private isAbsent(entry: IndexEntry): boolean {
    return this.store.lookup(this.x.context.transaction.latestView(), entry.key).length === 0;
  }

  /** As `holder`, but takes nothing; `table`: where the index's rows are. As in PostgreSQL the index's expressions are
   *  evaluated for the row that is found, too, whenever it is: for one that only its own transaction sees, the given row
   *  stands, which has the same key. */
  async probe(row: Row, table: TableStore): Promise<RowId | null> {
    const entry = await this.entry(row);
    if (entry === null || !this.mustBeUnique(entry)) return null;
    const { transaction } = this.x.context;
    const { filenode } = this.index.file;
    for (;;) {
      const [rowid] = this.store.lookup(transaction.latestView(), entry.key);
      if (rowid === undefined) {
        if (transaction.isFreeKey(filenode, entry.key)) return null;
        await this.program.expressions?.run(this.x, row);
        const giveBack = await transaction.awaitUniqueKey(filenode, entry.key);
        if (giveBack === null) continue;
        const isAbsent = this.isAbsent(entry);
        giveBack();
        if (isAbsent) return null;
        continue;
      }
      const existing = table.get(transaction.latestView(), rowid, null);
      if (existing !== null) await this.program.expressions?.run(this.x, existing.values);
      const wait = this.awaitRemoval([rowid], this.checkOf(rowid));
      if (wait === undefined) return rowid;
      await wait;
    }
  }

  /** Adds the entry of a row that may be taken back; false where the key is there already, or about to be. */
  insertSpeculatively(rowid: RowId, entry: IndexEntry, speculation: Speculation): boolean {
    if (this.mustBeUnique(entry)) {
      const { transaction } = this.x.context;
      const { filenode } = this.index.file;
      // Looked up again: another may have committed the key before it could be had.
      const isOurs = this.isAbsent(entry) && transaction.tryUniqueKey(filenode, entry.key) && this.isAbsent(entry);
      if (!isOurs) return false;
      speculation.note(filenode, entry.key);
    }
    this.put(rowid, entry);
    return true;
  }

  /** What a wait for a row that is in the way is for. */
  private checkOf(rowid: RowId): RowWait {
    return { purpose: { doing: 'inserting index', relation: this.relation.name }, rowid };
  }

  /** Deferrable keys are counted when the statement or, deferred, the transaction ends. */
  private recheckLater(rowid: number, entry: IndexEntry): void {
    const { x } = this;
    const recheck = async (): Promise<void> => {
      for (;;) {
        const holders = this.store.lookup(x.context.transaction.latestView(), entry.key);
        if (holders.length < 2) return;
        const wait = this.awaitRemoval(holders, this.insertOf(rowid));
        if (wait === undefined) throw this.duplicate(entry);
        await wait;
      }
    };
    const constraint = this.relation.constraints.find(({ oid }) => oid === this.index.constraint);
    deferCheck(x, this.relation, constraint ?? null, recheck);
  }

  private duplicate(entry: IndexEntry): Error {
    const { index } = this;
    this.x.context.transaction.uniqueKeyFound(index.file, entry.key);
    const key = indexKeyText(this.x.context, this.relation, index, entry.values);
    return pgError(SqlState.uniqueViolation, `duplicate key value violates unique constraint "${index.name}"`, {
      detail: key === null ? undefined : `Key ${key} already exists.`,
      schema: this.relation.schemaName,
      table: this.relation.name,
      constraint: index.name,
    });
  }
}

/** Runs a check at the statement's end or, where the constraint is deferred, before the commit. */
export function deferCheck(
  x: RunState,
  relation: RelationDescriptor,
  constraint: { readonly oid: number; readonly deferrable: boolean; readonly initiallyDeferred: boolean } | null,
  check: () => Promise<void>,
): void {
  const modes = constraintModes(x.context.transaction);
  if (constraint?.deferrable === true && modes.isDeferred(constraint.oid, constraint.initiallyDeferred)) {
    modes.defer(x.context.transaction, { constraint: constraint.oid, relation: relation.oid, check });
  } else x.atStatementEnd(check);
}
