// A worker's sessions as the server sees them: roles and databases for the log-in, and `serve`, which carries one client
// from its first message to its last.
import { createCatalog } from '../catalog/catalog.js';
import type { Catalog } from '../catalog/api.js';
import { aclBit } from '../catalog/acl-text.js';
import type { PgAuthidRow, PgDatabaseRow } from '../catalog/generated/rows.js';
import { template1Database } from '../catalog/oids.js';
import type { ClientConnection, LoginDatabase, LoginRole, SessionHost } from '../wire/connection.js';
import { reportError } from './report-error.js';
import { runMessageLoop } from './message-loop.js';
import { icuRules } from './icu-collation.js';
import { Session } from './session.js';
import type { WorkerEnvironment } from './session.js';
import { applyStartupSettings } from './startup-settings.js';

/** pg_authid's oid of pg_use_reserved_connections. */
const reservedConnectionsRole = 4550;

/** The host of this worker's sessions. `loadParser` must have run. */
export function createSessionHost(environment: WorkerEnvironment): SessionHost {
  const catalog = sharedCatalog(environment);
  return {
    findRole(name) {
      const row = catalog.tables.findOne('pg_authid', { rolname: name })?.row;
      return row ? loginRole(catalog, row) : null;
    },
    findDatabase(name) {
      const row = catalog.tables.findOne('pg_database', { datname: name })?.row;
      return row ? loginDatabase(catalog, row) : null;
    },
    serve: (connection) => serve(environment, connection),
  };
}

async function serve(environment: WorkerEnvironment, connection: ClientConnection): Promise<void> {
  const session = new Session(connection, environment);
  try {
    try {
      applyStartupSettings(session);
      session.sendStartup();
    } catch (error) {
      reportError(session, error, 'FATAL');
      return;
    }
    await runMessageLoop(session);
  } finally {
    await session.end();
  }
}

/** The role as the log-in needs it. */
export function loginRole(catalog: Catalog, row: PgAuthidRow): LoginRole {
  return {
    oid: row.oid,
    name: row.rolname,
    canLogin: row.rolcanlogin,
    isSuperuser: row.rolsuper,
    isReplication: row.rolreplication,
    password: row.rolpassword,
    validUntil: row.rolvaliduntil,
    connectionLimit: row.rolconnlimit,
    isMemberOf(role) {
      const oid = catalog.roles.roleOid(role);
      return oid !== null && catalog.roles.allRoles(row.oid).has(oid);
    },
    get mayUseReserved() {
      return row.rolsuper || catalog.roles.inheritedRoles(row.oid).has(reservedConnectionsRole);
    },
  };
}

/** The database as the log-in needs it. */
export function loginDatabase(catalog: Catalog, row: PgDatabaseRow): LoginDatabase {
  return {
    oid: row.oid,
    name: row.datname,
    allowsConnections: row.datallowconn,
    connectionLimit: row.datconnlimit,
    mayConnect: (role) => role.isSuperuser || catalog.access.mask('d', row.oid, role.oid, aclBit.connect) !== 0,
  };
}

/** The shared catalogs, readable without a session. */
export function sharedCatalog(environment: WorkerEnvironment): Catalog {
  return createCatalog({
    store: environment.store,
    database: template1Database,
    databaseName: 'template1',
    sessionId: 0,
    transaction: () => null,
    userId: () => 10,
    sessionUserId: () => 10,
    searchPathSetting: () => 'pg_catalog',
    ioSettings: {
      dateStyle: 'ISO',
      dateOrder: 'MDY',
      intervalStyle: 'postgres',
      timeZone: 'UTC',
      extraFloatDigits: 1,
      byteaOutput: 'hex',
      lcMonetary: 'C',
      xmlOption: 'content',
      transactionTimestamp: 0n,
      statementTimestamp: 0n,
    },
    icuRules,
  });
}
