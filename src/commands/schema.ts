// CREATE SCHEMA with its elements.
import type { CreateSchemaStmt, Node } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { defaultAcl, recordAclDependencies } from './default-acl.js';
import { recordOwner } from './depend.js';
import { noticeExists, requireDatabasePrivilege, requireSetRole } from './permissions.js';
import { resolveRole, roleName } from './role-membership.js';

/** CREATE SCHEMA. */
export async function createSchemaStatement(
  statement: CreateSchemaStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'CREATE SCHEMA' };
  const owner = statement.authrole ? resolveRole(context, statement.authrole) : context.userId;
  const name = statement.schemaname ?? roleName(context, owner);
  requireDatabasePrivilege(context, 'C');
  requireSetRole(context, owner);
  if (name.startsWith('pg_')) {
    throw pgError(SqlState.reservedName, `unacceptable schema name "${name}"`, {
      detail: 'The prefix "pg_" is reserved for system schemas.',
    });
  }
  if (context.catalog.findNamespace(name) !== null) {
    if (!statement.if_not_exists) throw pgError(SqlState.duplicateSchema, `schema "${name}" already exists`);
    noticeExists(context, 'schema', name);
    return done;
  }
  await createNamespace(context, name, owner);
  for (const element of elementsInOrder(statement.schemaElts ?? [])) {
    await context.corridor.runCommand(inSchema(element, name));
    context.transaction.advanceCommand();
  }
  return done;
}

/** The rows of a new schema; returns its oid. */
export async function createNamespace(context: CommandContext, name: string, owner: number): Promise<number> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_namespace');
  const nspacl = defaultAcl(context, 'n', owner, 0);
  await tables.insert(context.transaction, 'pg_namespace', { oid, nspname: name, nspowner: owner, nspacl });
  await recordOwner(context, ClassOid.namespace, oid, owner);
  await recordAclDependencies(context, objectAddress(ClassOid.namespace, oid), owner, nspacl);
  return oid;
}

const elementRank: Readonly<Record<string, number>> = {
  CreateSeqStmt: 0,
  CreateStmt: 1,
  ViewStmt: 2,
  IndexStmt: 3,
  CreateTrigStmt: 4,
  GrantStmt: 5,
};

/** Sequences, tables, views, indexes, triggers, grants: what later ones may need comes first. */
function elementsInOrder(elements: readonly Node[]): Node[] {
  const rank = (node: Node): number => elementRank[Object.keys(node)[0] as string] ?? 6;
  return [...elements].sort((left, right) => rank(left) - rank(right));
}

/** Names of the elements are in the new schema; another one is an error. */
function inSchema(element: Node, schema: string): Node {
  const [tag, body] = Object.entries(element)[0] as [string, Record<string, unknown>];
  const member = {
    CreateSeqStmt: 'sequence',
    CreateStmt: 'relation',
    ViewStmt: 'view',
    IndexStmt: 'relation',
    CreateTrigStmt: 'relation',
  }[tag];
  if (member === undefined) return element;
  const relation = (body[member] ?? {}) as { readonly schemaname?: string };
  if (relation.schemaname !== undefined && relation.schemaname !== schema) {
    throw pgError(
      SqlState.invalidSchemaDefinition,
      `CREATE specifies a schema (${relation.schemaname}) different from the one being created (${schema})`,
    );
  }
  return { [tag]: { ...body, [member]: { ...relation, schemaname: schema } } } as unknown as Node;
}
