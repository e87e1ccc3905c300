// `heliosdb verify`: a session in each database, one after the other, that checks everything in it. The store is open for
// reading only, so nothing here may write.
import type { Catalog } from '../catalog/api.js';
import type { PgDatabaseRow } from '../catalog/generated/rows.js';
import { checkDatabase } from '../commands/verify/database.js';
import { commandContext } from './corridor.js';
import { loginDatabase, loginRole, sharedCatalog } from './host.js';
import { openInternalConnection } from './internal-connection.js';
import { Session } from './session.js';
import type { WorkerEnvironment } from './session.js';

/** What a check tells as it goes: what was looked at, and what is wrong. */
export interface VerifyReporter {
  looked(fact: string): void;
  found(problem: string): void;
}

/** pg_authid's oid of the superuser that initdb makes. */
const bootstrapRole = 10;

/** Checks all databases. Rejects only where the catalogs that all share can't be read. */
export async function verifyDatabases(environment: WorkerEnvironment, reporter: VerifyReporter): Promise<void> {
  const catalog = sharedCatalog(environment);
  for (const [n, { row }] of catalog.tables.find('pg_database', {}).entries()) {
    await verifyDatabase(environment, catalog, { row, isFirst: n === 0 }, reporter);
  }
}

async function verifyDatabase(
  environment: WorkerEnvironment,
  catalog: Catalog,
  { row, isFirst }: { readonly row: PgDatabaseRow; readonly isFirst: boolean },
  reporter: VerifyReporter,
): Promise<void> {
  const tell = (problem: string) => reporter.found(`database "${row.datname}": ${problem}`);
  const role = catalog.tables.findOne('pg_authid', { oid: bootstrapRole })?.row;
  if (role === undefined) return tell('the superuser is missing');
  const login = loginRole(catalog, role);
  const connection = openInternalConnection(login, loginDatabase(catalog, row), 'standalone backend');
  try {
    const session = new Session(connection, environment);
    session.settings.set('search_path', '', { local: false, source: 'override', isSuperuser: true });
    const context = commandContext(session, '', []);
    const seen = await checkDatabase(context, { database: row.oid, isFirst }, tell);
    reporter.looked(
      `database "${row.datname}": ${seen.tables} tables with ${seen.rows} rows, ${seen.indexes} indexes with ` +
        `${seen.entries} entries, ${seen.sequences} sequences`,
    );
    session.transactions.abort();
    await session.end();
  } catch (error) {
    tell(`can't be checked: ${(error as Error).message}`);
  } finally {
    connection.close();
  }
}
