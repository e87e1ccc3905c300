// Objects as tools identify them across databases: type in words, schema, name, and an unambiguous identity that doesn't
// depend on the search path (pg_identify_object); the same as lists of names and arguments (..._as_address).
import { quoteIdentifier, quoteQualifiedIdentifier } from '../types/quote.js';
import type { Catalog } from './api.js';
import { catalogOfClass, type ObjectAddress } from './dependencies/object-address.js';
import type { CatalogName, CatalogRow } from './generated/rows.js';
import { findObjectDescription } from './object-description.js';

export interface ObjectIdentity {
  readonly type: string;
  /** Where the object's name alone is unique within the schema (or, schema null, in the database). */
  readonly schema: string | null;
  readonly name: string | null;
  readonly identity: string;
  readonly names: readonly string[];
  readonly args: readonly string[];
}

/** Null where there is no such object, or its kind has no identity. */
export function identifyObject(catalog: Catalog, address: ObjectAddress): ObjectIdentity | null {
  const table = catalogOfClass(address.classId);
  if (table === null) return null;
  const identify = identifiers[table] as Identifier<CatalogName> | undefined;
  const row =
    identify === undefined ? null : (catalog.tables.findOne(table, { oid: address.objectId } as never)?.row ?? null);
  return identify === undefined || row === null ? null : identify(row, catalog, address);
}

type Identifier<T extends CatalogName> = (
  row: CatalogRow<T>,
  catalog: Catalog,
  address: ObjectAddress,
) => ObjectIdentity | null;

/** An object named by itself. */
function global(type: string, name: string): ObjectIdentity {
  return { type, schema: null, name: quoteIdentifier(name), identity: quoteIdentifier(name), names: [name], args: [] };
}

/** An object whose name is unique in its schema. */
function inSchema(catalog: Catalog, type: string, namespace: number, name: string): ObjectIdentity {
  const schema = catalog.namespace(namespace)?.name ?? '';
  const identity = quoteQualifiedIdentifier(schema, name);
  return {
    type,
    schema: quoteIdentifier(schema),
    name: quoteIdentifier(name),
    identity,
    names: [schema, name],
    args: [],
  };
}

/** A part of a relation: rule, trigger, policy, constraint. */
function onRelation(
  catalog: Catalog,
  type: string,
  relation: number,
  name: string,
  withSchema = false,
): ObjectIdentity | null {
  const owner = relationNames(catalog, relation);
  if (owner === null) return null;
  const identity = `${quoteIdentifier(name)} on ${quoteQualifiedIdentifier(owner[0], owner[1])}`;
  return {
    type,
    schema: withSchema ? quoteIdentifier(owner[0]) : null,
    name: null,
    identity,
    names: [...owner, name],
    args: [],
  };
}

function relationNames(catalog: Catalog, oid: number): readonly [schema: string, name: string] | null {
  const relation = catalog.relation(oid);
  return relation === null ? null : [relation.schemaName, relation.name];
}

