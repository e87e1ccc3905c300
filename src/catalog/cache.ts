// Descriptors remembered between lookups. One shared cache for each (store, database) of the worker, valid for one
// catalog version; beside it each session's private one, used for what its transaction has changed and not committed.
// A region names the catalogs that its values are built from: it is private only while one of them is written.
import type { Store } from '../storage/api.js';
import type { Transaction } from '../transaction/api.js';
import type { CatalogName } from './generated/rows.js';

/** Values by key. `load` computes a missing one; it may throw, then nothing is remembered. */
export interface CacheRegion<K, V> {
  get(key: K, load: (key: K) => V): V;
}

export interface CatalogCache {
  /** Declares a region, by a name that is unique and the catalogs its values are read from. One that is about to hold
   *  more than `entriesMax` values starts anew. */
  region<K, V>(name: string, tables: readonly CatalogName[], entriesMax?: number): CacheRegion<K, V>;
  /** Committed catalog version; a negative number that is never used again while own changes are uncommitted. */
  version(): number;
  /** The transaction is about to write the catalog. */
  onWrite(transaction: Transaction, table: CatalogName): void;
}

interface SharedCache {
  version: number;
  readonly regions: Map<string, Map<unknown, unknown>>;
}

const sharedCaches = new WeakMap<Store, Map<number, SharedCache>>();

/** Numbers own writes across all sessions of the worker: no two states of uncommitted changes share a number. */
let writeStamp = 0;

export function createCatalogCache(
  store: Store,
  database: number,
  currentTransaction: () => Transaction | null,
): CatalogCache {
  const shared = sharedCache(store, database);
  const privateRegions = new Map<string, { stamp: number; readonly values: Map<unknown, unknown> }>();
  /** Stamp of the last write to each catalog by `writer`. */
  const written = new Map<CatalogName, number>();
  let writer: Transaction | null = null;
  let hooked = '';

  function hasOwnChanges(): boolean {
    if (writer === null) return false;
    if (writer === currentTransaction()) return true;
    forget();
    return false;
  }

  function forget(): void {
    writer = null;
    hooked = '';
    written.clear();
    privateRegions.clear();
  }

  function stampOf(tables: readonly CatalogName[]): number {
    let stamp = 0;
    for (const table of tables) stamp = Math.max(stamp, written.get(table) ?? 0);
    return stamp;
  }

  function sharedRegion(name: string): Map<unknown, unknown> {
    let values = shared.regions.get(name);
    if (values === undefined) {
      values = new Map();
      shared.regions.set(name, values);
    }
    return values;
  }

  /** Drops what was built on another version of the catalogs. */
  function follow(): void {
    const version = store.catalogVersion();
    if (shared.version === version) return;
    for (const values of shared.regions.values()) values.clear();
    shared.version = version;
  }

  function privateRegion(name: string, stamp: number): Map<unknown, unknown> {
    let region = privateRegions.get(name);
    if (region === undefined) {
      region = { stamp, values: new Map() };
      privateRegions.set(name, region);
    }
    if (region.stamp !== stamp) {
      region.values.clear();
      region.stamp = stamp;
    }
    return region.values;
  }

  /** A savepoint's rollback takes back some of the writes: whatever was built on them is stale. */
  function hookRollback(transaction: Transaction): void {
    const place = `${transaction.savepointDepth}:${transaction.command}`;
    if (hooked === place) return;
    hooked = place;
    transaction.afterRollback(() => {
      hooked = '';
      for (const table of written.keys()) written.set(table, ++writeStamp);
    });
  }

  return {
    region: <K, V>(
      name: string,
      tables: readonly CatalogName[],
      entriesMax = Number.POSITIVE_INFINITY,
    ): CacheRegion<K, V> => {
      const committed = sharedRegion(name);
      return {
        get(key, load) {
          const stamp = hasOwnChanges() ? stampOf(tables) : 0;
          if (stamp === 0) follow();
          const values = (stamp === 0 ? committed : privateRegion(name, stamp)) as Map<K, V>;
          const known = values.get(key);
          if (known !== undefined || values.has(key)) return known as V;
          const { version } = shared;
          const value = load(key);
          if (values.size >= entriesMax) values.clear();
          // Another worker's commit may have come in between: what was read before it must not outlive it.
          if (stamp !== 0 || shared.version === version) values.set(key, value);
          return value;
        },
      };
    },
    version: () => (hasOwnChanges() ? -Math.max(...written.values()) : store.catalogVersion()),
    onWrite(transaction, table) {
      if (writer !== transaction) forget();
      writer = transaction;
      written.set(table, ++writeStamp);
      hookRollback(transaction);
      store.markCatalogChanged(transaction.store);
    },
  };
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
