// What a statement's analysis and plan depend on beside its text and the catalogs: database, user, temporary schema and
// the settings that matter. Sessions of a worker that agree in all of it share an environment, and with it plans.
// Invariant: nothing in an environment belongs to a session, so that plans keep none alive.
import type { Catalog } from '../../catalog/api.js';
import { createCatalog } from '../../catalog/catalog.js';
import type { CatalogSession, IoSettings } from '../../catalog/catalog-session.js';
import { planEnvironmentsMax } from '../../base/limits.js';
import type { Store } from '../../storage/api.js';
import { icuRules } from '../icu-collation.js';
import type { Session } from '../session.js';

export interface PlanEnvironment {
  /** Short name, unique in the worker and never used again. */
  readonly name: string;
  /** The committed catalogs as a session of this environment sees them. */
  readonly catalog: Catalog;
}

interface Known {
  readonly generation: number;
  readonly userId: number;
  readonly temporary: number;
  readonly environment: PlanEnvironment;
}

const environments = new WeakMap<Store, Map<string, PlanEnvironment>>();
const ofSession = new WeakMap<Session, Known>();
let environmentsMade = 0;

/** The session's environment as it is now; null while it has uncommitted catalog changes. */
export function planEnvironment(session: Session): PlanEnvironment | null {
  if (session.catalog.version() < 0) return null;
  const { generation } = session.settings;
  const { userId } = session.users;
  const temporary = session.catalog.temporaryOid();
  const known = ofSession.get(session);
  if (known?.generation === generation && known.userId === userId && known.temporary === temporary)
    return known.environment;
  const { database } = session.catalog;
  const key = `${database} ${userId} ${session.users.sessionUserId} ${temporary} ${session.settings.planSignature()}`;
  const environment = environmentNamed(session, key);
  ofSession.set(session, { generation, userId, temporary, environment });
  return environment;
}

function environmentNamed(session: Session, key: string): PlanEnvironment {
  let list = environments.get(session.store);
  if (list === undefined) {
    list = new Map();
    environments.set(session.store, list);
  }
  const known = list.get(key);
  if (known !== undefined) {
    list.delete(key);
    list.set(key, known);
    return known;
  }
  const environment = { name: `${++environmentsMade}`, catalog: createCatalog(frozenSession(session)) };
  list.set(key, environment);
  if (list.size > planEnvironmentsMax) {
    const oldest = list.keys().next();
    if (!oldest.done) list.delete(oldest.value);
  }
  return environment;
}

/** The session as it is now, without its transaction: what compiled plans may ask for by oid. */
function frozenSession(session: Session): CatalogSession {
  const { store } = session;
  const { database, databaseName } = session.catalog;
  const { userId, sessionUserId } = session.users;
  const searchPath = session.settings.text('search_path');
  return {
    store,
    database,
    databaseName,
    sessionId: session.catalog.temporaryOid() === 0 ? 0 : session.connection.processId,
    transaction: () => null,
    userId: () => userId,
    sessionUserId: () => sessionUserId,
    searchPathSetting: () => searchPath,
    ioSettings: frozenIoSettings(session.catalog.io),
    icuRules,
  };
}

function frozenIoSettings(io: Session['catalog']['io']): IoSettings {
  return {
    dateStyle: io.dateStyle,
    dateOrder: io.dateOrder,
    intervalStyle: io.intervalStyle,
    timeZone: io.timeZone,
    extraFloatDigits: io.extraFloatDigits,
    byteaOutput: io.byteaOutput,
    lcMonetary: io.lcMonetary,
    xmlOption: io.xmlOption,
    arrayNulls: io.arrayNulls ?? true,
    transactionTimestamp: io.transactionTimestamp,
    statementTimestamp: io.statementTimestamp,
  };
}
