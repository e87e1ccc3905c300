// Typed access to the rows of the catalogs' own tables, for lookups and DDL. Reads use the index whose leading columns
// are given, else scan; writes keep the catalog's indexes, serialise on unique keys and mark the catalogs as changed.
// Everything is read under the session's latest view: newest committed state plus its own uncommitted writes.
import { pgError, SqlState } from '../errors/pg-error.js';
import { defined } from '../errors/unreachable.js';
import type { IndexStore, KeyRange, ReadView, RelationFile, RowId, Store, TableStore } from '../storage/api.js';
import type { Transaction } from '../transaction/api.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import type { CatalogEntry, CatalogTables } from './api.js';
import type { CacheRegion } from './cache.js';
import { catalogIndexKey } from './catalog-index-key.js';
import { coreType, findCoreType } from './core-types.js';
import type { CatalogName, CatalogRow } from './generated/rows.js';
import { type CatalogIndexShape, catalogShapes } from './generated/schema.js';
import {
  type AclText,
  catalogLayout,
  type ColumnValue,
  fromStoredRow,
  toStoredColumn,
  toStoredRow,
} from './row-form.js';
import { type FindPlan, findPlan, lookupName } from './find-plan.js';

export interface CatalogTablesOptions {
  readonly store: Store;
  readonly database: number;
  readonly acl: AclText;
  /** Types beyond those of the catalogs' own columns: elements of anyarray values (pg_statistic). */
  findType(oid: number): TypeDescriptor | null;
  /** Calls `read` with the session's latest view, or with a fresh snapshot where it has no transaction. */
  withView<R>(read: (view: ReadView) => R): R;
  /** Where found rows of a catalog are remembered. */
  region(table: CatalogName): CacheRegion<string, readonly CatalogEntry<CatalogName>[]>;
  /** Told before each write, so that cached descriptors built on the catalog are dropped. */
  onWrite(transaction: Transaction, table: CatalogName, before: object | null, after: object | null): void;
  onForeignWrite(transaction: Transaction): void;
}

/** Rows a scan fetches at a time. */
const scanRowCount = 1024;

/** First oid of users' objects. */
const firstUserOid = 16384;

/** As PostgreSQL's sessions do when a relation's definition changes, forgets the page that its rows were going to. */
function noteTableChanged(store: Store, database: number, row: CatalogRow<'pg_class'>): void {
  if (row.oid < firstUserOid || !'rm'.includes(row.relkind) || row.relpersistence === 't') return;
  store.tableChanged({ database, filenode: row.relfilenode, temporaryOwner: 0 });
}

