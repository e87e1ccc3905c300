// ALTER TABLE's subcommands on constraints: ADD (checks, keys, foreign keys, USING INDEX), VALIDATE, ALTER, DROP.
import type { Constraint, IndexStmt } from '@pgsql/types';
import { deleteObjects } from '../../catalog/dependencies/delete-objects.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import type { CommandContext } from '../api.js';
import { ClassOid, objectAddress } from '../classes.js';
import type { ColumnParts } from '../column-definition.js';
import {
  attachIndexToConstraint,
  bindCheck,
  findConstraint,
  requireConstraint,
  setNotNull,
  storeCheck,
  storedCheck,
  type CheckSpec,
} from '../constraint.js';
import { insertConstraint } from '../constraint-row.js';
import { createKey } from '../create-table.js';
import { forgetDependencies } from '../depend.js';
import { createForeignKey } from '../foreign-key.js';
import { keyStatements } from '../key-constraint.js';
import { mapColumns } from '../like-clause.js';
import { renameRelationRow } from '../rename-relation.js';
import { locationOf, nodeOf } from '../tree.js';
import { childrenOf, enqueue, workOf, type AlterState, type Subcommand } from './work.js';

/** Queues the constraints written with a new column. */
export function addColumnConstraints(call: Subcommand, parts: ColumnParts): void {
  const constraints = [...parts.checks, ...parts.keys, ...parts.foreignKeys];
  for (const constraint of constraints) queueConstraint(call, constraint);
}

/** ADD CONSTRAINT: into the pass of its kind. */
export function addConstraint(call: Subcommand): void {
  queueConstraint(call, nodeOf(call.command.def, 'Constraint'));
}

function queueConstraint(call: Subcommand, constraint: Constraint): void {
  const { state, relation } = call;
  switch (constraint.contype) {
    case 'CONSTR_CHECK':
      enqueue(state, 'addConstraint', () => addCheck(call, constraint));
      return;
    case 'CONSTR_PRIMARY':
    case 'CONSTR_UNIQUE':
      enqueue(state, constraint.indexname ? 'addIndexConstraint' : 'addIndex', () =>
        addKey(state, relation, constraint),
      );
      return;
    case 'CONSTR_FOREIGN':
      enqueue(state, 'addOtherConstraint', () => addForeignKey(state, relation, constraint));
      return;
    case 'CONSTR_EXCLUSION':
      throw notSupported('EXCLUDE constraint');
    default:
      throw notSupported(`ADD ${constraint.contype ?? 'CONSTRAINT'}`);
  }
}

async function addCheck(call: Subcommand, constraint: Constraint): Promise<void> {
  await storeCheckWithChildren(call, call.relation, bindCheck(call.state.context, call.relation, constraint), false);
}

async function storeCheckWithChildren(
  call: Subcommand,
  relation: number,
  spec: CheckSpec,
  isChild: boolean,
): Promise<void> {
  const { state } = call;
  const { context } = state;
  const children = spec.noInherit ? [] : await childrenOf(state, relation);
  if (children.length > 0 && !call.recurse) {
    throw pgError(SqlState.invalidTableDefinition, 'constraint must be added to child tables too');
  }
  const stored = await storeCheck(context, relation, isChild ? { ...spec, isLocal: false, inheritCount: 1 } : spec);
  if (spec.validated && stored.oid !== 0)
    workOf(state, relation).checks.push({ name: stored.name, expression: spec.expression });
  for (const child of children) {
    const map = columnMap(context, relation, child);
    await storeCheckWithChildren(
      call,
      child,
      { ...spec, name: stored.name, expression: mapColumns(spec.expression, map, '') },
      true,
    );
  }
}

/** Attribute numbers of a parent as numbers of its child, by name. */
export function columnMap(context: CommandContext, parent: number, child: number): ReadonlyMap<number, number> {
  const table = context.catalog.requireRelation(child);
  const map = new Map<number, number>();
  for (const attribute of context.catalog.requireRelation(parent).attributes) {
    const other = table.attributes.find((candidate) => candidate.name === attribute.name && !candidate.isDropped);
    if (!attribute.isDropped && other) map.set(attribute.number, other.number);
  }
  return map;
}

