// Makes one session's catalog: puts the lookups together over the worker's shared cache and the session's settings.
// Nothing is loaded before it is asked for.
import type { ReadView } from '../storage/api.js';
import { pageBytes } from '../base/limits.js';
import type { IoContext } from '../types/io-context.js';
import { accessControl } from './access.js';
import { aclTextOf, type RoleNames } from './acl-text.js';
import type { Catalog, CatalogTables } from './api.js';
import { createCatalogCache } from './cache.js';
import type { CatalogSession, IoSettings } from './catalog-session.js';
import { formatType, type TypeNaming } from './format-type.js';
import { constraintLookups } from './lookups/constraints.js';
import { functionLookups } from './lookups/functions.js';
import type { LookupBase } from './lookups/lookup-base.js';
import { namespaceLookups } from './lookups/namespaces.js';
import { opclassLookups } from './lookups/opclasses.js';
import { relationLookups } from './lookups/relations.js';
import { roleLookups } from './lookups/roles.js';
import { typeLookups } from './lookups/types.js';
import { createNames } from './names.js';
import { pgCatalogNamespace } from './oids.js';
import { createCatalogTables } from './tables.js';
import { visibility } from './visibility.js';

export function createCatalog(session: CatalogSession): Catalog {
  const { store, database } = session;
  const cache = createCatalogCache(store, database, () => session.transaction());
  // Roles name the parts of access control lists, and are rows themselves: the names come once the lookups are there.
  const roleNames: RoleNames = { roleName: (oid) => roles.roleName(oid), roleOid: (name) => roles.roleOid(name) };
  const tables: CatalogTables = createCatalogTables({
    store,
    database,
    acl: aclTextOf(roleNames),
    withView: (read) => withLatestView(session, read),
    onWrite: cache.onWrite,
  });
  const base: LookupBase = { session, tables, cache };
  const roles = roleLookups(base);
  const access = accessControl(tables, roles, () => namespaces.temporaryOid());
  const namespaces = namespaceLookups(
    base,
    (namespace, privilege) =>
      roles.isSuperuser(session.userId()) || access.mask('n', namespace.oid, session.userId(), privilege) !== 0,
    roles.roleName,
  );
  const types = typeLookups(base, namespaces);
  const naming: TypeNaming = {
    findTypeByOid: types.findTypeByOid,
    isVisible: (type) => visible.type(type.name, type.schema),
    schemaName: (oid) => namespaces.namespace(oid)?.name ?? '',
  };
  const typeText = (oid: number, typmod: number | null = null, qualify = false) =>
    formatType(naming, oid, typmod, qualify);
  // Symbols of built-in functions name types as they look with nothing but pg_catalog in the path.
  const symbolNaming: TypeNaming = { ...naming, isVisible: (type) => type.schema === pgCatalogNamespace };
  const functions = functionLookups(base, namespaces, (oid) => formatType(symbolNaming, oid, null));
  const visible = visibility(namespaces, tables, functions);
  const opclasses = opclassLookups(base, namespaces, types);
  const relations = relationLookups(base, namespaces, types, opclasses);
  const constraints = constraintLookups(base);
  const viewQueries = cache.region<number, string | null>('viewQueries', ['pg_rewrite']);
  const children = cache.region<number, readonly number[]>('inheritors', ['pg_inherits']);
  const names = createNames({
    databaseName: session.databaseName,
    tables,
    namespaces,
    types,
    relations,
    functions,
    roles,
    visibility: visible,
    formatType: (oid, qualify) => typeText(oid, null, qualify),
  });

  function inheritors(relation: number): readonly number[] {
    const found = new Set([relation]);
    for (const at of found) {
      const direct = children.get(at, () =>
        tables
          .find('pg_inherits', { inhparent: at })
          .map(({ row }) => row.inhrelid)
          .sort((left, right) => left - right),
      );
      for (const child of direct) found.add(child);
    }
    return [...found];
  }

  const catalog: Catalog = {
    database,
    databaseName: session.databaseName,
    version: cache.version,
    ...relations,
    ...types,
    ...namespaces,
    ...functions,
    ...opclasses,
    ...constraints,
    relationSize(oid) {
      const { entries, bytes } = store.size(relations.requireRelation(oid).file);
      return { rows: entries, pages: Math.ceil(bytes / pageBytes) };
    },
    databaseBytes: (oid) => store.databaseSize(oid),
    sequenceState: (oid) => store.sequences.read(relations.requireRelation(oid).file),
    viewQuery: (relation) =>
      viewQueries.get(
        relation,
        () => tables.findOne('pg_rewrite', { ev_class: relation, rulename: '_RETURN' })?.row.ev_action ?? null,
      ),
    inheritors,
    tables,
    io: createIoContext(session, {
      typeByOid: types.typeByOid,
      collation(oid) {
        const found = functions.collation(oid);
        return found?.provider === 'i' ? session.icuRules(found) : null;
      },
      collationOid: 0,
      names,
    }),
    names,
    roles,
    access,
    visibility: visible,
    formatType: typeText,
  };
  return catalog;
}

/** The transaction's latest view; outside of one, a snapshot of this moment. */
function withLatestView<R>(session: CatalogSession, read: (view: ReadView) => R): R {
  const transaction = session.transaction();
  if (transaction !== null) return read(transaction.latestView());
  const snapshot = session.store.takeSnapshot();
  try {
    return read({ snapshot, transaction: null, command: 0 });
  } finally {
    snapshot.release();
  }
}

const settingNames = [
  'dateStyle',
  'dateOrder',
  'intervalStyle',
  'timeZone',
  'extraFloatDigits',
  'byteaOutput',
  'lcMonetary',
  'xmlOption',
  'transactionTimestamp',
  'statementTimestamp',
  'checkDomain',
] as const satisfies readonly (keyof IoSettings)[];

/** Settings are read when they are asked for: they change between and within statements. */
function createIoContext(session: CatalogSession, fromCatalog: Omit<IoContext, keyof IoSettings>): IoContext {
  const settings = session.ioSettings;
  for (const name of settingNames)
    Object.defineProperty(fromCatalog, name, { enumerable: true, get: () => settings[name] });
  return fromCatalog as IoContext;
}
