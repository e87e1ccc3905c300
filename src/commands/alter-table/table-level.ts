// ALTER TABLE's subcommands on the relation as a whole: storage options, clustering, persistence, replica identity, triggers,
// inheritance, typed tables, row security flags.
import type { Node } from '@pgsql/types';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { PgClassRow } from '../../catalog/generated/rows.js';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import type { CommandContext } from '../api.js';
import { ClassOid, objectAddress } from '../classes.js';
import { formatType, resolveType } from '../column-type.js';
import { storedCheck, findConstraint } from '../constraint.js';
import { forgetDependencies, recordDependency } from '../depend.js';
import { storeParent } from '../inheritance.js';
import { lockRelationByName } from '../namespace.js';
import { requireRelationOwner } from '../permissions.js';
import { storeToastOptions } from '../toast-options.js';
import { mergeOptions, type OptionKind } from '../relation-options.js';
import { requireTablespace } from '../tablespace.js';
import { defElems, defText, nodeOf } from '../tree.js';
import { whyNotUpdatable } from '../view-updatable.js';
import { queryFromJson } from '../../trees/json.js';
import { ownedSequences } from '../sequence.js';
import { workOf, type Subcommand } from './work.js';

async function updateClass(context: CommandContext, oid: number, changes: Partial<PgClassRow>): Promise<void> {
  const entry = context.catalog.tables.findOne('pg_class', { oid });
  if (entry !== null) await context.catalog.tables.update(context.transaction, 'pg_class', entry, changes);
}

/** SET (...), RESET (...). */
export async function relationOptions(call: Subcommand, reset: boolean): Promise<void> {
  const { context } = call.state;
  const relation = context.catalog.requireRelation(call.relation);
  const changes = defElems(call.command.def);
  const row = context.catalog.tables.findOne('pg_class', { oid: call.relation })?.row;
  const reloptions = mergeOptions(optionKind(context, relation), row?.reloptions ?? null, changes, { reset });
  if (
    relation.kind === 'v' &&
    !reset &&
    changes.some((def) => def.defname === 'check_option' && defText(def) !== null)
  ) {
    const json = context.catalog.viewQuery(relation.oid);
    const reason = json === null ? null : whyNotUpdatable(queryFromJson(json));
    if (reason !== null) {
      throw pgError(
        SqlState.featureNotSupported,
        'WITH CHECK OPTION is supported only on automatically updatable views',
        { hint: reason },
      );
    }
  }
  await updateClass(context, call.relation, { reloptions });
  await storeToastOptions(context, call.relation, changes, { reset });
}

function optionKind(context: CommandContext, relation: RelationDescriptor): OptionKind {
  if (relation.kind === 'v') return 'view';
  if (relation.kind !== 'i') return 'table';
  const method = context.catalog.tables.findOne('pg_am', { oid: relation.accessMethod })?.row.amname ?? 'btree';
  return method as OptionKind;
}

/** CLUSTER ON index, SET WITHOUT CLUSTER (no name). */
export async function clusterOn(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const name = call.command.name;
  if (name !== undefined) {
    const found = context.catalog.findRelation(table.schemaName, name);
    if (found === null)
      throw pgError(SqlState.undefinedObject, `index "${name}" for table "${table.name}" does not exist`);
    requireClusterable(table, found.oid, name);
  }
  await markClustered(context, table, name ?? null);
}

/** 42809, 0A000 for an index that gives no order to all rows of the table. */
export function requireClusterable(table: RelationDescriptor, index: number, name: string): void {
  const descriptor = table.indexes.find((candidate) => candidate.oid === index);
  if (descriptor === undefined)
    throw pgError(SqlState.wrongObjectType, `"${name}" is not an index for table "${table.name}"`);
  if (descriptor.accessMethod !== 'btree') {
    throw pgError(
      SqlState.featureNotSupported,
      `cannot cluster on index "${name}" because access method does not support clustering`,
    );
  }
  if (descriptor.predicate !== null)
    throw pgError(SqlState.featureNotSupported, `cannot cluster on partial index "${name}"`);
  if (!descriptor.isValid) throw pgError(SqlState.featureNotSupported, `cannot cluster on invalid index "${name}"`);
}

/** Sets indisclustered on one index of the table (null: none). */
export async function markClustered(
  context: CommandContext,
  table: RelationDescriptor,
  name: string | null,
): Promise<void> {
  for (const index of table.indexes) {
    const wanted = index.name === name;
    const entry = context.catalog.tables.findOne('pg_index', { indexrelid: index.oid });
    if (entry !== null && entry.row.indisclustered !== wanted) {
      await context.catalog.tables.update(context.transaction, 'pg_index', entry, { indisclustered: wanted });
    }
  }
}

