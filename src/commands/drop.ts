// DROP of every kind of object: names are looked up first (IF EXISTS tells what is not there), then everything is deleted at
// once, so that objects named together may depend on each other.
import type { DropStmt, Node, ObjectType, ObjectWithArgs, TypeName } from '@pgsql/types';
import { deleteObjects } from '../catalog/dependencies/delete-objects.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { PgError, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { resolveType } from './column-type.js';
import { requireObjectOwner } from './object-owner.js';
import { findObject, namedKinds } from './object-lookup.js';
import { lockRelationByName } from './namespace.js';
import { isOwner, noticeMissing, requireNoSystemRelation } from './permissions.js';
import { kindNoun } from './relation-kind.js';
import { dropIndexConcurrently } from './index-concurrently.js';
import { requireDroppable } from './relation-file.js';
import { requireNoTransactionBlock } from './transaction-block.js';
import { listItems, nameParts, nodeAs, nodeOf, qualifiedName, stringList, stringOf } from './tree.js';

/** What a DROP says about a kind of object: command tag, noun in messages. */
const dropKinds: Readonly<Partial<Record<ObjectType, string>>> = {
  OBJECT_TABLE: 'table',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_INDEX: 'index',
  OBJECT_FOREIGN_TABLE: 'foreign table',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_SCHEMA: 'schema',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'procedure',
  OBJECT_ROUTINE: 'routine',
  OBJECT_AGGREGATE: 'aggregate',
  OBJECT_OPERATOR: 'operator',
  OBJECT_CAST: 'cast',
  OBJECT_COLLATION: 'collation',
  OBJECT_CONVERSION: 'conversion',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_RULE: 'rule',
  OBJECT_POLICY: 'policy',
  OBJECT_STATISTIC_EXT: 'statistics',
  OBJECT_EXTENSION: 'extension',
  OBJECT_LANGUAGE: 'language',
  OBJECT_ACCESS_METHOD: 'access method',
  OBJECT_OPCLASS: 'operator class',
  OBJECT_OPFAMILY: 'operator family',
  OBJECT_EVENT_TRIGGER: 'event trigger',
  OBJECT_FDW: 'foreign-data wrapper',
  OBJECT_FOREIGN_SERVER: 'server',
  OBJECT_PUBLICATION: 'publication',
  OBJECT_TRANSFORM: 'transform',
  OBJECT_TSPARSER: 'text search parser',
  OBJECT_TSDICTIONARY: 'text search dictionary',
  OBJECT_TSTEMPLATE: 'text search template',
  OBJECT_TSCONFIGURATION: 'text search configuration',
};

const tagOf = (noun: string): string => `DROP ${noun.toUpperCase().replace('FOREIGN-DATA', 'FOREIGN DATA')}`;

/** DROP. */
export async function dropStatement(statement: DropStmt, context: CommandContext): Promise<CommandResult> {
  const type = statement.removeType as ObjectType;
  const noun = dropKinds[type];
  if (noun === undefined) throw new Error(`invariant broken: DROP of ${type}`);
  if (statement.concurrent) checkConcurrent(context, statement);
  const addresses: ObjectAddress[] = [];
  for (const node of statement.objects ?? []) {
    const address = await findForDrop(context, type, node, statement);
    if (address !== null) addresses.push(address);
  }
  const [only] = addresses;
  if (statement.concurrent && only !== undefined && !isTemporary(context, only.objectId)) {
    requireDroppable(context, context.catalog.requireRelation(only.objectId));
    await dropIndexConcurrently(context, only.objectId);
    return { kind: 'done', tag: tagOf(noun) };
  }
  await deleteObjects(context, addresses, {
    behavior: statement.behavior === 'DROP_CASCADE' ? 'cascade' : 'restrict',
    requireUnused: (relation) => requireDroppable(context, relation),
  });
  return { kind: 'done', tag: tagOf(noun) };
}

function isTemporary(context: CommandContext, relation: number): boolean {
  return context.catalog.requireRelation(relation).persistence === 't';
}

function checkConcurrent(context: CommandContext, statement: DropStmt): void {
  requireNoTransactionBlock(context, 'DROP INDEX CONCURRENTLY');
  if ((statement.objects ?? []).length > 1) {
    throw pgError(SqlState.featureNotSupported, 'DROP INDEX CONCURRENTLY does not support dropping multiple objects');
  }
  if (statement.behavior === 'DROP_CASCADE') {
    throw pgError(SqlState.featureNotSupported, 'DROP INDEX CONCURRENTLY does not support CASCADE');
  }
}