async function addKey(state: AlterState, relation: number, constraint: Constraint): Promise<void> {
  const { context } = state;
  const table = context.catalog.requireRelation(relation);
  if (constraint.indexname) {
    await useIndex(state, table, constraint);
    return;
  }
  const [statement] = keyStatements(table, [constraint], { isPlaced: false }) as [IndexStmt];
  const work = workOf(state, relation);
  const before = new Set(
    table.attributes.filter((attribute) => attribute.notNull).map((attribute) => attribute.number),
  );
  // The index is built from rows as they will be: after a rewrite it is built again with the others.
  await createKey(context, relation, statement);
  for (const attribute of context.catalog.requireRelation(relation).attributes) {
    if (attribute.notNull && !before.has(attribute.number)) work.notNulls.add(attribute.number);
  }
}

/** ADD CONSTRAINT ... USING INDEX. */
async function useIndex(state: AlterState, table: RelationDescriptor, constraint: Constraint): Promise<void> {
  const { context } = state;
  const name = constraint.indexname as string;
  const relation = context.catalog.findRelation(table.schemaName, name);
  if (relation === null)
    throw pgError(SqlState.undefinedObject, `index "${name}" does not exist`, locationOf(constraint));
  const index = table.indexes.find((candidate) => candidate.oid === relation.oid);
  if (index === undefined)
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `index "${name}" does not belong to table "${table.name}"`,
      locationOf(constraint),
    );
  const isPrimary = constraint.contype === 'CONSTR_PRIMARY';
  requireUsableIndex(context, table, index, constraint);
  const constraintName = constraint.conname ?? name;
  if (constraintName !== name) {
    const message = `ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "${name}" to "${constraintName}"`;
    context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
    await renameRelationRow(context, index.oid, constraintName);
  }
  const keys = index.keys.map((key) => key.attribute);
  if (isPrimary) {
    for (const key of keys)
      if (await setNotNull(context, table.oid, key, true)) workOf(state, table.oid).notNulls.add(key);
  }
  await forgetDependencies(context, objectAddress(ClassOid.class, index.oid), { classId: ClassOid.class, type: 'a' });
  const oid = await insertConstraint(context, {
    name: constraintName,
    schema: table.schema,
    kind: isPrimary ? 'p' : 'u',
    relation: table.oid,
    index: index.oid,
    deferrable: constraint.deferrable === true,
    initiallyDeferred: constraint.initdeferred === true,
    keys,
    noInherit: true,
  });
  await attachIndexToConstraint(context, index.oid, oid);
  const entry = context.catalog.tables.findOne('pg_index', { indexrelid: index.oid });
  if (entry !== null) {
    await context.catalog.tables.update(context.transaction, 'pg_index', entry, {
      indisprimary: isPrimary,
      indimmediate: constraint.deferrable !== true,
    });
  }
}

function requireUsableIndex(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  constraint: Constraint,
): void {
  const detail = 'Cannot create a primary key or unique constraint using such an index.';
  const refuse = (text: string, withDetail = true): Error =>
    pgError(SqlState.wrongObjectType, text, { ...locationOf(constraint), ...(withDetail ? { detail } : {}) });
  if (index.constraint !== 0) {
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `index "${index.name}" is already associated with a constraint`,
      locationOf(constraint),
    );
  }
  if (!index.isValid)
    throw pgError(SqlState.objectNotInPrerequisiteState, `index "${index.name}" is not valid`, locationOf(constraint));
  if (!index.isUnique) throw refuse(`"${index.name}" is not a unique index`);
  if (index.expressions !== null) throw refuse(`index "${index.name}" contains expressions`);
  if (index.predicate !== null) throw refuse(`"${index.name}" is a partial index`);
  if (!index.isImmediate && !constraint.deferrable) {
    throw refuse(`"${index.name}" is a deferrable index`);
  }
  const position = index.keys.findIndex(
    (key) =>
      key.descending ||
      key.nullsFirst ||
      context.catalog.defaultOpclass(key.type, 'btree')?.oid !== key.opclass ||
      table.attributes[key.attribute - 1]?.collation !== key.collation,
  );
  if (position >= 0)
    throw refuse(`index "${index.name}" column number ${position + 1} does not have default sorting behavior`);
  if (constraint.contype === 'CONSTR_PRIMARY' && index.nullsNotDistinct)
    throw pgError(SqlState.invalidTableDefinition, 'primary keys cannot use NULLS NOT DISTINCT indexes');
  if (constraint.contype === 'CONSTR_PRIMARY' && table.indexes.some((other) => other.isPrimary)) {
    throw pgError(SqlState.invalidTableDefinition, `multiple primary keys for table "${table.name}" are not allowed`);
  }
}

