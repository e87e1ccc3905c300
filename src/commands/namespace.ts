// Where a new object goes: the schema of its name, the first of search_path, or the session's temporary schema, with the
// privilege to create there checked.
import type { RangeVar } from '@pgsql/types';
import type { NamespaceDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import type { QualifiedName } from '../catalog/api.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Transaction } from '../transaction/api.js';
import type { CommandContext } from './api.js';
import { requireDatabasePrivilege, requireSchemaPrivilege } from './permissions.js';
import { nameText, qualifiedName, rangeVarName } from './tree.js';

export interface CreationTarget {
  readonly namespace: NamespaceDescriptor;
  readonly persistence: 'p' | 'u' | 't';
}

const temporaryAlias = 'pg_temp';

/** Schema and persistence of a relation to be. Throws 3F000, 42P16, 0A000, 42501. */
export async function relationTarget(
  context: CommandContext,
  written: RangeVar,
  options: { readonly positioned?: boolean } = {},
): Promise<CreationTarget> {
  // Only CREATE TABLE's errors point at the name.
  const { location: _location, ...plain } = written;
  const relation: RangeVar = options.positioned ? written : plain;
  const name = rangeVarName(relation);
  requireThisDatabase(context, name);
  const wanted = (relation.relpersistence || 'p') as 'p' | 'u' | 't';
  if (wanted === 't' && name.schema !== null) {
    const schema = name.schema === temporaryAlias ? null : context.catalog.findNamespace(name.schema);
    const own = await context.catalog.temporaryNamespace(false);
    if (name.schema !== temporaryAlias && (schema === null || schema.oid !== own?.oid)) {
      if (schema === null) throw noSchema(name.schema, relation.location);
      throw pgError(SqlState.invalidTableDefinition, 'cannot create temporary relation in non-temporary schema', {
        location: relation.location,
      });
    }
  }
  const namespace = await targetNamespace(
    context,
    wanted === 't' ? { ...name, schema: temporaryAlias } : name,
    relation.location,
  );
  const temporary = await context.catalog.temporaryNamespace(false);
  const isTemporary = temporary !== null && temporary.oid === namespace.oid;
  if (isTemporary) context.transaction.noteTemporary();
  if (isTemporary && wanted === 'u') {
    throw pgError(SqlState.invalidTableDefinition, 'cannot create unlogged relation in temporary schema');
  }
  if (!isTemporary && namespace.name.startsWith('pg_temp_')) {
    throw pgError(SqlState.invalidTableDefinition, 'cannot create relations in temporary schemas of other sessions');
  }
  return { namespace, persistence: isTemporary ? 't' : wanted };
}

/** Schema for any other object named by a list of parts, with CREATE checked. */
export async function objectTarget(
  context: CommandContext,
  parts: readonly string[],
): Promise<{ readonly namespace: NamespaceDescriptor; readonly name: string }> {
  const name = qualifiedName(parts);
  requireThisDatabase(context, name);
  return { namespace: await targetNamespace(context, name), name: name.name };
}

async function targetNamespace(
  context: CommandContext,
  name: QualifiedName,
  location?: number,
): Promise<NamespaceDescriptor> {
  if (name.schema === temporaryAlias) {
    context.transaction.noteTemporary();
    const existing = await context.catalog.temporaryNamespace(false);
    if (existing !== null) return existing;
    requireDatabasePrivilege(
      context,
      'T',
      `permission denied to create temporary tables in database "${context.catalog.databaseName}"`,
    );
    const created = await context.catalog.temporaryNamespace(true);
    if (created === null) throw new Error('invariant broken: no temporary schema');
    return created;
  }
  const namespace =
    name.schema === null ? context.catalog.creationNamespace() : requireNamespace(context, name.schema, location);
  requireSchemaPrivilege(context, namespace, 'create');
  if (!extensionScripts.has(context.transaction)) requireNoCatalogSchema(namespace, name.name);
  return namespace;
}

/** Transactions that run an extension's script, whose objects may go to the system's schemas. */
const extensionScripts = new WeakSet<Transaction>();

/** Runs an extension's script. */
export async function runningExtensionScript(context: CommandContext, run: () => Promise<void>): Promise<void> {
  const { transaction } = context;
  extensionScripts.add(transaction);
  try {
    await run();
  } finally {
    extensionScripts.delete(transaction);
  }
}

/** Schemas of the system take no user objects. */
function requireNoCatalogSchema(namespace: NamespaceDescriptor, name: string): void {
  if (namespace.oid !== 11 && namespace.oid !== 99) return;
  throw pgError(SqlState.insufficientPrivilege, `permission denied to create "${namespace.name}.${name}"`, {
    detail: 'System catalog modifications are currently disallowed.',
  });
}

/** A schema by name; throws 3F000. */
export function requireNamespace(context: CommandContext, name: string, location?: number): NamespaceDescriptor {
  const namespace = context.catalog.findNamespace(name);
  if (namespace === null) throw noSchema(name, location);
  return namespace;
}

function noSchema(name: string, location?: number): Error {
  return pgError(
    SqlState.undefinedSchema,
    `schema "${name}" does not exist`,
    location === undefined ? {} : { location },
  );
}

/** 0A000 for a name in another database. */
export function requireThisDatabase(context: CommandContext, name: QualifiedName): void {
  if (name.catalog !== null && name.catalog !== context.catalog.databaseName) {
    throw pgError(
      SqlState.featureNotSupported,
      `cross-database references are not implemented: ${quoteText(nameText(name))}`,
    );
  }
}

function quoteText(text: string): string {
  return `"${text}"`;
}

/** An existing relation, locked. `missingOk` gives null where there is none. The name is looked up again after the lock
 *  was granted: what it stood for may have gone meanwhile. */
export async function lockRelationByName(
  context: CommandContext,
  relation: RangeVar,
  mode: Parameters<CommandContext['transaction']['lockRelation']>[1],
  options: { readonly missingOk?: boolean; readonly noWait?: boolean; readonly positioned?: boolean } = {},
): Promise<RelationDescriptor | null> {
  const name = rangeVarName(relation);
  const location = options.positioned ? relation.location : undefined;
  for (;;) {
    const found = findRelation(context, name, location, options.missingOk === true);
    if (found === null) return null;
    const lockOptions = { name: found.name, ...(options.noWait ? { noWait: true } : {}) };
    await context.transaction.lockRelation(found.oid, mode, lockOptions);
    const again = findRelation(context, name, location, options.missingOk === true);
    if (again === null) return null;
    if (again.oid === found.oid) return again;
  }
}

function findRelation(
  context: CommandContext,
  name: QualifiedName,
  location: number | undefined,
  missingOk: boolean,
): RelationDescriptor | null {
  if (missingOk) {
    requireThisDatabase(context, name);
    if (name.schema !== null && name.schema !== temporaryAlias && context.catalog.findNamespace(name.schema) === null)
      return null;
    return context.catalog.findRelation(name.schema, name.name);
  }
  return context.catalog.resolveRelation(name, location);
}
