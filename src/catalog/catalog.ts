// Makes one session's catalog: puts the lookups together over the worker's shared cache and the session's settings.
// Nothing is loaded before it is asked for.
import type { ReadView, StoreTransaction } from '../storage/api.js';
import { pageBytes } from '../base/limits.js';
import { accessControl } from './access.js';
import { aclTextOf, type RoleNames } from './acl-text.js';
import type { Catalog, CatalogTables } from './api.js';
import { type CatalogCache, createCatalogCache } from './cache.js';
import { forgetAlways, forgetKeys, forgetLookups } from './catalog-changes.js';
import type { CatalogSession } from './catalog-session.js';
import { deleteObjects } from './dependencies/delete-objects.js';
import { objectAddress } from './dependencies/object-address.js';
import type { CatalogName } from './generated/rows.js';
import { catalogShapes } from './generated/schema.js';
import { formatType, type TypeNaming } from './format-type.js';
import { castLookups } from './lookups/casts.js';
import { collationLookups } from './lookups/collations.js';
import { constraintLookups } from './lookups/constraints.js';
import { functionLookups } from './lookups/functions.js';
import type { NamedObjectLookups } from './lookups/named-objects.js';
import type { LookupBase } from './lookups/lookup-base.js';
import { type NamespaceLookups, namespaceLookups } from './lookups/namespaces.js';
import { operatorLookups } from './lookups/operators.js';
import { operatorFamilyLookups } from './lookups/operator-families.js';
import { opclassLookups } from './lookups/opclasses.js';
import { type RelationLookups, relationLookups } from './lookups/relations.js';
import { roleLookups } from './lookups/roles.js';
import { type TypeLookups, typeLookups } from './lookups/types.js';
import { createNames } from './names.js';
import { type CatalogTablesOptions, createCatalogTables } from './tables.js';
import { SessionIoContext } from './session-io-context.js';
import { visibility } from './visibility.js';

/** Lookups of one catalog's rows that a worker remembers for a database: those of some thousand objects. */
const cachedLookupsMax = 20000;
/** Definitions likewise. */
const rememberedTextsMax = 10000;

export function createCatalog(session: CatalogSession): Catalog {
  const { store, database } = session;
  const cache = createCatalogCache(store, database, () => session.transaction());
  // Roles name the parts of access control lists, and are rows themselves: the names come once the lookups are there.
  const roleNames: RoleNames = { roleName: (oid) => roles.roleName(oid), roleOid: (name) => roles.roleOid(name) };
  const tables: CatalogTables = createCatalogTables({
    store,
    database,
    acl: aclTextOf(roleNames),
    findType: (oid) => types.findTypeByOid(oid),
    withView: (read) => withLatestView(session, read),
    ...rememberedRows(cache),
  });
  const base: LookupBase = { session, tables, cache };
  const roles = roleLookups(base);
  const access = accessControl(tables, roles, () => namespaces.temporaryOid());
  const namespaces = namespaceLookups(
    base,
    (namespace, privilege) =>
      roles.isSuperuser(session.userId()) || access.mask('n', namespace.oid, session.userId(), privilege) !== 0,
    roles.roleName,
    (namespace) => emptyNamespace(session, catalog, namespace),
  );
  const types = typeLookups(base, namespaces);
  const { typeText } = typeTexts(types, namespaces, (name, schema) => visible.type(name, schema));
  const builtFunctions = functionLookups(base, namespaces, (oid) => types.typeByOid(oid).name);
  const functions: NamedObjectLookups = {
    ...builtFunctions,
    ...operatorLookups(base, namespaces, builtFunctions),
    ...collationLookups(base, namespaces),
  };
  const visible = visibility(namespaces, tables, functions);
  const casts = castLookups(base, types);
  const families = operatorFamilyLookups(base);
  const opclasses = opclassLookups(base, namespaces, types, casts, families);
  const relations = relationLookups(base, namespaces, types, { ...opclasses, ...families });
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
  const catalog: Catalog = {
    database,
    databaseName: session.databaseName,
    version: cache.version,
    ...relations,
    ...types,
    ...namespaces,
    ...functions,
    ...families,
    ...opclasses,
    ...casts,
    ...constraintLookups(base),
    ...storedFacts(base, relations, namespaces),
    tables,
    io: new SessionIoContext(session, types, functions, names),
    names,
    roles,
    access,
    visibility: visible,
    formatType: typeText,
  };
  return catalog;
}

/** Where found rows are remembered, and what of them is forgotten when they change. */
function rememberedRows(cache: CatalogCache): Pick<CatalogTablesOptions, 'region' | 'onWrite' | 'onForeignWrite'> {
  return {
    region(table) {
      const sources = sourcesOf(table);
      const forget = forgetLookups(table, sources);
      return cache.region(`rows of ${table}`, sources, { entriesMax: cachedLookupsMax, forget });
    },
    onWrite: cache.onWrite,
    onForeignWrite: cache.onForeignWrite,
  };
}

