// Tables looked after without anybody's asking (manual, section 24.1.6): one round goes through all databases whose
// counters have moved and vacuums or analyzes the tables that their thresholds ask for, each in a transaction of its own,
// in a session that pg_stat_activity shows as an autovacuum worker. The server says when a round is due (autovacuum_naptime).
// Invariant: clients come first: the work yields to the event loop between its steps, waits for no lock, and goes away
// where somebody waits for one of its own.
import { addon, autovacuumKind } from '../base/addon.js';
import { type MaintenanceNeed, maintainTable, maintenanceText, relationNeed } from '../commands/autovacuum.js';
import type { PgDatabaseRow } from '../catalog/generated/rows.js';
import type { Catalog } from '../catalog/api.js';
import { PgError, SqlState } from '../errors/pg-error.js';
import { commandContext } from './corridor.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { loginDatabase, loginRole, sharedCatalog } from './host.js';
import { openInternalConnection } from './internal-connection.js';
import { statistics } from './services/statistics.js';
import { Session } from './session.js';
import type { WorkerEnvironment } from './session.js';

/** pg_authid's oid of the superuser that initdb makes. */
const bootstrapRole = 10;

/** What the work must not be stopped by, whatever the server's defaults are. */
const ownSettings = [
  ['statement_timeout', '0'],
  ['transaction_timeout', '0'],
  ['lock_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['default_transaction_read_only', 'off'],
  ['default_transaction_isolation', 'read committed'],
  ['search_path', ''],
] as const;

/** One round over all databases; ends early where `isOver` says that the worker stops. Never rejects. */
export async function autovacuumRound(environment: WorkerEnvironment, isOver: () => boolean): Promise<void> {
  try {
    const catalog = sharedCatalog(environment);
    for (const { row } of catalog.tables.find('pg_database', {})) {
      if (isOver()) return;
      if (row.datallowconn && hasChanges(row.oid)) await maintainDatabase(environment, catalog, row, isOver);
    }
  } catch (error) {
    environment.log.error({ err: error }, 'automatic maintenance failed');
  }
}

/** Has anything moved that could ask for work? Shared relations are looked after from the first database on. */
function hasChanges(database: number): boolean {
  return candidates(database).length > 0;
}

function candidates(database: number): number[] {
  return statistics
    .objects(database)
    .filter(
      (relation) =>
        relation !== 0 &&
        (statistics.counter(database, relation, 'modSinceAnalyze') > 0 ||
          statistics.counter(database, relation, 'deadTuples') > 0 ||
          statistics.counter(database, relation, 'insSinceVacuum') > 0),
    );
}

async function maintainDatabase(
  environment: WorkerEnvironment,
  catalog: Catalog,
  database: PgDatabaseRow,
  isOver: () => boolean,
): Promise<void> {
  const role = catalog.tables.findOne('pg_authid', { oid: bootstrapRole })?.row;
  if (role === undefined) return;
  const connection = openInternalConnection(loginRole(catalog, role), loginDatabase(catalog, database), autovacuumKind);
  showDatabase(connection.slot, database.oid);
  const session = new Session(connection, environment);
  try {
    for (const [name, value] of ownSettings)
      session.settings.set(name, value, { local: false, source: 'override', isSuperuser: true });
    for (const relation of candidates(database.oid)) {
      if (isOver()) return;
      session.checkInterrupts();
      await maintainRelation(session, relation);
    }
  } catch (error) {
    // Sent away: the tables have their turn in a later round.
    environment.log.debug({ err: error }, 'automatic maintenance of a database ended early');
  } finally {
    await session.end();
    connection.close();
  }
}

/** So that the session counts as one of its database, and as nobody's. */
function showDatabase(slot: number, database: number): void {
  addon.backendLogIn(slot, {
    database,
    role: 0,
    isSuperuser: true,
    mayUseReserved: true,
    databaseLimit: -1,
    roleLimit: -1,
    connectionsMax: Number.MAX_SAFE_INTEGER >>> 0,
    superuserReserved: 0,
    reserved: 0,
  });
}

/** Throws only where the session itself has to end. */
async function maintainRelation(session: Session, oid: number): Promise<void> {
  const { log } = session.environment;
  try {
    const context = commandContext(session, '', []);
    const need = relationNeed(context, oid);
    const relation = context.catalog.relation(oid);
    if (need !== null && relation !== null) {
      const text = maintenanceText(relation, need);
      session.startStatement(text);
      const start = performance.now();
      const isDone = await maintainTable(context, oid, need);
      log.debug({ relation: oid, isDone }, text);
      const message = isDone ? maintenanceReport(session, relation, need, performance.now() - start) : null;
      if (message !== null)
        session.notice({ severity: 'LOG', code: SqlState.successfulCompletion, message, fields: {} });
    }
    await session.transactions.finishStatement();
  } catch (error) {
    session.transactions.abort();
    if (error instanceof PgError && error.severity === 'FATAL') throw error;
    log.info({ err: error, relation: oid }, 'canceling autovacuum task');
  } finally {
    session.endStatement();
  }
}

/** How the log names the work once it is done, after so many milliseconds; null where nobody asks for it
 *  (log_autovacuum_min_duration of the table or the server). */
function maintenanceReport(
  session: Session,
  relation: RelationDescriptor,
  need: MaintenanceNeed,
  elapsedMs: number,
): string | null {
  const own = relation.options.find((option) => option.startsWith('log_autovacuum_min_duration='));
  const minimumMs =
    own === undefined ? session.settings.int('log_autovacuum_min_duration') : Number(own.slice(own.indexOf('=') + 1));
  if (minimumMs < 0 || elapsedMs < minimumMs) return null;
  const work = [need.vacuum ? 'vacuum' : '', need.analyze ? 'analyze' : ''].filter((word) => word !== '').join(' and ');
  const table = `${session.connection.database.name}.${relation.schemaName}.${relation.name}`;
  return `automatic ${work} of table "${table}", elapsed: ${(elapsedMs / 1000).toFixed(2)} s`;
}