export function createCatalogTables(options: CatalogTablesOptions): CatalogTables {
  const { store, database, acl } = options;
  const types: TypeLookup = {
    typeByOid: (oid) => findCoreType(oid) ?? options.findType(oid) ?? coreType(oid),
  };
  const tableStores = new Map<CatalogName, TableStore>();
  const indexStores = new Map<number, IndexStore>();

  function tableStore(table: CatalogName): TableStore {
    let found = tableStores.get(table);
    if (found === undefined) {
      found = store.table(catalogFile(table, database), catalogLayout(table), types);
      tableStores.set(table, found);
    }
    return found;
  }

  function indexStore(table: CatalogName, index: CatalogIndexShape): IndexStore {
    let found = indexStores.get(index.oid);
    if (found === undefined) {
      found = store.index(catalogIndexFile(table, index, database));
      indexStores.set(index.oid, found);
    }
    return found;
  }

  const regions = new Map<CatalogName, CacheRegion<string, readonly CatalogEntry<CatalogName>[]>>();

  function region(table: CatalogName): CacheRegion<string, readonly CatalogEntry<CatalogName>[]> {
    let found = regions.get(table);
    if (found === undefined) {
      found = options.region(table);
      regions.set(table, found);
    }
    return found;
  }

  function rowidsByIndex(table: CatalogName, plan: IndexedPlan, key: Record<string, ColumnValue>, view: ReadView) {
    const values = plan.positions.map((position, at) =>
      toStoredColumn(table, position, key[plan.names[at] as string] ?? null, acl),
    );
    const bytes = catalogIndexKey(plan.index, values);
    const entries = indexStore(table, plan.index);
    return plan.isWholeKey ? entries.lookup(view, bytes) : prefixRowids(entries, view, bytes);
  }

  function find<T extends CatalogName>(table: T, key: Partial<CatalogRow<T>>): readonly CatalogEntry<T>[] {
    const wanted = key as Record<string, ColumnValue>;
    const plan = findPlan(table, wanted);
    if (plan.index === null)
      return options.withView((view) => scanAll(table, view).filter((entry) => matches(entry.row, wanted)));
    const name = lookupName(plan, wanted);
    if (name === null) return fetch(table, plan, wanted);
    return region(table).get(name, () => fetch(table, plan, wanted)) as readonly CatalogEntry<T>[];
  }

  function fetch<T extends CatalogName>(
    table: T,
    plan: IndexedPlan,
    wanted: Record<string, ColumnValue>,
  ): CatalogEntry<T>[] {
    return options.withView((view) => {
      const rowids = rowidsByIndex(table, plan, wanted, view);
      if (rowids.length === 0) return [];
      const found: CatalogEntry<T>[] = [];
      for (const stored of tableStore(table).getMany(view, rowids, null)) {
        if (stored === null) continue;
        const row = fromStoredRow(table, stored.values, acl);
        if (plan.rest.every((column) => sameValue(columnOf(row, column), wanted[column] ?? null)))
          found.push({ rowid: stored.rowid, row });
      }
      return found;
    });
  }

  function scanAll<T extends CatalogName>(table: T, view: ReadView): CatalogEntry<T>[] {
    const cursor = tableStore(table).scan(view, { attributes: null, direction: 'forward' });
    const found: CatalogEntry<T>[] = [];
    try {
      for (let batch = cursor.next(scanRowCount); batch.rowCount > 0; batch = cursor.next(scanRowCount)) {
        for (let at = 0; at < batch.rowCount; at++)
          found.push({ rowid: batch.rowids[at] as RowId, row: fromStoredRow(table, batch.rows[at] as Value[], acl) });
      }
    } finally {
      cursor.close();
    }
    return found;
  }

  /** Waits for other writers of each unique key, then demands that no other row has it. `changed` limits the check to
   *  indexes whose key differs from the old row's. */
  async function claimUniqueKeys(
    transaction: Transaction,
    table: CatalogName,
    values: Value[],
    old: Value[] | null,
    self: RowId,
  ): Promise<void> {
    for (const index of catalogShapes[table].indexes) {
      if (!index.isUnique) continue;
      const key = keyOf(index, values);
      if (old !== null && keyOf(index, old).equals(key)) continue;
      const waiting = transaction.lockUniqueKey(index.oid, key);
      if (waiting !== undefined) await waiting;
      for (;;) {
        const holders = indexStore(table, index).lookup(transaction.latestView(), key);
        const other = holders.find((rowid) => rowid !== self);
        if (other === undefined) break;
        const removal = transaction.awaitRemoval(catalogShapes[table].oid, other);
        if (removal === undefined) throw duplicateKey(table, index, values);
        await removal;
      }
    }
  }

  function changesKey<T extends CatalogName>(table: T, row: CatalogRow<T>, values: Value[]): boolean {
    const old = toStoredRow(table, row, acl);
    return catalogShapes[table].indexes.some(
      (index) => index.isUnique && !keyOf(index, old).equals(keyOf(index, values)),
    );
  }

  /** Locks the row and demands that nobody changed it since `entry` was read; facts about a relation, which PostgreSQL
   *  writes in place, may have changed. The row as stored and as read. */
  async function lockEntry<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
    mode: 'noKeyUpdate' | 'remove',
    doing: 'updating' | 'deleting',
  ): Promise<{ readonly values: Value[]; readonly row: CatalogRow<T> }> {
    const granted = transaction.lockRow(catalogShapes[table].oid, entry.rowid, mode, 'block', {
      doing,
      relation: table,
    });
    if (granted instanceof Promise) await granted;
    const stored = tableStore(table).get(transaction.latestView(), entry.rowid, null);
    if (stored === null) throw pgError(SqlState.internalError, 'tuple concurrently deleted');
    const row = fromStoredRow(table, stored.values, acl);
    if (!sameRow(row, entry.row, writtenInPlace[table]))
      throw pgError(SqlState.internalError, 'tuple concurrently updated');
    return { values: [...stored.values], row };
  }

  async function insert<T extends CatalogName>(transaction: Transaction, table: T, row: CatalogRow<T>): Promise<void> {
    const values = toStoredRow(table, row, acl);
    await claimUniqueKeys(transaction, table, values, null, -1);
    options.onWrite(transaction, table, null, row);
    const rowid = tableStore(table).insert(transaction.store, transaction.useCommand(), values);
    for (const index of catalogShapes[table].indexes)
      indexStore(table, index).insert(transaction.store, transaction.useCommand(), keyOf(index, values), rowid, null);
  }

  async function update<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
    changes: Partial<CatalogRow<T>>,
  ): Promise<CatalogEntry<T>> {
    const wanted = toStoredRow(table, { ...entry.row, ...changes }, acl);
    const mode = changesKey(table, entry.row, wanted) ? 'remove' : 'noKeyUpdate';
    const { values: old, row: current } = await lockEntry(transaction, table, entry, mode, 'updating');
    const row: CatalogRow<T> = { ...current, ...changes };
    const values = toStoredRow(table, row, acl);
    await claimUniqueKeys(transaction, table, values, old, entry.rowid);
    options.onWrite(transaction, table, current, row);
    tableStore(table).update(transaction.store, transaction.useCommand(), entry.rowid, values);
    if (table === 'pg_class') noteTableChanged(store, database, row as unknown as CatalogRow<'pg_class'>);
    for (const index of catalogShapes[table].indexes) {
      const before = keyOf(index, old);
      const after = keyOf(index, values);
      if (before.equals(after)) continue;
      const entries = indexStore(table, index);
      entries.delete(transaction.store, transaction.useCommand(), before, entry.rowid);
      entries.insert(transaction.store, transaction.useCommand(), after, entry.rowid, null);
    }
    return { rowid: entry.rowid, row };
  }

  /** The transaction has no version of its own of the row. */
  function isUnchanged(table: CatalogName, rowid: RowId, view: ReadView, values: readonly Value[]): boolean {
    const committed = tableStore(table).get({ ...view, command: 0 }, rowid, null);
    if (committed === null) return false;
    return sameRow(fromStoredRow(table, committed.values, acl), fromStoredRow(table, values, acl), undefined);
  }

  async function updateNewest<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
    changes: Partial<CatalogRow<T>>,
  ): Promise<void> {
    const file = catalogShapes[table].oid;
    const hasWaiters = transaction.rowHasWaiters(file, entry.rowid);
    const granted = transaction.lockRow(file, entry.rowid, 'noKeyUpdate', 'block', {
      doing: 'updating',
      relation: table,
    });
    if (granted instanceof Promise) await granted;
    const view = transaction.latestView();
    const stored = tableStore(table).get(view, entry.rowid, null);
    if (stored === null) throw pgError(SqlState.internalError, 'tuple concurrently deleted');
    // Held before and only locked, the row is still the one that others wait for; a version of one's own is not.
    if (hasWaiters && !(granted instanceof Promise) && isUnchanged(table, entry.rowid, view, stored.values))
      transaction.requireNoWaiters(file, entry.rowid);
    await update(transaction, table, { rowid: entry.rowid, row: fromStoredRow(table, stored.values, acl) }, changes);
  }

  async function afterWaiters<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
  ): Promise<CatalogEntry<T> | null> {
    const file = catalogShapes[table].oid;
    if (!transaction.rowHasWaiters(file, entry.rowid)) return entry;
    await transaction.lockRow(file, entry.rowid, 'noKeyUpdate', 'block', { doing: 'updating', relation: table });
    const stored = tableStore(table).get(transaction.latestView(), entry.rowid, null);
    return stored === null ? null : { rowid: entry.rowid, row: fromStoredRow(table, stored.values, acl) };
  }

  async function remove<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
  ): Promise<void> {
    const { values: old } = await lockEntry(transaction, table, entry, 'remove', 'deleting');
    options.onWrite(transaction, table, entry.row, null);
    tableStore(table).delete(transaction.store, transaction.useCommand(), entry.rowid);
    for (const index of catalogShapes[table].indexes)
      indexStore(table, index).delete(transaction.store, transaction.useCommand(), keyOf(index, old), entry.rowid);
  }

  const tables: CatalogTables = {
    find,
    findOne: (table, key) => find(table, key)[0] ?? null,
    insert,
    update,
    updateNewest,
    afterWaiters,
    delete: remove,
    onForeignWrite: options.onForeignWrite,
    newOid(table) {
      for (;;) {
        const oid = store.nextOid();
        if (find(table, { oid } as never).length === 0) return oid;
      }
    },
  };
  return tables;
}