/** The catalogs that a catalog's rows are read from: access control lists name roles. */
function sourcesOf(table: CatalogName): readonly CatalogName[] {
  const hasAcl = catalogShapes[table].columns.some(([, , typeName]) => typeName === 'aclitem[]');
  return hasAcl ? [table, 'pg_authid'] : [table];
}

/** Drops everything in a schema, but not the schema itself. */
async function emptyNamespace(session: CatalogSession, catalog: Catalog, namespace: number): Promise<void> {
  const transaction = session.transaction();
  if (transaction === null) return;
  const context = { catalog, store: session.store, transaction, notice: () => undefined };
  const options = { behavior: 'cascade', quiet: true, skipOriginal: true } as const;
  await deleteObjects(context, [objectAddress('pg_namespace', namespace)], options);
}

/** Types as text, as the session's search path has it. */
function typeTexts(
  types: TypeLookups,
  namespaces: NamespaceLookups,
  isVisible: (name: string, schema: number) => boolean,
) {
  const naming: TypeNaming = {
    findTypeByOid: types.findTypeByOid,
    isVisible: (type) => isVisible(type.name, type.schema),
    schemaName: (oid) => namespaces.namespace(oid)?.name ?? '',
  };
  return {
    typeText: (oid: number, typmod: number | null = null, qualify = false) => formatType(naming, oid, typmod, qualify),
  };
}

/** Texts of definitions: names are qualified as the search path wants, constants printed as the settings say. */
function rememberedTexts({ session, cache }: LookupBase, namespaces: NamespaceLookups): Catalog['rememberedText'] {
  const texts = cache.region<string, string | null>('texts', Object.keys(catalogShapes) as CatalogName[], {
    entriesMax: rememberedTextsMax,
    forget: forgetAlways,
  });
  return (key, make) => {
    const io = session.ioSettings;
    const form = `${io.dateStyle} ${io.dateOrder} ${io.intervalStyle} ${io.timeZone} ${io.extraFloatDigits} ${io.byteaOutput}`;
    return texts.get(`${key}\0${form} ${io.lcMonetary}\0${namespaces.searchPath().join()}`, make);
  };
}

/** What the store knows of relations and databases, and what catalogs hold beside descriptors. */
function storedFacts(base: LookupBase, relations: RelationLookups, namespaces: NamespaceLookups) {
  const { session, tables, cache } = base;
  const { store } = session;
  const viewQueries = cache.region<number, string | null>('viewQueries', ['pg_rewrite'], {
    forget: forgetKeys({ pg_rewrite: (row) => row.ev_class }),
  });
  const children = cache.region<number, readonly number[]>('inheritors', ['pg_inherits']);
  const directChildren = (parent: number): readonly number[] =>
    children.get(parent, () =>
      tables
        .find('pg_inherits', { inhparent: parent })
        .map(({ row }) => row.inhrelid)
        .sort((left, right) => left - right),
    );
  const loadViewQuery = (relation: number): string | null =>
    tables.findOne('pg_rewrite', { ev_class: relation, rulename: '_RETURN' })?.row.ev_action ?? null;
  return {
    rememberedText: rememberedTexts(base, namespaces),
    relationSize(oid: number) {
      const { file, kind } = relations.requireRelation(oid);
      const { entries, bytes } = store.size(file);
      return { rows: entries, pages: 'rmt'.includes(kind) ? store.pages(file) : Math.ceil(bytes / pageBytes) };
    },
    databaseBytes: (oid: number) => store.databaseSize(oid),
    sequenceState: (oid: number) => store.sequences.read(relations.requireRelation(oid).file),
    transactionId(assign: boolean): bigint | null {
      const transaction = session.transaction()?.store ?? null;
      return transaction === null ? null : assign ? transaction.xid() : transaction.assignedXid;
    },
    snapshotXids() {
      const transaction = session.transaction();
      return transaction === null ? store.unseenXids(store.visibleSequence?.() ?? 0) : transaction.snapshotXids();
    },
    transactionStatus: (xid: bigint) => store.xidStatus(xid),
    stableNextTransactionId(): bigint {
      const transaction = session.transaction()?.store ?? null;
      if (transaction === null) return store.nextXid();
      const known = transaction.assignedXid ?? seenNextIds.get(transaction);
      if (known !== undefined) return known;
      const next = store.nextXid();
      seenNextIds.set(transaction, next);
      return next;
    },
    walPosition: () => store.currentLsn(),
    viewQuery: (relation: number) => viewQueries.get(relation, loadViewQuery),
    inheritors(relation: number): readonly number[] {
      const found = new Set([relation]);
      for (const at of found) for (const child of directChildren(at)) found.add(child);
      return [...found];
    },
  };
}

/** The id that age() counts from, by transaction. */
const seenNextIds = new WeakMap<StoreTransaction, bigint>();

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
