// What every lookup file works with: the typed rows, the cache, and the other lookups it leans on.
import type { CatalogTables } from '../api.js';
import type { CatalogCache } from '../cache.js';
import type { CatalogSession } from '../catalog-session.js';

export interface LookupBase {
  readonly session: CatalogSession;
  readonly tables: CatalogTables;
  readonly cache: CatalogCache;
}
