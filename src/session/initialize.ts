// Sets up a fresh data directory: catalog rows, then the SQL steps (system views, information_schema, functions written
// in SQL) run through the corridor in template1, then the copies template0 and postgres.
import { bootstrapCatalogs, copyTemplateDatabases, isBootstrapped } from '../catalog/bootstrap.js';
import { bootstrapSql } from '../catalog/bootstrap-sql.js';
import { openInternalConnection } from './internal-connection.js';
import { loginDatabase, loginRole, sharedCatalog } from './host.js';
import { runSql } from './corridor.js';
import { Session } from './session.js';
import type { WorkerEnvironment } from './session.js';

/** Fills the store unless it is filled; `loadParser` must have run. */
export async function initializeDatabases(environment: WorkerEnvironment): Promise<void> {
  if (isBootstrapped(environment.store)) return;
  await bootstrapCatalogs(environment.store);
  await runBootstrapSql(environment);
  await copyTemplateDatabases(environment.store);
}

async function runBootstrapSql(environment: WorkerEnvironment): Promise<void> {
  const catalog = sharedCatalog(environment);
  const role = catalog.tables.findOne('pg_authid', { rolname: 'postgres' })?.row;
  const database = catalog.tables.findOne('pg_database', { datname: 'template1' })?.row;
  if (!role || !database) throw new Error('the bootstrap rows hold no superuser or no template1');
  const connection = openInternalConnection(loginRole(catalog, role), loginDatabase(catalog, database), 'standalone backend');
  const session = new Session(connection, environment);
  try {
    for (const step of bootstrapSql()) {
      session.startStatement(step.sql);
      session.fixedOids = step.oids;
      await runSql(session, step.sql);
      await session.transactions.finishStatement();
    }
  } finally {
    await session.end();
    connection.close();
  }
}
