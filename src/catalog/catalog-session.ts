// What a session gives its catalog: the store, its transaction, who it is, and the settings that name lookups and text
// forms depend on. The session room implements it.
import type { Store } from '../storage/api.js';
import type { Transaction } from '../transaction/api.js';
import type { CollationRules } from '../types/type-behaviour.js';
import type { IoContext } from '../types/io-context.js';
import type { CollationDescriptor } from './descriptors.js';

/** The settings and times of IoContext: everything in it that doesn't come from the catalogs. */
export type IoSettings = Omit<IoContext, 'names' | 'typeByOid' | 'collation' | 'collationOid'>;

export interface CatalogSession {
  readonly store: Store;
  readonly database: number;
  readonly databaseName: string;
  /** Number of the session's backend: owner of its temporary relations, N of pg_temp_N. */
  readonly sessionId: number;
  transaction(): Transaction | null;
  /** Effective (current) and session user, as oids. */
  userId(): number;
  sessionUserId(): number;
  /** search_path as SHOW prints it. */
  searchPathSetting(): string;
  readonly ioSettings: IoSettings;
  /** Comparison rules of an ICU collation; throws where its locale is unknown. */
  icuRules(collation: CollationDescriptor): CollationRules;
}
