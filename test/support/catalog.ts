// A catalog over a fresh store in memory, for tests of the rooms that only look things up. One store a process: the test
// closes it when it is done.
import type { Catalog } from '../../src/catalog/api.js';
import { bootstrapCatalogs, copyTemplateDatabases } from '../../src/catalog/bootstrap.js';
import { createCatalog } from '../../src/catalog/catalog.js';
import type { IoSettings } from '../../src/catalog/catalog-session.js';
import { bootstrapSuperuser, postgresDatabase } from '../../src/catalog/oids.js';
import { closeStore, openStore } from '../../src/storage/store.js';
import { createTransactionManager } from '../../src/transaction/transaction.js';
import '../../src/types/index.js';

/** The catalogs as a new database has them; `close` ends the store. */
export async function freshCatalog(): Promise<{ readonly catalog: Catalog; close(): void }> {
  const store = openStore(null);
  await bootstrapCatalogs(store);
  await copyTemplateDatabases(store);
  const manager = createTransactionManager(store, {
    processId: 1,
    database: postgresDatabase,
    waits: {
      lockTimeoutMs: () => 0,
      deadlockTimeoutMs: () => 10,
      onInterrupt: () => () => undefined,
      checkInterrupts: () => undefined,
      showWait: () => undefined,
    },
    describeRelation: String,
  });
  const catalog = createCatalog({
    store,
    database: postgresDatabase,
    databaseName: 'postgres',
    sessionId: 1,
    transaction: () => manager.current,
    userId: () => bootstrapSuperuser,
    sessionUserId: () => bootstrapSuperuser,
    searchPathSetting: () => '"$user", public',
    ioSettings: {} as IoSettings,
    icuRules: () => {
      throw new Error('no ICU here');
    },
  });
  return { catalog, close: () => closeStore() };
}