/** SET LOGGED, SET UNLOGGED. */
export async function setPersistence(call: Subcommand, persistence: 'p' | 'u'): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  if (table.persistence === 't') {
    throw pgError(
      SqlState.invalidTableDefinition,
      `cannot change logged status of table "${table.name}" because it is temporary`,
    );
  }
  if (table.persistence === persistence) return;
  requirePersistenceFits(context, table, persistence);
  workOf(call.state, call.relation).needsRewrite = true;
  await updateClass(context, call.relation, { relpersistence: persistence });
  const owned = ownedSequences(context, table.oid, 0);
  for (const oid of [...table.indexes.map((index) => index.oid), ...owned])
    await updateClass(context, oid, { relpersistence: persistence });
}

function requirePersistenceFits(context: CommandContext, table: RelationDescriptor, persistence: 'p' | 'u'): void {
  const others =
    persistence === 'p'
      ? table.constraints.map((one) => one.foreignRelation)
      : table.referencedBy.map((one) => one.relation);
  for (const oid of others) {
    const other = oid === 0 || oid === table.oid ? null : context.catalog.relation(oid);
    if (other === null) continue;
    if (persistence === 'p' && other.persistence === 'u') {
      throw pgError(
        SqlState.invalidTableDefinition,
        `could not change table "${table.name}" to logged because it references unlogged table "${other.name}"`,
      );
    }
    if (persistence === 'u' && other.persistence === 'p') {
      throw pgError(
        SqlState.invalidTableDefinition,
        `could not change table "${table.name}" to unlogged because it references logged table "${other.name}"`,
      );
    }
  }
}

/** SET TABLESPACE. */
export async function setTablespace(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const reltablespace = requireTablespace(context, call.command.name ?? '');
  await updateClass(context, call.relation, { reltablespace });
}

/** SET ACCESS METHOD: heap is the only one. */
export async function setAccessMethod(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const name = call.command.name;
  if (name === undefined || name === 'heap') return;
  const row = context.catalog.tables.findOne('pg_am', { amname: name })?.row;
  if (row === undefined) throw pgError(SqlState.undefinedObject, `access method "${name}" does not exist`);
  throw pgError(SqlState.wrongObjectType, `access method "${name}" is not of type TABLE`);
}

/** REPLICA IDENTITY. */
export async function replicaIdentity(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const wanted = nodeOf(call.command.def, 'ReplicaIdentityStmt');
  const letter = wanted.identity_type ?? 'd';
  const index = letter === 'i' ? replicaIndex(context, table, wanted.name ?? '') : 0;
  await updateClass(context, call.relation, { relreplident: letter });
  for (const candidate of table.indexes) {
    const entry = context.catalog.tables.findOne('pg_index', { indexrelid: candidate.oid });
    const marked = candidate.oid === index;
    if (entry !== null && entry.row.indisreplident !== marked) {
      await context.catalog.tables.update(context.transaction, 'pg_index', entry, { indisreplident: marked });
    }
  }
}

function replicaIndex(context: CommandContext, table: RelationDescriptor, name: string): number {
  const found = context.catalog.findRelation(table.schemaName, name);
  if (found === null)
    throw pgError(SqlState.undefinedObject, `index "${name}" for table "${table.name}" does not exist`);
  const index = table.indexes.find((candidate) => candidate.oid === found.oid);
  const refuse = (text: string): Error => pgError(SqlState.wrongObjectType, text);
  if (index === undefined) throw refuse(`"${name}" is not an index for table "${table.name}"`);
  if (!index.isUnique) throw refuse(`cannot use non-unique index "${name}" as replica identity`);
  if (!index.isImmediate) {
    throw pgError(SqlState.featureNotSupported, `cannot use non-immediate index "${name}" as replica identity`);
  }
  if (index.expressions !== null) {
    throw pgError(SqlState.featureNotSupported, `cannot use expression index "${name}" as replica identity`);
  }
  if (index.predicate !== null) {
    throw pgError(SqlState.featureNotSupported, `cannot use partial index "${name}" as replica identity`);
  }
  for (const key of index.keys) {
    const column = table.attributes[key.attribute - 1];
    if (column && !column.notNull) {
      throw refuse(`index "${name}" cannot be used as replica identity because column "${column.name}" is nullable`);
    }
  }
  return index.oid;
}