/** Where a catalog's rows live: shared ones in database 0. */
export function catalogFile(table: CatalogName, database: number): RelationFile {
  const { oid, isShared } = catalogShapes[table];
  return { database: isShared ? 0 : database, filenode: oid, temporaryOwner: 0 };
}

export function catalogIndexFile(table: CatalogName, index: CatalogIndexShape, database: number): RelationFile {
  return { database: catalogShapes[table].isShared ? 0 : database, filenode: index.oid, temporaryOwner: 0 };
}

/** The index's key of a stored row. */
export function keyOf(index: CatalogIndexShape, values: readonly Value[]): Buffer {
  return catalogIndexKey(
    index,
    index.columns.map((attribute) => values[attribute - 1] ?? null),
  );
}

type IndexedPlan = Extract<FindPlan, { readonly index: CatalogIndexShape }>;

function prefixRowids(entries: IndexStore, view: ReadView, prefix: Buffer): RowId[] {
  const range: KeyRange = { lower: prefix, lowerInclusive: true, upper: prefix, upperInclusive: true };
  const cursor = entries.scan(view, range, 'forward');
  const rowids: RowId[] = [];
  try {
    for (let batch = cursor.next(scanRowCount); batch.rowids.length > 0; batch = cursor.next(scanRowCount))
      rowids.push(...batch.rowids);
  } finally {
    cursor.close();
  }
  return rowids;
}