async function addForeignKey(state: AlterState, relation: number, constraint: Constraint): Promise<void> {
  const { oid } = await createForeignKey(state.context, relation, constraint);
  if (!constraint.skip_validation) workOf(state, relation).foreignKeys.push(oid);
}

/** VALIDATE CONSTRAINT. */
export async function validateConstraint(call: Subcommand): Promise<void> {
  const { state, relation, command } = call;
  const { context } = state;
  const table = context.catalog.requireRelation(relation);
  const entry = requireConstraint(context, table, command.name ?? '');
  if (entry.row.contype !== 'f' && entry.row.contype !== 'c') {
    throw pgError(
      SqlState.wrongObjectType,
      `constraint "${entry.row.conname}" of relation "${table.name}" is not a foreign key or check constraint`,
    );
  }
  if (entry.row.convalidated) return;
  const work = workOf(state, relation);
  if (entry.row.contype === 'f') work.foreignKeys.push(entry.row.oid);
  else work.checks.push({ name: entry.row.conname, expression: storedCheck(entry.row.conbin) });
  if (entry.row.contype === 'c') {
    for (const child of entry.row.connoinherit ? [] : await childrenOf(state, relation)) {
      await validateConstraint({ ...call, relation: child, recursing: true });
    }
  }
  await context.catalog.tables.update(context.transaction, 'pg_constraint', entry, { convalidated: true });
}

/** ALTER CONSTRAINT: deferrability of foreign keys. */
export async function alterConstraint(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  const table = context.catalog.requireRelation(call.relation);
  const wanted = nodeOf(call.command.def, 'Constraint');
  const entry = requireConstraint(context, table, wanted.conname ?? '');
  if (entry.row.contype !== 'f') {
    throw pgError(
      SqlState.wrongObjectType,
      `constraint "${entry.row.conname}" of relation "${table.name}" is not a foreign key constraint`,
    );
  }
  const changes = { condeferrable: wanted.deferrable === true, condeferred: wanted.initdeferred === true };
  await tables.update(context.transaction, 'pg_constraint', entry, changes);
  const actionFunctions = [1654, 1655, 1644, 1645];
  for (const trigger of tables.find('pg_trigger', { tgconstraint: entry.row.oid })) {
    if (!actionFunctions.includes(trigger.row.tgfoid)) continue;
    await tables.update(context.transaction, 'pg_trigger', trigger, {
      tgdeferrable: changes.condeferrable,
      tginitdeferred: changes.condeferred,
    });
  }
}

/** DROP CONSTRAINT. */
export async function dropConstraint(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const name = call.command.name ?? '';
  const entry = findConstraint(context, call.relation, name);
  if (entry === null) {
    const message = `constraint "${name}" of relation "${table.name}" does not exist`;
    if (!call.command.missing_ok) throw pgError(SqlState.undefinedObject, message);
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `${message}, skipping`,
      fields: {},
    });
    return;
  }
  if (entry.row.coninhcount > 0 && !call.recursing) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `cannot drop inherited constraint "${name}" of relation "${table.name}"`,
    );
  }
  const isInherited = entry.row.contype === 'c' && !entry.row.connoinherit;
  await deleteObjects(context, [objectAddress(ClassOid.constraint, entry.row.oid)], {
    behavior: call.command.behavior === 'DROP_CASCADE' ? 'cascade' : 'restrict',
  });
  if (isInherited) await dropFromChildren(call, name);
}

async function dropFromChildren(call: Subcommand, name: string): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  for (const child of await childrenOf(call.state, call.relation)) {
    const entry = findConstraint(context, child, name);
    if (entry === null || entry.row.contype !== 'c' || entry.row.connoinherit) continue;
    const coninhcount = entry.row.coninhcount - 1;
    if (call.recurse && coninhcount === 0 && !entry.row.conislocal) {
      await dropConstraint({ ...call, relation: child, recursing: true });
    } else {
      const conislocal = call.recurse ? entry.row.conislocal : true;
      await tables.update(context.transaction, 'pg_constraint', entry, { coninhcount, conislocal });
    }
  }
}
