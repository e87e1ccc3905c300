// Objects in words, as error details, notices and pg_describe_object name them: "column a of table t", "function f(integer)".
import type { Catalog } from './api.js';
import { catalogOfClass, type ObjectAddress } from './dependencies/object-address.js';
import type { CatalogName, CatalogRow, PgClassRow } from './generated/rows.js';
import { quoteQualifiedIdentifier } from '../types/quote.js';

/** The description; an object that doesn't exist gets its oid (`missing` null: returns null instead). */
export function describeObject(catalog: Catalog, address: ObjectAddress): string {
  return findObjectDescription(catalog, address) ?? `object ${address.objectId} of catalog ${address.classId}`;
}

/** Null where there is no such object. */
export function findObjectDescription(catalog: Catalog, { classId, objectId, subId }: ObjectAddress): string | null {
  const table = catalogOfClass(classId);
  if (table === null) return null;
  if (table === 'pg_class' && subId !== 0) return columnDescription(catalog, objectId, subId);
  const describe = describers[table] as Describer<CatalogName> | undefined;
  const row = describe === undefined ? null : (catalog.tables.findOne(table, { oid: objectId } as never)?.row ?? null);
  return describe === undefined || row === null ? null : describe(row, catalog);
}

type Describer<T extends CatalogName> = (row: CatalogRow<T>, catalog: Catalog) => string | null;

const relationNouns: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  i: 'index',
  I: 'index',
  S: 'sequence',
  t: 'toast table',
  v: 'view',
  m: 'materialized view',
  c: 'composite type',
  f: 'foreign table',
};

function relationText(row: PgClassRow, catalog: Catalog): string {
  const schema = catalog.visibility.relation(row.relname, row.relnamespace)
    ? null
    : (catalog.namespace(row.relnamespace)?.name ?? null);
  return `${relationNouns[row.relkind] ?? 'relation'} ${quoteQualifiedIdentifier(schema, row.relname)}`;
}

/** "table public.t" for the relation's oid; its number where it is gone. */
export function describeRelation(catalog: Catalog, oid: number): string {
  const row = catalog.tables.findOne('pg_class', { oid })?.row;
  return row === undefined ? String(oid) : relationText(row, catalog);
}

function columnDescription(catalog: Catalog, relation: number, attribute: number): string | null {
  const name = catalog.tables.findOne('pg_attribute', { attrelid: relation, attnum: attribute })?.row.attname;
  return name === undefined ? null : `column ${name} of ${describeRelation(catalog, relation)}`;
}

/** Name qualified unless the path finds it, for kinds that have one space of names. */
function qualifiedName(
  catalog: Catalog,
  table: CatalogName,
  columns: { readonly name: string; readonly namespace: string },
  row: object,
  key: object = {},
): string {
  const fields = row as Record<string, string | number>;
  const name = String(fields[columns.name]);
  const schema = Number(fields[columns.namespace]);
  const visible = catalog.visibility.named(table, columns, name, schema, key);
  return quoteQualifiedIdentifier(visible ? null : (catalog.namespace(schema)?.name ?? null), name);
}

function opfamilyText(catalog: Catalog, oid: number): string {
  const row = catalog.tables.findOne('pg_opfamily', { oid })?.row;
  if (row === undefined) return `operator family ${oid}`;
  const name = qualifiedName(catalog, 'pg_opfamily', { name: 'opfname', namespace: 'opfnamespace' }, row, {
    opfmethod: row.opfmethod,
  });
  return `operator family ${name} for access method ${catalog.accessMethodName(row.opfmethod)}`;
}

const roleText = (catalog: Catalog, oid: number): string => catalog.roles.roleName(oid) ?? String(oid);

const defaultAclNouns: Readonly<Record<string, string>> = {
  r: 'relations',
  S: 'sequences',
  f: 'functions',
  T: 'types',
  n: 'schemas',
};

