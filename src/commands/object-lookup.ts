// Finds the object that COMMENT, DROP, ALTER ... OWNER, RENAME, SET SCHEMA and GRANT name: one place that knows how each
// kind of object is written in the parse tree. Throws PostgreSQL's errors for what is not there or of another kind.
import type { Node, ObjectType, ObjectWithArgs, TypeName } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import type { CatalogName } from '../catalog/generated/rows.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { formatType, resolveType } from './column-type.js';
import { findConstraint } from './constraint.js';
import { lookupFunction, lookupOperator } from './function-lookup.js';
import { requireNamespace } from './namespace.js';
import { requireRole } from './role-membership.js';
import { listItems, nameParts, nodeAs, nodeOf, qualifiedName, stringList, stringOf } from './tree.js';

/** An object's address, and the relation it is or belongs to (columns, constraints, triggers, rules). */
export interface FoundObject {
  readonly address: ObjectAddress;
  readonly relation: RelationDescriptor | null;
}

const relationKinds: Readonly<Partial<Record<ObjectType, readonly [kinds: string, noun: string]>>> = {
  OBJECT_TABLE: ['rp', 'a table'],
  OBJECT_INDEX: ['iI', 'an index'],
  OBJECT_SEQUENCE: ['S', 'a sequence'],
  OBJECT_VIEW: ['v', 'a view'],
  OBJECT_MATVIEW: ['m', 'a materialized view'],
  OBJECT_FOREIGN_TABLE: ['f', 'a foreign table'],
};

/** Finds it, or throws. `lock` is taken on relations. */
export async function findObject(
  context: CommandContext,
  type: ObjectType,
  object: Node,
  lock: Parameters<CommandContext['transaction']['lockRelation']>[1],
): Promise<FoundObject> {
  const relational = relationKinds[type];
  if (relational) {
    const relation = await lockNamed(context, nameParts(object), lock);
    if (!relational[0].includes(relation.kind)) {
      throw pgError(SqlState.wrongObjectType, `"${relation.name}" is not ${relational[1]}`);
    }
    return { address: objectAddress(ClassOid.class, relation.oid), relation };
  }
  if (type === 'OBJECT_COLUMN') return findColumn(context, nameParts(object), lock);
  if (
    type === 'OBJECT_TABCONSTRAINT' ||
    type === 'OBJECT_TRIGGER' ||
    type === 'OBJECT_RULE' ||
    type === 'OBJECT_POLICY'
  ) {
    return findPart(context, type, nameParts(object), lock);
  }
  return { address: findSimple(context, type, object), relation: null };
}

async function lockNamed(
  context: CommandContext,
  parts: readonly string[],
  lock: Parameters<CommandContext['transaction']['lockRelation']>[1],
): Promise<RelationDescriptor> {
  const name = qualifiedName(parts);
  const relation = context.catalog.resolveRelation(name);
  await context.transaction.lockRelation(relation.oid, lock, { name: relation.name });
  return context.catalog.resolveRelation(name);
}

async function findColumn(
  context: CommandContext,
  parts: readonly string[],
  lock: Parameters<CommandContext['transaction']['lockRelation']>[1],
): Promise<FoundObject> {
  if (parts.length < 2) throw pgError(SqlState.syntaxError, 'column name must be qualified');
  const relation = await lockNamed(context, parts.slice(0, -1), lock);
  const name = parts.at(-1) as string;
  const row = context.catalog.tables.find('pg_attribute', { attrelid: relation.oid, attname: name })[0]?.row;
  if (row === undefined || row.attisdropped) {
    throw pgError(
      SqlState.undefinedColumn,
      `column "${name}" of relation "${parts.slice(0, -1).join('.')}" does not exist`,
    );
  }
  return { address: objectAddress(ClassOid.class, relation.oid, row.attnum), relation };
}

async function findPart(
  context: CommandContext,
  type: ObjectType,
  parts: readonly string[],
  lock: Parameters<CommandContext['transaction']['lockRelation']>[1],
): Promise<FoundObject> {
  const relation = await lockNamed(context, parts.slice(0, -1), lock);
  const name = parts.at(-1) as string;
  const { tables } = context.catalog;
  if (type === 'OBJECT_TABCONSTRAINT') {
    const row = findConstraint(context, relation.oid, name)?.row;
    if (row === undefined) {
      throw pgError(SqlState.undefinedObject, `constraint "${name}" for table "${relation.name}" does not exist`);
    }
    return { address: objectAddress(ClassOid.constraint, row.oid), relation };
  }
  const found =
    type === 'OBJECT_TRIGGER'
      ? tables.findOne('pg_trigger', { tgrelid: relation.oid, tgname: name })?.row.oid
      : type === 'OBJECT_RULE'
        ? tables.findOne('pg_rewrite', { ev_class: relation.oid, rulename: name })?.row.oid
        : tables.findOne('pg_policy', { polrelid: relation.oid, polname: name } as never)?.row.oid;
  if (found === undefined) {
    const [noun, preposition] =
      type === 'OBJECT_TRIGGER'
        ? ['trigger', 'table']
        : type === 'OBJECT_RULE'
          ? ['rule', 'relation']
          : ['policy', 'table'];
    throw pgError(SqlState.undefinedObject, `${noun} "${name}" for ${preposition} "${relation.name}" does not exist`);
  }
  const classId =
    type === 'OBJECT_TRIGGER' ? ClassOid.trigger : type === 'OBJECT_RULE' ? ClassOid.rewrite : ClassOid.policy;
  return { address: objectAddress(classId, found), relation };
}