/** ENABLE/DISABLE [REPLICA|ALWAYS] TRIGGER. `which`: a name, or all, or those of users. */
export async function enableTriggers(call: Subcommand, letter: string, which: 'named' | 'all' | 'user'): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  const table = context.catalog.requireRelation(call.relation);
  let found = false;
  for (const entry of tables.find('pg_trigger', { tgrelid: call.relation })) {
    if (which === 'named' && entry.row.tgname !== call.command.name) continue;
    if (which === 'user' && entry.row.tgisinternal) continue;
    if (entry.row.tgisinternal && !context.isSuperuser) {
      throw pgError(SqlState.insufficientPrivilege, `permission denied: "${entry.row.tgname}" is a system trigger`);
    }
    found = true;
    if (entry.row.tgenabled !== letter)
      await tables.update(context.transaction, 'pg_trigger', entry, { tgenabled: letter });
  }
  if (which === 'named' && !found) {
    throw pgError(SqlState.undefinedObject, `trigger "${call.command.name}" for table "${table.name}" does not exist`);
  }
}

/** ENABLE/DISABLE [REPLICA|ALWAYS] RULE. */
export async function enableRule(call: Subcommand, letter: string): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const key = { ev_class: call.relation, rulename: call.command.name ?? '' };
  const entry = context.catalog.tables.findOne('pg_rewrite', key);
  if (entry === null) {
    throw pgError(SqlState.undefinedObject, `rule "${key.rulename}" for relation "${table.name}" does not exist`);
  }
  await context.catalog.tables.update(context.transaction, 'pg_rewrite', entry, { ev_enabled: letter });
}

/** Row security flags. Policies cannot be made yet, so a table with row security on shows no rows to others: refused. */
export async function rowSecurity(call: Subcommand, changes: Partial<PgClassRow>): Promise<void> {
  if (changes.relrowsecurity === true) throw notSupported('ENABLE ROW LEVEL SECURITY');
  await updateClass(call.state.context, call.relation, changes);
}

/** INHERIT parent. */
export async function addInherit(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const child = context.catalog.requireRelation(call.relation);
  const parent = await lockRelationByName(context, nodeOf(call.command.def, 'RangeVar'), 'ShareUpdateExclusiveLock');
  if (parent === null) return;
  requireRelationOwner(context, parent);
  if (child.ofType !== 0) throw pgError(SqlState.wrongObjectType, 'cannot change inheritance of typed table');
  if (parent.persistence === 't' && child.persistence !== 't') {
    throw pgError(SqlState.wrongObjectType, `cannot inherit from temporary relation "${parent.name}"`);
  }
  const existing = context.catalog.tables.find('pg_inherits', { inhrelid: child.oid });
  if (existing.some(({ row }) => row.inhparent === parent.oid)) {
    throw pgError(SqlState.duplicateTable, `relation "${parent.name}" would be inherited from more than once`);
  }
  if (context.catalog.inheritors(child.oid).includes(parent.oid)) {
    throw pgError(SqlState.duplicateTable, 'circular inheritance not allowed', {
      detail: `"${parent.name}" is already a child of "${child.name}".`,
    });
  }
  await mergeColumnsIntoChild(context, parent, child);
  await mergeChecksIntoChild(context, parent, child);
  const position = Math.max(0, ...existing.map(({ row }) => row.inhseqno)) + 1;
  await storeParent(context, child.oid, parent.oid, position);
}

async function mergeColumnsIntoChild(
  context: CommandContext,
  parent: RelationDescriptor,
  child: RelationDescriptor,
): Promise<void> {
  const { tables } = context.catalog;
  for (const attribute of parent.attributes) {
    if (attribute.isDropped) continue;
    const entry = tables.find('pg_attribute', { attrelid: child.oid, attname: attribute.name })[0];
    if (entry === undefined)
      throw pgError(SqlState.datatypeMismatch, `child table is missing column "${attribute.name}"`);
    if (entry.row.atttypid !== attribute.type || entry.row.atttypmod !== attribute.typmod) {
      throw pgError(
        SqlState.datatypeMismatch,
        `child table "${child.name}" has different type for column "${attribute.name}"`,
      );
    }
    if (entry.row.attcollation !== attribute.collation) {
      throw pgError(
        SqlState.collationMismatch,
        `child table "${child.name}" has different collation for column "${attribute.name}"`,
      );
    }
    if (attribute.notNull && !entry.row.attnotnull) {
      throw pgError(SqlState.datatypeMismatch, `column "${attribute.name}" in child table must be marked NOT NULL`);
    }
    if (attribute.generated !== '' && entry.row.attgenerated === '') {
      throw pgError(SqlState.datatypeMismatch, `column "${attribute.name}" in child table must be a generated column`);
    }
    if (attribute.generated === '' && entry.row.attgenerated !== '') {
      throw pgError(
        SqlState.datatypeMismatch,
        `column "${attribute.name}" in child table must not be a generated column`,
      );
    }
    await tables.update(context.transaction, 'pg_attribute', entry, { attinhcount: entry.row.attinhcount + 1 });
  }
}