const describers: { readonly [T in CatalogName]?: Describer<T> } = {
  pg_class: relationText,
  pg_proc: (row, catalog) => `function ${catalog.names.functionSignature(catalog.requireFunction(row.oid))}`,
  pg_type: (row, catalog) => `type ${catalog.formatType(row.oid)}`,
  pg_cast: (row, catalog) => `cast from ${catalog.formatType(row.castsource)} to ${catalog.formatType(row.casttarget)}`,
  pg_collation: (row, catalog) =>
    `collation ${qualifiedName(catalog, 'pg_collation', { name: 'collname', namespace: 'collnamespace' }, row)}`,
  pg_constraint: (row, catalog) =>
    row.conrelid === 0
      ? `constraint ${row.conname}`
      : `constraint ${row.conname} on ${describeRelation(catalog, row.conrelid)}`,
  pg_conversion: (row, catalog) =>
    `conversion ${qualifiedName(catalog, 'pg_conversion', { name: 'conname', namespace: 'connamespace' }, row)}`,
  pg_attrdef: (row, catalog) =>
    `default value for ${columnDescription(catalog, row.adrelid, row.adnum) ?? `column ${row.adnum}`}`,
  pg_language: (row) => `language ${row.lanname}`,
  pg_largeobject_metadata: (row) => `large object ${row.oid}`,
  pg_operator: (row, catalog) => `operator ${catalog.names.operatorSignature(catalog.requireOperator(row.oid))}`,
  pg_opclass: (row, catalog) =>
    `operator class ${qualifiedName(catalog, 'pg_opclass', { name: 'opcname', namespace: 'opcnamespace' }, row, { opcmethod: row.opcmethod })} for access method ${catalog.accessMethodName(row.opcmethod)}`,
  pg_opfamily: (row, catalog) => opfamilyText(catalog, row.oid),
  pg_am: (row) => `access method ${row.amname}`,
  pg_amop: (row, catalog) =>
    `operator ${row.amopstrategy} (${catalog.formatType(row.amoplefttype)}, ${catalog.formatType(row.amoprighttype)}) of ${opfamilyText(catalog, row.amopfamily)}: ${catalog.names.toText('regoperator', row.amopopr)}`,
  pg_amproc: (row, catalog) =>
    `function ${row.amprocnum} (${catalog.formatType(row.amproclefttype)}, ${catalog.formatType(row.amprocrighttype)}) of ${opfamilyText(catalog, row.amprocfamily)}: ${catalog.names.toText('regprocedure', row.amproc)}`,
  pg_rewrite: (row, catalog) => `rule ${row.rulename} on ${describeRelation(catalog, row.ev_class)}`,
  pg_trigger: (row, catalog) => `trigger ${row.tgname} on ${describeRelation(catalog, row.tgrelid)}`,
  pg_namespace: (row) => `schema ${row.nspname}`,
  pg_statistic_ext: (row, catalog) =>
    `statistics object ${qualifiedName(catalog, 'pg_statistic_ext', { name: 'stxname', namespace: 'stxnamespace' }, row)}`,
  pg_ts_parser: (row, catalog) =>
    `text search parser ${qualifiedName(catalog, 'pg_ts_parser', { name: 'prsname', namespace: 'prsnamespace' }, row)}`,
  pg_ts_dict: (row, catalog) =>
    `text search dictionary ${qualifiedName(catalog, 'pg_ts_dict', { name: 'dictname', namespace: 'dictnamespace' }, row)}`,
  pg_ts_template: (row, catalog) =>
    `text search template ${qualifiedName(catalog, 'pg_ts_template', { name: 'tmplname', namespace: 'tmplnamespace' }, row)}`,
  pg_ts_config: (row, catalog) =>
    `text search configuration ${qualifiedName(catalog, 'pg_ts_config', { name: 'cfgname', namespace: 'cfgnamespace' }, row)}`,
  pg_authid: (row) => `role ${row.rolname}`,
  pg_auth_members: (row, catalog) =>
    `membership of role ${roleText(catalog, row.member)} in role ${roleText(catalog, row.roleid)}`,
  pg_database: (row) => `database ${row.datname}`,
  pg_tablespace: (row) => `tablespace ${row.spcname}`,
  pg_foreign_data_wrapper: (row) => `foreign-data wrapper ${row.fdwname}`,
  pg_foreign_server: (row) => `server ${row.srvname}`,
  pg_user_mapping(row, catalog) {
    const server =
      catalog.tables.findOne('pg_foreign_server', { oid: row.umserver })?.row.srvname ?? String(row.umserver);
    return `user mapping for ${row.umuser === 0 ? 'public' : roleText(catalog, row.umuser)} on server ${server}`;
  },
  pg_default_acl(row, catalog) {
    const schema = row.defaclnamespace === 0 ? '' : ` in schema ${catalog.namespace(row.defaclnamespace)?.name ?? ''}`;
    return `default privileges on new ${defaultAclNouns[row.defaclobjtype] ?? 'objects'} belonging to role ${roleText(catalog, row.defaclrole)}${schema}`;
  },
  pg_extension: (row) => `extension ${row.extname}`,
  pg_event_trigger: (row) => `event trigger ${row.evtname}`,
  pg_parameter_acl: (row) => `parameter ${row.parname}`,
  pg_policy: (row, catalog) => `policy ${row.polname} on ${describeRelation(catalog, row.polrelid)}`,
  pg_publication: (row) => `publication ${row.pubname}`,
  pg_publication_rel(row, catalog) {
    const publication = catalog.tables.findOne('pg_publication', { oid: row.prpubid })?.row.pubname ?? '';
    return `publication of ${describeRelation(catalog, row.prrelid)} in publication ${publication}`;
  },
  pg_publication_namespace(row, catalog) {
    const publication = catalog.tables.findOne('pg_publication', { oid: row.pnpubid })?.row.pubname ?? '';
    return `publication of schema ${catalog.namespace(row.pnnspid)?.name ?? ''} in publication ${publication}`;
  },
  pg_subscription: (row) => `subscription ${row.subname}`,
  pg_transform(row, catalog) {
    const language = catalog.tables.findOne('pg_language', { oid: row.trflang })?.row.lanname ?? '';
    return `transform for ${catalog.formatType(row.trftype)} language ${language}`;
  },
};
