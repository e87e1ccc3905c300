// Descriptors remembered between lookups. One shared cache for each (store, database) of the worker, valid for one
// catalog version; beside it each session's private one, used for what its transaction has changed and not committed.
// A region names the catalogs that its values are built from: it is private only while one of them is written.
import { type CatalogChanges, type Forget, areTraceable, forgetAll } from './catalog-changes.js';
import type { Store } from '../storage/api.js';
import type { Transaction } from '../transaction/api.js';
import type { CatalogName } from './generated/rows.js';

/** Values by key. `load` computes a missing one; it may throw, then nothing is remembered. */
export interface CacheRegion<K, V> {
  get(key: K, load: (key: K) => V): V;
}

export interface CatalogCache {
  /** Declares a region, by a name that is unique and the catalogs its values are read from. */
  region<K, V>(name: string, tables: readonly CatalogName[], options?: RegionOptions): CacheRegion<K, V>;
  /** Committed catalog version; a negative number that is never used again while own changes are uncommitted. */
  version(): number;
  /** The transaction is about to write the catalog: a row in its old and new form, null where there is none. */
  onWrite(transaction: Transaction, table: CatalogName, before: object | null, after: object | null): void;
  /** The transaction is about to change rows of catalogs by other means. */
  onForeignWrite(transaction: Transaction): void;
}

export interface RegionOptions {
  /** A region that is about to hold more values starts anew. */
  readonly entriesMax?: number;
  /** What to forget when a transaction of this worker changed the catalogs; left out: everything if one of the region's
   *  catalogs changed. It may look at nothing but its arguments: sessions share it. */
  readonly forget?: Forget;
}

/** Values are those of one version of the catalogs. A commit of this worker makes them those of the next one, without
 *  what it concerns; after any other change they are dropped. */
interface SharedCache {
  version: number;
  readonly regions: Map<string, SharedRegion>;
}

interface SharedRegion {
  readonly values: Map<unknown, unknown>;
  readonly forget: Forget;
}

/** By how much a commit that changed catalogs moves the version: the store counts before and after it is visible. */
const versionsPerCommit = 2;

const sharedCaches = new WeakMap<Store, Map<number, SharedCache>>();

/** Numbers own writes across all sessions of the worker: no two states of uncommitted changes share a number. */
let writeStamp = 0;

export function createCatalogCache(
  store: Store,
  database: number,
  currentTransaction: () => Transaction | null,
): CatalogCache {
  const shared = sharedCache(store, database);
  const own = new OwnChanges(shared);
  let writer: Transaction | null = null;
  let hooked = '';

  function hasOwnChanges(): boolean {
    if (writer === null) return false;
    if (writer === currentTransaction()) return true;
    writer = null;
    own.clear();
    return false;
  }

  /** Drops what was built on another version of the catalogs. */
  function follow(): void {
    const version = store.catalogVersion();
    if (shared.version === version) return;
    for (const { values } of shared.regions.values()) values.clear();
    shared.version = version;
  }

  /** A savepoint's rollback takes back some of the writes: whatever was built on them is stale. */
  function hookRollback(transaction: Transaction): void {
    const place = `${transaction.savepointDepth}:${transaction.step}`;
    if (hooked === place) return;
    hooked = place;
    transaction.afterRollback(() => {
      hooked = '';
      own.dropValues();
    });
  }

  /** Once the transaction has committed, the shared values are those of the new version, save for what it changed. Only
   *  where no other commit came in between, of this worker's sessions or another's. */
  function hookCommit(transaction: Transaction): void {
    let before = -1;
    const { changes } = own;
    transaction.beforeCommit(async () => {
      before = shared.version;
    });
    transaction.afterCommit(() => {
      const after = before + versionsPerCommit;
      if (shared.version !== before || store.catalogVersion() !== after || !areTraceable(changes)) return;
      for (const region of shared.regions.values()) region.forget(region.values, changes);
      shared.version = after;
    });
  }

  function beginWrite(transaction: Transaction): void {
    if (writer !== transaction) {
      own.clear();
      writer = transaction;
      hooked = '';
      hookCommit(transaction);
    }
    hookRollback(transaction);
    store.markCatalogChanged(transaction.store);
  }

  return {
    region: <K, V>(name: string, tables: readonly CatalogName[], options: RegionOptions = {}): CacheRegion<K, V> => {
      const region = sharedRegion(shared, name, tables, options);
      const { entriesMax = Number.POSITIVE_INFINITY } = options;
      return {
        get(key, load) {
          const isOwn = hasOwnChanges() && own.concern(tables);
          if (!isOwn) follow();
          const values = (isOwn ? own.valuesOf(name) : region.values) as Map<K, V>;
          const known = values.get(key);
          if (known !== undefined || values.has(key)) return known as V;
          const { version } = shared;
          const { stamp } = own;
          const value = load(key);
          if (values.size >= entriesMax) values.clear();
          // Another worker's commit may have come in between: what was read before it must not outlive it.
          if (isOwn ? own.stamp === stamp : shared.version === version) values.set(key, value);
          return value;
        },
      };
    },
    version: () => (hasOwnChanges() ? -own.stamp : store.catalogVersion()),
    onWrite(transaction, table, before, after) {
      beginWrite(transaction);
      own.note(table, before, after);
    },
    onForeignWrite(transaction) {
      beginWrite(transaction);
      own.noteUnknown();
    },
  };
}