const relationTypes: Readonly<Partial<Record<ObjectType, string>>> = {
  OBJECT_TABLE: 'rp',
  OBJECT_SEQUENCE: 'S',
  OBJECT_VIEW: 'v',
  OBJECT_MATVIEW: 'm',
  OBJECT_INDEX: 'iI',
  OBJECT_FOREIGN_TABLE: 'f',
};

async function findForDrop(
  context: CommandContext,
  type: ObjectType,
  node: Node,
  statement: DropStmt,
): Promise<ObjectAddress | null> {
  const kinds = relationTypes[type];
  if (kinds !== undefined)
    return findRelation(context, { type, kinds, noun: dropKinds[type] as string }, nameParts(node), statement);
  if (statement.missing_ok) {
    const missing = whatIsMissing(context, type, node) ?? missingType(context, type, node);
    if (missing !== null) {
      noticeMissing(context, missing);
      return null;
    }
  }
  try {
    const { address, relation } = await findObject(context, type, node, 'AccessExclusiveLock');
    requireDropAllowed(context, address, relation);
    return address;
  } catch (error) {
    if (!statement.missing_ok || !isMissing(error)) throw error;
    notice(context, `${missingText(type, node)}, skipping`);
    return null;
  }
}

function isMissing(error: unknown): boolean {
  const states: readonly string[] = [
    SqlState.undefinedObject,
    SqlState.undefinedFunction,
    SqlState.undefinedTable,
    SqlState.undefinedSchema,
  ];
  return error instanceof PgError && states.includes(error.code);
}

/** A schema's owner may drop what is in it. */
function requireDropAllowed(
  context: CommandContext,
  address: ObjectAddress,
  relation: RelationDescriptor | null,
): void {
  const schema = schemaOf(context, address);
  if (schema !== null && isOwner(context, schema)) return;
  requireObjectOwner(context, address, relation);
}

function schemaOf(context: CommandContext, address: ObjectAddress): number | null {
  const { tables } = context.catalog;
  const oid = address.objectId;
  const namespace =
    address.classId === ClassOid.type
      ? tables.findOne('pg_type', { oid })?.row.typnamespace
      : address.classId === ClassOid.proc
        ? tables.findOne('pg_proc', { oid })?.row.pronamespace
        : undefined;
  return namespace === undefined ? null : (context.catalog.namespace(namespace)?.owner ?? null);
}

async function findRelation(
  context: CommandContext,
  wanted: { readonly type: ObjectType; readonly kinds: string; readonly noun: string },
  parts: readonly string[],
  statement: DropStmt,
): Promise<ObjectAddress | null> {
  const name = qualifiedName(parts);
  if (
    statement.missing_ok &&
    name.schema !== null &&
    name.schema !== 'pg_temp' &&
    context.catalog.findNamespace(name.schema) === null
  ) {
    noticeMissing(context, `schema "${name.schema}"`);
    return null;
  }
  const found = await lockRelationByName(
    context,
    {
      relname: name.name,
      ...(name.schema === null ? {} : { schemaname: name.schema }),
      ...(name.catalog === null ? {} : { catalogname: name.catalog }),
    },
    statement.concurrent ? 'AccessShareLock' : 'AccessExclusiveLock',
    { missingOk: true },
  );
  if (found === null) return missingRelation(context, wanted.noun, name, statement);
  if (!wanted.kinds.includes(found.kind)) throw wrongRelationKind(wanted.noun, found);
  const schemaOwner = context.catalog.namespace(found.schema)?.owner ?? 0;
  if (!isOwner(context, schemaOwner)) requireObjectOwner(context, objectAddress(ClassOid.class, found.oid), found);
  requireNoSystemRelation(found);
  return objectAddress(ClassOid.class, found.oid);
}

function missingRelation(
  context: CommandContext,
  noun: string,
  name: { readonly schema: string | null; readonly name: string },
  statement: DropStmt,
): null {
  if (statement.missing_ok) {
    noticeMissing(context, `${noun} "${name.name}"`);
    return null;
  }
  if (name.schema !== null && context.catalog.findNamespace(name.schema) === null && name.schema !== 'pg_temp') {
    throw pgError(SqlState.undefinedSchema, `schema "${name.schema}" does not exist`);
  }
  const state = noun === 'index' ? SqlState.undefinedObject : SqlState.undefinedTable;
  throw pgError(state, `${noun} "${name.name}" does not exist`);
}

function wrongRelationKind(noun: string, found: RelationDescriptor): Error {
  const article = noun === 'index' ? 'an' : 'a';
  const actual = found.kind === 'c' ? 'type' : kindNoun(found);
  return pgError(SqlState.wrongObjectType, `"${found.name}" is not ${article} ${noun}`, {
    hint: `Use DROP ${actual.toUpperCase()} to remove ${actual === 'index' ? 'an' : 'a'} ${actual}.`,
  });
}