/** Objects that are no part of a relation. */
function findSimple(context: CommandContext, type: ObjectType, object: Node): ObjectAddress {
  switch (type) {
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
      return findType(context, typeNameOf(object), type === 'OBJECT_DOMAIN');
    case 'OBJECT_DOMCONSTRAINT':
      return findDomainConstraint(context, object);
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_AGGREGATE':
      return objectAddress(
        ClassOid.proc,
        lookupFunction(context, nodeOf(object, 'ObjectWithArgs') as ObjectWithArgs, type),
      );
    case 'OBJECT_OPERATOR':
      return objectAddress(
        ClassOid.operator,
        lookupOperator(context, nodeOf(object, 'ObjectWithArgs') as ObjectWithArgs),
      );
    case 'OBJECT_CAST':
      return findCast(context, object);
    case 'OBJECT_OPCLASS':
    case 'OBJECT_OPFAMILY':
      return findOperatorGroup(context, type, nameParts(object));
    default:
      return findNamed(context, type, object);
  }
}

/** DROP and COMMENT write types as TypeNames, ALTER as lists of names. */
function typeNameOf(object: Node | undefined): TypeName {
  const typeName = nodeAs(object, 'TypeName');
  return typeName ?? { names: [...listItems(object)], typemod: -1, location: -1 };
}

/** A type by name; `domain` demands one. Throws 42704, 42809. */
export function findType(context: CommandContext, typeName: TypeName, domain: boolean): ObjectAddress {
  const { type } = resolveType(context, typeName);
  if (domain && context.catalog.typeByOid(type).kind !== 'd') {
    throw pgError(SqlState.wrongObjectType, `"${typeNameText(typeName)}" is not a domain`);
  }
  return objectAddress(ClassOid.type, type);
}

/** The name as it was written. */
function typeNameText(typeName: TypeName): string {
  const names = stringList(typeName.names).filter((name) => name !== 'pg_catalog');
  return `${names.join('.')}${(typeName.arrayBounds?.length ?? 0) > 0 ? '[]' : ''}`;
}

function findDomainConstraint(context: CommandContext, object: Node): ObjectAddress {
  const [typeNode, nameNode] = listItems(object);
  const { objectId } = findType(context, typeNameOf(typeNode), true);
  const name = stringOf(nameNode);
  const row = context.catalog.tables.findOne('pg_constraint', { contypid: objectId, conname: name, conrelid: 0 })?.row;
  if (row === undefined) {
    throw pgError(
      SqlState.undefinedObject,
      `constraint "${name}" for domain ${formatType(context, objectId)} does not exist`,
    );
  }
  return objectAddress(ClassOid.constraint, row.oid);
}

function findCast(context: CommandContext, object: Node): ObjectAddress {
  const [source, target] = listItems(object).map((node) => resolveType(context, nodeOf(node, 'TypeName')).type) as [
    number,
    number,
  ];
  const row = context.catalog.tables.findOne('pg_cast', { castsource: source, casttarget: target })?.row;
  if (row === undefined) {
    throw pgError(
      SqlState.undefinedObject,
      `cast from type ${formatType(context, source)} to type ${formatType(context, target)} does not exist`,
    );
  }
  return objectAddress(ClassOid.cast, row.oid);
}

function findOperatorGroup(context: CommandContext, type: ObjectType, parts: readonly string[]): ObjectAddress {
  const [method, ...rest] = parts as [string, ...string[]];
  const isClass = type === 'OBJECT_OPCLASS';
  const am = context.catalog.tables.findOne('pg_am', { amname: method })?.row;
  if (am === undefined) throw pgError(SqlState.undefinedObject, `access method "${method}" does not exist`);
  const name = qualifiedName(rest);
  const schemas = name.schema === null ? context.catalog.searchPath() : [requireNamespace(context, name.schema).oid];
  for (const schema of schemas) {
    const oid = isClass
      ? context.catalog.tables.findOne('pg_opclass', { opcmethod: am.oid, opcname: name.name, opcnamespace: schema })
          ?.row.oid
      : context.catalog.tables.findOne('pg_opfamily', { opfmethod: am.oid, opfname: name.name, opfnamespace: schema })
          ?.row.oid;
    if (oid !== undefined) return objectAddress(isClass ? ClassOid.opclass : ClassOid.opfamily, oid);
  }
  const noun = isClass ? 'operator class' : 'operator family';
  throw pgError(SqlState.undefinedObject, `${noun} "${rest.join('.')}" does not exist for access method "${method}"`);
}