function columnName(columns: readonly (readonly [string, ...unknown[]])[], position: number): string {
  return defined(columns[position], `catalog column ${position + 1}`)[0];
}

function matches(row: object, wanted: Record<string, ColumnValue>): boolean {
  for (const name in wanted) {
    if (wanted[name] !== undefined && !sameValue((row as Record<string, ColumnValue>)[name] ?? null, wanted[name]))
      return false;
  }
  return true;
}

function columnOf(row: object, name: string): ColumnValue {
  return (row as Record<string, ColumnValue>)[name] ?? null;
}

/** Columns that PostgreSQL overwrites in place: their changes make no new version of the row. */
const writtenInPlace: { readonly [T in CatalogName]?: ReadonlySet<string> } = {
  pg_class: new Set(['relpages', 'reltuples', 'relallvisible', 'relhasindex', 'relfrozenxid', 'relminmxid']),
  pg_database: new Set(['datfrozenxid', 'datminmxid', 'dathasloginevt']),
};

/** All columns have the same values, but for those left out. */
function sameRow(left: object, right: object, leftOut: ReadonlySet<string> | undefined): boolean {
  return Object.keys(left).every(
    (name) => leftOut?.has(name) || sameValue(columnOf(left, name), columnOf(right, name)),
  );
}

function sameValue(left: ColumnValue, right: ColumnValue): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((element, at) => element === right[at]);
  if (Buffer.isBuffer(left) && Buffer.isBuffer(right)) return left.equals(right);
  // Statistics (anyarray) are never searched by; two reads of the same row give different objects.
  return (
    typeof left === 'object' && typeof right === 'object' && left !== null && right !== null && !Array.isArray(left)
  );
}

function duplicateKey(table: CatalogName, index: CatalogIndexShape, values: readonly Value[]): Error {
  const names = index.columns.map((attribute) => columnName(catalogShapes[table].columns, attribute - 1));
  const shown = index.columns.map((attribute) => keyText(values[attribute - 1] ?? null));
  return pgError(SqlState.uniqueViolation, `duplicate key value violates unique constraint "${index.name}"`, {
    detail: `Key (${names.join(', ')})=(${shown.join(', ')}) already exists.`,
    schema: 'pg_catalog',
    table,
    constraint: index.name,
  });
}

function keyText(value: Value): string {
  if (value === null) return 'null';
  return typeof value === 'object' && 'elements' in value ? value.elements.join(' ') : String(value);
}