/** What IF EXISTS says where the schema, or the relation that the object belongs to, is not there; else null. */
function whatIsMissing(context: CommandContext, type: ObjectType, node: Node): string | null {
  const parts = scopeParts(type, node);
  if (parts === null) return null;
  if (parts.length > 1) {
    const schema = parts.at(-2) as string;
    if (schema !== 'pg_temp' && context.catalog.findNamespace(schema) === null) return `schema "${schema}"`;
  }
  if (type !== 'OBJECT_TRIGGER' && type !== 'OBJECT_RULE' && type !== 'OBJECT_POLICY') return null;
  const name = qualifiedName(parts);
  return context.catalog.findRelation(name.schema, name.name) === null ? `relation "${parts.join('.')}"` : null;
}

/** The qualified name whose schema must exist. */
function scopeParts(type: ObjectType, node: Node): readonly string[] | null {
  if (type === 'OBJECT_TRIGGER' || type === 'OBJECT_RULE' || type === 'OBJECT_POLICY')
    return nameParts(node).slice(0, -1);
  if (type === 'OBJECT_CAST') return null;
  const withArgs = nodeAs(node, 'ObjectWithArgs') as ObjectWithArgs | null;
  if (withArgs) return stringList(withArgs.objname);
  if (type === 'OBJECT_OPCLASS' || type === 'OBJECT_OPFAMILY') return nameParts(node).slice(1);
  if (namedKinds[type]?.schemaColumn || type === 'OBJECT_TYPE' || type === 'OBJECT_DOMAIN') return nameParts(node);
  return null;
}

/** The first type among arguments, operands or a cast's two that is not there, or its schema. */
function missingType(context: CommandContext, type: ObjectType, node: Node): string | null {
  const withArgs = nodeAs(node, 'ObjectWithArgs') as ObjectWithArgs | null;
  const nodes = withArgs ? (withArgs.objargs ?? []) : type === 'OBJECT_CAST' ? listItems(node) : [];
  for (const item of nodes) {
    const typeName = nodeAs(item, 'TypeName');
    if (typeName === null || typeExists(context, typeName)) continue;
    const names = stringList(typeName.names);
    const schema = names.length > 1 ? (names.at(-2) as string) : null;
    if (schema !== null && context.catalog.findNamespace(schema) === null) return `schema "${schema}"`;
    return `type "${typeNameText(typeName)}"`;
  }
  return null;
}

function typeExists(context: CommandContext, typeName: TypeName): boolean {
  try {
    resolveType(context, typeName);
    return true;
  } catch (error) {
    if (error instanceof PgError && isMissing(error)) return false;
    throw error;
  }
}

/** A type as it was written; the grammar's own words stand for types of pg_catalog. */
function typeNameText(typeName: TypeName): string {
  const suffix = typeName.pct_type ? '%TYPE' : (typeName.arrayBounds?.length ?? 0) > 0 ? '[]' : '';
  return stringList(typeName.names).join('.') + suffix;
}

/** The object in IF EXISTS' words. */
function missingText(type: ObjectType, node: Node): string {
  const noun = dropKinds[type] as string;
  if (type === 'OBJECT_TRIGGER' || type === 'OBJECT_RULE' || type === 'OBJECT_POLICY') {
    const parts = nameParts(node);
    return `${noun} "${parts.at(-1)}" for relation "${parts.slice(0, -1).join('.')}" does not exist`;
  }
  if (type === 'OBJECT_CAST') {
    const [source, target] = listItems(node).map((item) => typeNameText(nodeOf(item, 'TypeName')));
    return `cast from type ${source} to type ${target} does not exist`;
  }
  const withArgs = nodeAs(node, 'ObjectWithArgs') as ObjectWithArgs | null;
  if (withArgs) {
    const name = stringList(withArgs.objname).join('.');
    if (type === 'OBJECT_OPERATOR') return `operator ${name} does not exist`;
    if (withArgs.args_unspecified) return `${noun} ${name}() does not exist`;
    const types = (withArgs.objargs ?? []).map((item) => typeNameText(nodeAs(item, 'TypeName') ?? {}));
    return `${noun} ${name}(${types.join(',')}) does not exist`;
  }
  if (type === 'OBJECT_OPCLASS' || type === 'OBJECT_OPFAMILY') {
    const [method, ...rest] = nameParts(node);
    return `${noun} "${rest.join('.')}" does not exist for access method "${method}"`;
  }
  const text = nodeAs(node, 'String') ? stringOf(node) : nameParts(node).join('.');
  const label = type === 'OBJECT_STATISTIC_EXT' ? 'statistics object' : type === 'OBJECT_DOMAIN' ? 'type' : noun;
  return `${label} "${text}" does not exist`;
}

function notice(context: CommandContext, message: string): void {
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
}