interface NamedKind {
  readonly table: CatalogName;
  readonly classId: number;
  readonly nameColumn: string;
  /** Schema column; null for objects outside schemas. */
  readonly schemaColumn: string | null;
  readonly noun: string;
  readonly state: SqlState;
}
const named = (
  table: CatalogName,
  classId: number,
  nameColumn: string,
  schemaColumn: string | null,
  noun: string,
  state: SqlState = SqlState.undefinedObject,
): NamedKind => ({
  table,
  classId,
  nameColumn,
  schemaColumn,
  noun,
  state,
});

/** Objects found by name alone, in a schema or outside. */
export const namedKinds: Readonly<Partial<Record<ObjectType, NamedKind>>> = {
  OBJECT_SCHEMA: named('pg_namespace', ClassOid.namespace, 'nspname', null, 'schema', SqlState.undefinedSchema),
  OBJECT_DATABASE: named('pg_database', ClassOid.database, 'datname', null, 'database', SqlState.undefinedDatabase),
  OBJECT_ROLE: named('pg_authid', ClassOid.authid, 'rolname', null, 'role'),
  OBJECT_TABLESPACE: named('pg_tablespace', ClassOid.tablespace, 'spcname', null, 'tablespace'),
  OBJECT_EXTENSION: named('pg_extension', ClassOid.extension, 'extname', null, 'extension'),
  OBJECT_LANGUAGE: named('pg_language', ClassOid.language, 'lanname', null, 'language'),
  OBJECT_ACCESS_METHOD: named('pg_am', ClassOid.am, 'amname', null, 'access method'),
  OBJECT_FDW: named('pg_foreign_data_wrapper', ClassOid.foreignDataWrapper, 'fdwname', null, 'foreign-data wrapper'),
  OBJECT_FOREIGN_SERVER: named('pg_foreign_server', ClassOid.foreignServer, 'srvname', null, 'server'),
  OBJECT_EVENT_TRIGGER: named('pg_event_trigger', ClassOid.eventTrigger, 'evtname', null, 'event trigger'),
  OBJECT_PUBLICATION: named('pg_publication', ClassOid.publication, 'pubname', null, 'publication'),
  OBJECT_SUBSCRIPTION: named('pg_subscription', 6100, 'subname', null, 'subscription'),
  OBJECT_COLLATION: named('pg_collation', ClassOid.collation, 'collname', 'collnamespace', 'collation'),
  OBJECT_CONVERSION: named('pg_conversion', ClassOid.conversion, 'conname', 'connamespace', 'conversion'),
  OBJECT_STATISTIC_EXT: named(
    'pg_statistic_ext',
    ClassOid.statisticExt,
    'stxname',
    'stxnamespace',
    'statistics object',
  ),
  OBJECT_TSCONFIGURATION: named(
    'pg_ts_config',
    ClassOid.tsConfig,
    'cfgname',
    'cfgnamespace',
    'text search configuration',
  ),
  OBJECT_TSDICTIONARY: named('pg_ts_dict', ClassOid.tsDict, 'dictname', 'dictnamespace', 'text search dictionary'),
  OBJECT_TSPARSER: named('pg_ts_parser', ClassOid.tsParser, 'prsname', 'prsnamespace', 'text search parser'),
  OBJECT_TSTEMPLATE: named('pg_ts_template', ClassOid.tsTemplate, 'tmplname', 'tmplnamespace', 'text search template'),
};

function findNamed(context: CommandContext, type: ObjectType, object: Node): ObjectAddress {
  const kind = namedKinds[type];
  if (kind === undefined)
    throw notSupported(`this command on ${type.replace('OBJECT_', '').toLowerCase().replaceAll('_', ' ')}`);
  const parts = nodeAs(object, 'String') ? [stringOf(object)] : nameParts(object);
  if (type === 'OBJECT_ROLE') return objectAddress(ClassOid.authid, requireRole(context, parts[0] as string));
  const oid = findNamedOid(context, kind, parts);
  if (oid !== null) return objectAddress(kind.classId, oid);
  const suffix = type === 'OBJECT_COLLATION' ? ' for encoding "UTF8"' : '';
  throw pgError(kind.state, `${kind.noun} "${parts.join('.')}"${suffix} does not exist`);
}

/** Oid of an object found by name, along the path where it has a schema; null where there is none. */
export function findNamedOid(context: CommandContext, kind: NamedKind, parts: readonly string[]): number | null {
  const lookup = (key: Record<string, string | number>): number | undefined =>
    (context.catalog.tables.findOne(kind.table, key as never)?.row as { oid: number } | undefined)?.oid;
  const name = parts.at(-1) as string;
  if (kind.schemaColumn === null) return lookup({ [kind.nameColumn]: name }) ?? null;
  const schemas =
    parts.length > 1 ? [requireNamespace(context, parts.at(-2) as string).oid] : context.catalog.searchPath();
  for (const schema of schemas) {
    const oid = lookup({ [kind.nameColumn]: name, [kind.schemaColumn]: schema });
    if (oid !== undefined) return oid;
  }
  return null;
}