const relationTypes: Readonly<Record<string, string>> = {
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
const routineTypes: Readonly<Record<string, string>> = { f: 'function', w: 'function', a: 'aggregate', p: 'procedure' };
const defaultAclTypes: Readonly<Record<string, string>> = {
  r: 'tables',
  S: 'sequences',
  f: 'functions',
  T: 'types',
  n: 'schemas',
};

function relation(row: CatalogRow<'pg_class'>, catalog: Catalog, { subId }: ObjectAddress): ObjectIdentity | null {
  const whole = inSchema(catalog, relationTypes[row.relkind] ?? 'relation', row.relnamespace, row.relname);
  if (subId === 0) return whole;
  const column = catalog.tables.findOne('pg_attribute', { attrelid: row.oid, attnum: subId })?.row;
  if (column === undefined) return null;
  return {
    ...whole,
    type: `${whole.type} column`,
    identity: `${whole.identity}.${quoteIdentifier(column.attname)}`,
    names: [...whole.names, column.attname],
  };
}

function routine(row: CatalogRow<'pg_proc'>, catalog: Catalog): ObjectIdentity {
  const found = catalog.requireFunction(row.oid);
  const base = inSchema(catalog, routineTypes[row.prokind] ?? 'function', row.pronamespace, row.proname);
  const args = row.proargtypes.map((type) => catalog.formatType(type, null, true));
  return { ...base, name: null, identity: catalog.names.functionSignature(found, true), args };
}

function type(row: CatalogRow<'pg_type'>, catalog: Catalog): ObjectIdentity {
  const identity = catalog.formatType(row.oid, null, true);
  return { ...inSchema(catalog, 'type', row.typnamespace, row.typname), identity, names: [identity] };
}

function constraint(row: CatalogRow<'pg_constraint'>, catalog: Catalog): ObjectIdentity | null {
  if (row.conrelid !== 0) return onRelation(catalog, 'table constraint', row.conrelid, row.conname, true);
  const domain = catalog.formatType(row.contypid, null, true);
  return {
    type: 'domain constraint',
    schema: quoteIdentifier(catalog.namespace(row.connamespace)?.name ?? ''),
    name: null,
    identity: `${quoteIdentifier(row.conname)} on ${domain}`,
    names: [domain],
    args: [row.conname],
  };
}

function operator(row: CatalogRow<'pg_operator'>, catalog: Catalog): ObjectIdentity {
  const side = (oid: number) => (oid === 0 ? '-' : catalog.formatType(oid, null, true));
  const base = inSchema(catalog, 'operator', row.oprnamespace, row.oprname);
  const identity = catalog.names.operatorSignature(catalog.requireOperator(row.oid), true);
  return { ...base, name: null, identity, args: [side(row.oprleft), side(row.oprright)] };
}

/** Operator classes and families: names are unique for an access method. */
function usingMethod(catalog: Catalog, kind: string, namespace: number, name: string, method: number): ObjectIdentity {
  const base = inSchema(catalog, kind, namespace, name);
  const accessMethod = catalog.accessMethodName(method);
  return {
    ...base,
    identity: `${base.identity} USING ${quoteIdentifier(accessMethod)}`,
    names: [accessMethod, ...base.names],
  };
}

function familyMember(
  catalog: Catalog,
  kind: string,
  family: number,
  number: number,
  types: readonly number[],
): ObjectIdentity | null {
  const row = catalog.tables.findOne('pg_opfamily', { oid: family })?.row;
  if (row === undefined) return null;
  const owner = usingMethod(catalog, 'operator family', row.opfnamespace, row.opfname, row.opfmethod);
  const args = types.map((oid) => catalog.formatType(oid, null, true));
  return {
    type: `${kind} of access method`,
    schema: null,
    name: null,
    identity: `${kind} ${number} (${args.join(', ')}) of ${owner.identity}`,
    names: [...owner.names, String(number)],
    args,
  };
}

function attributeDefault(row: CatalogRow<'pg_attrdef'>, catalog: Catalog): ObjectIdentity | null {
  const owner = relationNames(catalog, row.adrelid);
  const column = catalog.tables.findOne('pg_attribute', { attrelid: row.adrelid, attnum: row.adnum })?.row.attname;
  if (owner === null || column === undefined) return null;
  const identity = `for ${quoteQualifiedIdentifier(owner[0], owner[1])}.${quoteIdentifier(column)}`;
  return { type: 'default value', schema: null, name: null, identity, names: [...owner, column], args: [] };
}

function defaultAcl(row: CatalogRow<'pg_default_acl'>, catalog: Catalog): ObjectIdentity {
  const role = catalog.roles.roleName(row.defaclrole) ?? '';
  const schema = row.defaclnamespace === 0 ? null : (catalog.namespace(row.defaclnamespace)?.name ?? '');
  const place = schema === null ? '' : ` in schema ${quoteIdentifier(schema)}`;
  return {
    type: 'default acl',
    schema: null,
    name: null,
    identity: `for role ${quoteIdentifier(role)}${place} on ${defaultAclTypes[row.defaclobjtype] ?? ''}`,
    names: schema === null ? [role] : [role, schema],
    args: [row.defaclobjtype],
  };
}

const identifiers: { readonly [T in CatalogName]?: Identifier<T> } = {
  pg_class: relation,
  pg_proc: routine,
  pg_type: type,
  pg_constraint: constraint,
  pg_attrdef: attributeDefault,
  pg_operator: operator,
  pg_default_acl: defaultAcl,
  pg_cast(row, catalog) {
    const [source, target] = [
      catalog.formatType(row.castsource, null, true),
      catalog.formatType(row.casttarget, null, true),
    ];
    return {
      type: 'cast',
      schema: null,
      name: null,
      identity: `(${source} AS ${target})`,
      names: [source],
      args: [target],
    };
  },
  pg_collation: (row, catalog) => inSchema(catalog, 'collation', row.collnamespace, row.collname),
  pg_conversion: (row, catalog) => inSchema(catalog, 'conversion', row.connamespace, row.conname),
  pg_language: (row) => global('language', row.lanname),
  pg_opclass: (row, catalog) => usingMethod(catalog, 'operator class', row.opcnamespace, row.opcname, row.opcmethod),
  pg_opfamily: (row, catalog) => usingMethod(catalog, 'operator family', row.opfnamespace, row.opfname, row.opfmethod),
  pg_am: (row) => global('access method', row.amname),
  pg_amop: (row, catalog) =>
    familyMember(catalog, 'operator', row.amopfamily, row.amopstrategy, [row.amoplefttype, row.amoprighttype]),
  pg_amproc: (row, catalog) =>
    familyMember(catalog, 'function', row.amprocfamily, row.amprocnum, [row.amproclefttype, row.amprocrighttype]),
  pg_rewrite: (row, catalog) => onRelation(catalog, 'rule', row.ev_class, row.rulename),
  pg_trigger: (row, catalog) => onRelation(catalog, 'trigger', row.tgrelid, row.tgname),
  pg_policy: (row, catalog) => onRelation(catalog, 'policy', row.polrelid, row.polname),
  pg_namespace: (row) => global('schema', row.nspname),
  pg_statistic_ext: (row, catalog) => inSchema(catalog, 'statistics object', row.stxnamespace, row.stxname),
  pg_ts_parser: (row, catalog) => inSchema(catalog, 'text search parser', row.prsnamespace, row.prsname),
  pg_ts_dict: (row, catalog) => inSchema(catalog, 'text search dictionary', row.dictnamespace, row.dictname),
  pg_ts_template: (row, catalog) => inSchema(catalog, 'text search template', row.tmplnamespace, row.tmplname),
  pg_ts_config: (row, catalog) => inSchema(catalog, 'text search configuration', row.cfgnamespace, row.cfgname),
  pg_authid: (row) => global('role', row.rolname),
  pg_auth_members(row, catalog, address) {
    const identity = findObjectDescription(catalog, address);
    return identity === null
      ? null
      : { type: 'role membership', schema: null, name: null, identity, names: [], args: [] };
  },
  pg_database: (row) => global('database', row.datname),
  pg_tablespace: (row) => global('tablespace', row.spcname),
  pg_foreign_data_wrapper: (row) => global('foreign-data wrapper', row.fdwname),
  pg_foreign_server: (row) => global('server', row.srvname),
  pg_user_mapping(row, catalog) {
    const server = catalog.tables.findOne('pg_foreign_server', { oid: row.umserver })?.row.srvname ?? '';
    const user = row.umuser === 0 ? 'public' : (catalog.roles.roleName(row.umuser) ?? '');
    return {
      type: 'user mapping',
      schema: null,
      name: null,
      identity: `${quoteIdentifier(user)} on server ${server}`,
      names: [user],
      args: [server],
    };
  },
  pg_extension: (row) => global('extension', row.extname),
  pg_event_trigger: (row) => global('event trigger', row.evtname),
  pg_parameter_acl: (row) => ({
    type: 'parameter ACL',
    schema: null,
    name: null,
    identity: row.parname,
    names: [row.parname],
    args: [],
  }),
  pg_publication: (row) => global('publication', row.pubname),
  pg_publication_rel(row, catalog) {
    const owner = relationNames(catalog, row.prrelid);
    const publication = catalog.tables.findOne('pg_publication', { oid: row.prpubid })?.row.pubname ?? '';
    if (owner === null) return null;
    const identity = `${quoteQualifiedIdentifier(owner[0], owner[1])} in publication ${publication}`;
    return { type: 'publication relation', schema: null, name: null, identity, names: owner, args: [publication] };
  },
  pg_subscription: (row) => global('subscription', row.subname),
};