async function mergeChecksIntoChild(
  context: CommandContext,
  parent: RelationDescriptor,
  child: RelationDescriptor,
): Promise<void> {
  const { tables } = context.catalog;
  for (const { row } of tables.find('pg_constraint', { conrelid: parent.oid })) {
    if (row.contype !== 'c' || row.connoinherit) continue;
    const entry = findConstraint(context, child.oid, row.conname);
    if (entry === null || entry.row.contype !== 'c') {
      throw pgError(SqlState.datatypeMismatch, `child table is missing constraint "${row.conname}"`);
    }
    const text = (conbin: string | null, relation: number): string =>
      context.corridor.deparseExpression(storedCheck(conbin), relation);
    if (text(row.conbin, parent.oid) !== text(entry.row.conbin, child.oid)) {
      throw pgError(
        SqlState.datatypeMismatch,
        `child table "${child.name}" has different definition for check constraint "${row.conname}"`,
      );
    }
    if (entry.row.connoinherit) {
      throw pgError(
        SqlState.invalidObjectDefinition,
        `constraint "${row.conname}" conflicts with non-inherited constraint on child table "${child.name}"`,
      );
    }
    await tables.update(context.transaction, 'pg_constraint', entry, { coninhcount: entry.row.coninhcount + 1 });
  }
}

/** NO INHERIT parent. */
export async function dropInherit(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  const child = context.catalog.requireRelation(call.relation);
  const parent = await lockRelationByName(context, nodeOf(call.command.def, 'RangeVar'), 'ShareUpdateExclusiveLock');
  if (parent === null) return;
  const entry = tables.find('pg_inherits', { inhrelid: child.oid }).find(({ row }) => row.inhparent === parent.oid);
  if (entry === undefined) {
    throw pgError(SqlState.undefinedTable, `relation "${parent.name}" is not a parent of relation "${child.name}"`);
  }
  await tables.delete(context.transaction, 'pg_inherits', entry);
  for (const attribute of parent.attributes) {
    const column = tables.find('pg_attribute', { attrelid: child.oid, attname: attribute.name })[0];
    if (attribute.isDropped || !column || column.row.attinhcount === 0) continue;
    const attinhcount = column.row.attinhcount - 1;
    await tables.update(context.transaction, 'pg_attribute', column, {
      attinhcount,
      attislocal: attinhcount === 0 ? true : column.row.attislocal,
    });
  }
  for (const { row } of tables.find('pg_constraint', { conrelid: parent.oid })) {
    const constraint = row.contype === 'c' ? findConstraint(context, child.oid, row.conname) : null;
    if (constraint === null || constraint.row.coninhcount === 0) continue;
    const coninhcount = constraint.row.coninhcount - 1;
    await tables.update(context.transaction, 'pg_constraint', constraint, {
      coninhcount,
      conislocal: coninhcount === 0 ? true : constraint.row.conislocal,
    });
  }
  await forgetDependencies(context, objectAddress(ClassOid.class, child.oid), {
    classId: ClassOid.class,
    objectId: parent.oid,
  });
}

/** OF type. */
export async function addOf(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const { type } = resolveType(context, nodeOf(call.command.def as Node, 'TypeName'));
  const descriptor = context.catalog.typeByOid(type);
  if (descriptor.kind !== 'c') {
    throw pgError(SqlState.wrongObjectType, `type ${formatType(context, type)} is not a composite type`);
  }
  const columns = table.attributes.filter((attribute) => !attribute.isDropped);
  for (const [index, wanted] of descriptor.attributes.entries()) {
    const column = columns[index];
    if (column === undefined) throw pgError(SqlState.datatypeMismatch, `table is missing column "${wanted.name}"`);
    if (column.name !== wanted.name) {
      throw pgError(
        SqlState.datatypeMismatch,
        `table has column "${column.name}" where type requires "${wanted.name}"`,
      );
    }
    if (column.type !== wanted.type || column.typmod !== wanted.typmod || column.collation !== wanted.collation) {
      throw pgError(SqlState.datatypeMismatch, `table "${table.name}" has different type for column "${wanted.name}"`);
    }
  }
  const extra = columns[descriptor.attributes.length];
  if (extra !== undefined) throw pgError(SqlState.datatypeMismatch, `table has extra column "${extra.name}"`);
  await dropOf(call, true);
  await recordDependency(context, objectAddress(ClassOid.class, table.oid), objectAddress(ClassOid.type, type), 'n');
  await updateClass(context, table.oid, { reloftype: type });
}

/** NOT OF. */
export async function dropOf(call: Subcommand, missingOk = false): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  if (table.ofType === 0) {
    if (missingOk) return;
    throw pgError(SqlState.wrongObjectType, `"${table.name}" is not a typed table`);
  }
  const filter = { classId: ClassOid.type, objectId: table.ofType };
  await forgetDependencies(context, objectAddress(ClassOid.class, table.oid), filter);
  await updateClass(context, table.oid, { reloftype: 0 });
}