/** A transaction's uncommitted changes, and the values of those regions that they may concern. */
class OwnChanges {
  /** Number of the last change. */
  stamp = 0;
  changes: MutableChanges = noChanges();
  private readonly values = new Map<string, Map<unknown, unknown>>();

  constructor(private readonly shared: SharedCache) {}

  clear(): void {
    this.changes = noChanges();
    this.values.clear();
  }

  dropValues(): void {
    this.stamp = ++writeStamp;
    this.values.clear();
  }

  concern(tables: readonly CatalogName[]): boolean {
    const { rows, isPartial } = this.changes;
    if (isPartial) return true;
    for (const table of tables) if (rows.has(table)) return true;
    return false;
  }

  valuesOf(name: string): Map<unknown, unknown> {
    let values = this.values.get(name);
    if (values === undefined) {
      values = new Map();
      this.values.set(name, values);
    }
    return values;
  }

  noteUnknown(): void {
    this.changes.isPartial = true;
    this.dropValues();
  }

  note(table: CatalogName, before: object | null, after: object | null): void {
    this.stamp = ++writeStamp;
    const rows = [before, after].filter((row) => row !== null);
    const list = this.changes.rows.get(table);
    if (list === undefined) this.changes.rows.set(table, rows);
    else list.push(...rows);
    if (before !== null) this.changes.replaced.add(table);
    const change: CatalogChanges = {
      rows: new Map([[table, rows]]),
      replaced: before === null ? new Set() : new Set([table]),
      isPartial: false,
    };
    const isTraceable = areTraceable(change);
    for (const [name, values] of this.values) {
      const region = this.shared.regions.get(name);
      if (isTraceable && region !== undefined) region.forget(values, change);
      else values.clear();
    }
  }
}

function noChanges(): MutableChanges {
  return { rows: new Map(), replaced: new Set(), isPartial: false };
}

interface MutableChanges {
  readonly rows: Map<CatalogName, object[]>;
  readonly replaced: Set<CatalogName>;
  isPartial: boolean;
}

function sharedRegion(
  shared: SharedCache,
  name: string,
  tables: readonly CatalogName[],
  { forget = forgetAll(tables) }: RegionOptions,
): SharedRegion {
  let region = shared.regions.get(name);
  if (region === undefined) {
    region = { values: new Map(), forget };
    shared.regions.set(name, region);
  }
  return region;
}

function sharedCache(store: Store, database: number): SharedCache {
  let databases = sharedCaches.get(store);
  if (databases === undefined) {
    databases = new Map();
    sharedCaches.set(store, databases);
  }
  let shared = databases.get(database);
  if (shared === undefined) {
    shared = { version: -1, regions: new Map() };
    databases.set(database, shared);
  }
  return shared;
}
