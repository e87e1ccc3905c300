// ALTER COLUMN TYPE: the new type's row values, the default coerced along, and everything that was built over the column
// (indexes, constraints, statistics) dropped and made again from its own definition text.
import type { AlterTableCmd, Node } from '@pgsql/types';
import { deleteObjects } from '../../catalog/dependencies/delete-objects.js';
import { constraintCommand } from '../../catalog/deparse/constraint-definition.js';
import { describeObject } from '../../catalog/object-description.js';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { PgError, pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expressionType } from '../../trees/expression-type.js';
import { expressionFromJson } from '../../trees/json.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../../types/quote.js';
import type { CommandContext } from '../api.js';
import { ClassOid, objectAddress, type ObjectAddress } from '../classes.js';
import { storeDefault } from '../column-default.js';
import { columnCollation, formatType, requireColumnType, resolveType } from '../column-type.js';
import { setComment } from '../comment.js';
import { forgetDependencies, recordDependency } from '../depend.js';
import { requireTypeUsage } from '../permissions.js';
import { alterSequence, identitySequence } from '../sequence.js';
import { nodeOf } from '../tree.js';
import { requireColumn } from './columns.js';
import { childrenOf, enqueue, workOf, type AlterState, type Subcommand } from './work.js';

interface NewType {
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly dimensions: number;
}

/** ALTER COLUMN ... TYPE ... [USING ...]. */
export async function alterColumnType(call: Subcommand): Promise<void> {
  const { state, relation, command } = call;
  const { context } = state;
  const table = context.catalog.requireRelation(relation);
  const work = workOf(state, relation);
  const column = requireColumn(context, relation, command.name ?? '');
  checkAlterable(call, table, column);
  const wanted = readNewType(context, command, column.name, [table.rowType]);
  const original = work.old.attributes[column.number - 1];
  if (work.newValues.has(column.number) || original === undefined) {
    throw pgError(SqlState.featureNotSupported, `cannot alter type of column "${column.name}" twice`);
  }
  const children = await childrenOf(state, relation);
  if (children.length > 0 && !call.recurse) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `type of inherited column "${column.name}" must be changed in child tables too`,
    );
  }
  if (table.kind === 'r' || table.kind === 'm') {
    const using = usingExpression(context, relation, { column, command, wanted });
    if (needsRewrite(original, wanted, using)) {
      work.newValues.set(column.number, using);
      work.needsRewrite = true;
    }
  }
  for (const child of children) await alterColumnType({ ...call, relation: child, recursing: true });
  // Rebuilding comes first: definitions are printed while the column still has its old type.
  const rebuilds = await dropDependents(state, table, column);
  const newDefault = coercedDefault(context, table, column, wanted);
  await updateAttribute(context, relation, column, wanted);
  if (newDefault !== null) {
    await storeDefault(context, { relation, number: column.number }, newDefault, {
      generated: column.generated !== '',
    });
    if (column.generated !== '') {
      work.generated.set(column.number, newDefault);
      work.newValues.delete(column.number);
    }
  }
  if (column.identity !== '') await alterIdentityType(context, relation, column.number, wanted.type);
  for (const rebuild of rebuilds)
    enqueue(state, rebuild.isIndex ? 'oldIndex' : 'oldConstraint', () => remake(context, rebuild));
}

/** What is refused before any other subcommand runs: unknown columns, types that the values can't become. */
export function checkColumnType(call: Subcommand): void {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  checkAlterable(call, table, column);
  const wanted = readNewType(context, call.command, column.name, [table.rowType]);
  if (table.kind === 'r') usingExpression(context, call.relation, { column, command: call.command, wanted });
}

function checkAlterable(call: Subcommand, table: RelationDescriptor, column: AttributeDescriptor): void {
  const { context } = call.state;
  if (table.ofType !== 0) throw pgError(SqlState.wrongObjectType, 'cannot alter column type of typed table');
  const row = context.catalog.tables.findOne('pg_attribute', { attrelid: table.oid, attnum: column.number })?.row;
  if (row && row.attinhcount > 0 && !call.recursing) {
    throw pgError(SqlState.invalidTableDefinition, `cannot alter inherited column "${column.name}"`);
  }
  requireRowTypeUnused(context, table);
}

/** 0A000 where another table stores this table's row type. */
export function requireRowTypeUnused(context: CommandContext, table: RelationDescriptor): void {
  const { tables } = context.catalog;
  if (table.rowType === 0) return;
  const array = tables.findOne('pg_type', { oid: table.rowType })?.row.typarray ?? 0;
  const users = tables
    .find('pg_depend', { refclassid: ClassOid.type, refobjid: table.rowType })
    .concat(array === 0 ? [] : tables.find('pg_depend', { refclassid: ClassOid.type, refobjid: array }));
  for (const { row } of users) {
    if (row.classid !== ClassOid.class || row.objsubid === 0) continue;
    const user = context.catalog.relation(row.objid);
    if (user === null || !'rm'.includes(user.kind)) continue;
    const column = user.attributes[row.objsubid - 1]?.name ?? '';
    const noun = table.kind === 'c' ? 'type' : 'table';
    throw pgError(
      SqlState.featureNotSupported,
      `cannot alter ${noun} "${table.name}" because column "${user.name}.${column}" uses ${table.kind === 'c' ? 'it' : 'its row type'}`,
    );
  }
}

function readNewType(
  context: CommandContext,
  command: AlterTableCmd,
  name: string,
  containing: readonly number[],
): NewType {
  const definition = nodeOf(command.def, 'ColumnDef');
  const { type, typmod } = resolveType(context, definition.typeName);
  requireTypeUsage(context, type);
  const collation = columnCollation(context, type, definition.collClause);
  requireColumnType(context, { name, type, collation }, containing);
  return { type, typmod, collation, dimensions: (definition.typeName?.arrayBounds ?? []).length };
}

function usingExpression(
  context: CommandContext,
  relation: number,
  change: { readonly column: AttributeDescriptor; readonly command: AlterTableCmd; readonly wanted: NewType },
): Expression {
  const { column, wanted } = change;
  const written = nodeOf(change.command.def, 'ColumnDef').raw_default;
  const node: Node = written ?? { ColumnRef: { fields: [{ String: { sval: column.name } }] } };
  const target = { type: wanted.type, typmod: wanted.typmod, collation: wanted.collation, columnName: column.name };
  try {
    return context.corridor.analyzeExpression(node, { use: 'alterColumnUsing', relation, target }, context.sourceText);
  } catch (error) {
    const isCast =
      error instanceof PgError && (error.code === SqlState.datatypeMismatch || error.code === SqlState.cannotCoerce);
    if (!isCast || (written && !error.message.includes('is of type'))) throw error;
    const plainText = formatType(context, wanted.type);
    const typeText = formatType(context, wanted.type, wanted.typmod);
    if (written) {
      throw pgError(
        SqlState.datatypeMismatch,
        `result of USING clause for column "${column.name}" cannot be cast automatically to type ${plainText}`,
        {
          hint: 'You might need to add an explicit cast.',
        },
      );
    }
    throw pgError(
      SqlState.datatypeMismatch,
      `column "${column.name}" cannot be cast automatically to type ${plainText}`,
      {
        hint: `You might need to specify "USING ${quoteIdentifier(column.name)}::${typeText}".`,
      },
    );
  }
}

const textTypes: readonly number[] = [25, 1043];

/** Rows keep their bytes only where the value is the same under a type of the same stored form. */
function needsRewrite(old: AttributeDescriptor, wanted: NewType, using: Expression): boolean {
  let expression = using;
  while (expression.kind === 'RelabelType') expression = expression.arg;
  if (expression.kind !== 'Var' || expression.attno !== old.number) return true;
  return old.type !== wanted.type && !(textTypes.includes(old.type) && textTypes.includes(wanted.type));
}

/** The column's default under the new type. Throws 42804 where it can't be cast. */
function coercedDefault(
  context: CommandContext,
  table: RelationDescriptor,
  column: AttributeDescriptor,
  wanted: NewType,
): Expression | null {
  if (column.defaultExpr === null) return null;
  const old = expressionFromJson(column.defaultExpr);
  const source = expressionType(old);
  if (source === wanted.type && wanted.typmod < 0) return old;
  const typeText = formatType(context, wanted.type);
  const cast = context.catalog.cast(source, wanted.type);
  const isAssignable =
    source === wanted.type || (cast !== null && cast.context !== 'e') || textTypes.includes(wanted.type);
  if (!isAssignable) {
    const what = column.generated ? 'generation expression' : 'default';
    throw pgError(
      SqlState.datatypeMismatch,
      `${what} for column "${column.name}" cannot be cast automatically to type ${typeText}`,
    );
  }
  if (source === wanted.type) return old;
  return implicitCast(context, table, old, typeText);
}

/** The stored default, printed, cast and bound again; the cast itself is not shown by pg_get_expr. */
function implicitCast(
  context: CommandContext,
  table: RelationDescriptor,
  old: Expression,
  typeText: string,
): Expression {
  const text = context.corridor.deparseExpression(old, table.oid);
  const from = ` FROM ONLY ${quoteQualifiedIdentifier(table.schemaName, table.name)}`;
  const [statement] = context.corridor.analyzeSql(`SELECT CAST((${text}) AS ${typeText})${from}`, []);
  const expression = statement?.kind === 'query' ? statement.query.targetList[0]?.expr : undefined;
  if (expression === undefined) throw new Error('invariant broken: a cast is an expression');
  return 'form' in expression && expression.form === 'explicitCast'
    ? { ...expression, form: 'implicitCast' }
    : expression;
}

async function updateAttribute(
  context: CommandContext,
  relation: number,
  column: AttributeDescriptor,
  wanted: NewType,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_attribute', { attrelid: relation, attnum: column.number });
  const type = tables.findOne('pg_type', { oid: wanted.type })?.row;
  if (entry === null || type === undefined) throw new Error('invariant broken: column without rows');
  await tables.update(context.transaction, 'pg_attribute', entry, {
    atttypid: wanted.type,
    atttypmod: wanted.typmod,
    attcollation: wanted.collation,
    attndims: wanted.dimensions,
    attlen: type.typlen,
    attbyval: type.typbyval,
    attalign: type.typalign,
    attstorage: type.typstorage,
    attcompression: '',
    atthasmissing: false,
    attmissingval: null,
  });
  const address = objectAddress(ClassOid.class, relation, column.number);
  await forgetDependencies(context, address, { classId: ClassOid.type });
  await forgetDependencies(context, address, { classId: ClassOid.collation });
  await recordDependency(context, address, objectAddress(ClassOid.type, wanted.type), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.collation, wanted.collation), 'n');
  for (const statistic of tables.find('pg_statistic', { starelid: relation, staattnum: column.number })) {
    await tables.delete(context.transaction, 'pg_statistic', statistic);
  }
}

async function alterIdentityType(
  context: CommandContext,
  relation: number,
  number: number,
  type: number,
): Promise<void> {
  const sequence = context.catalog.requireRelation(identitySequence(context, relation, number));
  const as = { defname: 'as', arg: { TypeName: { typeOid: type, typemod: -1, names: [] } }, location: -1 };
  await alterSequence(context, sequence, [as], true);
}

interface Rebuild {
  readonly isIndex: boolean;
  readonly sql: string;
  readonly comment: string | null;
  /** Of the index behind a constraint. */
  readonly indexComment?: string | null;
  /** Finds the object again, for its comment and marks. */
  readonly name: string;
  readonly schema: number;
  readonly relation: number;
  readonly isConstraint: boolean;
  /** A check that only the parent declares: made again with the parent's. */
  readonly isInherited: boolean;
  readonly isClustered: boolean;
  readonly isReplicaIdentity: boolean;
}

/** Drops what is built over the column and returns how to make it again. Throws 0A000 for views and others that can't be
 *  made again. */
async function dropDependents(
  state: AlterState,
  table: RelationDescriptor,
  column: AttributeDescriptor,
): Promise<Rebuild[]> {
  const { context } = state;
  const rebuilds: Rebuild[] = [];
  const drops: ObjectAddress[] = [];
  const users = context.catalog.tables
    .find('pg_depend', { refclassid: ClassOid.class, refobjid: table.oid, refobjsubid: column.number })
    .map(({ row }) => objectAddress(row.classid, row.objid, row.objsubid));
  const seen = new Set<string>();
  for (const user of users) {
    const address = wholeOf(context, user);
    const key = `${address.classId}.${address.objectId}`;
    if (seen.has(key) || address.objectId === table.oid) continue;
    seen.add(key);
    const rebuild = await describeRebuild(context, address, { table, column });
    if (rebuild === null) continue;
    rebuilds.push(rebuild);
    drops.push(address);
  }
  if (drops.length > 0) {
    const addresses = await withReferencingKeys(context, drops, rebuilds);
    await deleteObjects(context, addresses, { behavior: 'cascade', internal: true, quiet: true });
  }
  // Keys first: foreign keys need the unique indexes they refer to.
  return rebuilds
    .filter(({ isInherited }) => !isInherited)
    .sort((left, right) => Number(right.isIndex) - Number(left.isIndex));
}

/** A constraint's index stands for the constraint. */
function wholeOf(context: CommandContext, address: ObjectAddress): ObjectAddress {
  if (address.classId !== ClassOid.class) return address;
  const owner = context.catalog.tables
    .find('pg_depend', { classid: ClassOid.class, objid: address.objectId })
    .find(({ row }) => row.deptype === 'i' && row.refclassid === ClassOid.constraint);
  return owner ? objectAddress(ClassOid.constraint, owner.row.refobjid) : address;
}

async function describeRebuild(
  context: CommandContext,
  address: ObjectAddress,
  about: { readonly table: RelationDescriptor; readonly column: AttributeDescriptor },
): Promise<Rebuild | null> {
  const { tables } = context.catalog;
  const { column } = about;
  switch (address.classId) {
    case ClassOid.constraint:
      return constraintRebuild(context, address.objectId);
    case ClassOid.class:
      return relationRebuild(context, address, about);
    case ClassOid.attrdef: {
      const row = tables.findOne('pg_attrdef', { oid: address.objectId })?.row;
      if (row === undefined || (row.adrelid === about.table.oid && row.adnum === column.number)) return null;
      const generated = context.catalog.relation(row.adrelid)?.attributes[row.adnum - 1]?.name ?? '';
      throw pgError(SqlState.featureNotSupported, 'cannot alter type of a column used by a generated column', {
        detail: `Column "${column.name}" is used by generated column "${generated}".`,
      });
    }
    case ClassOid.rewrite:
      throw usedBy(context, address, column, 'view or rule');
    case ClassOid.trigger:
      throw usedBy(context, address, column, 'trigger definition');
    case ClassOid.policy:
      throw usedBy(context, address, column, 'policy definition');
    case ClassOid.proc:
      throw usedBy(context, address, column, 'function or procedure');
    case ClassOid.statisticExt:
      return statisticsRebuild(context, address.objectId);
    default:
      return null;
  }
}

function usedBy(context: CommandContext, address: ObjectAddress, column: AttributeDescriptor, what: string): Error {
  return pgError(SqlState.featureNotSupported, `cannot alter type of a column used by a ${what}`, {
    detail: `${describeObject(context.catalog, address)} depends on column "${column.name}"`,
  });
}

function relationRebuild(
  context: CommandContext,
  address: ObjectAddress,
  about: { readonly table: RelationDescriptor },
): Promise<Rebuild | null> {
  const kind = context.catalog.tables.findOne('pg_class', { oid: address.objectId })?.row.relkind;
  // Sequences owned by the column stay; so do relations that only mention it.
  return kind === 'i' ? indexRebuild(context, address.objectId, about.table.oid) : Promise.resolve(null);
}

async function textOf(context: CommandContext, call: string): Promise<string> {
  const [row] = await context.corridor.runSql(`SELECT pg_catalog.${call}`);
  return String(row?.[0] ?? '');
}

function commentOf(context: CommandContext, classId: number, objectId: number): string | null {
  const key = { objoid: objectId, classoid: classId, objsubid: 0 };
  return context.catalog.tables.findOne('pg_description', key)?.row.description ?? null;
}

async function indexRebuild(context: CommandContext, oid: number, relation: number): Promise<Rebuild> {
  const { tables } = context.catalog;
  const index = tables.findOne('pg_index', { indexrelid: oid })?.row;
  const row = tables.findOne('pg_class', { oid })?.row;
  return {
    isIndex: true,
    sql: await textOf(context, `pg_get_indexdef(${oid})`),
    comment: commentOf(context, ClassOid.class, oid),
    name: row?.relname ?? '',
    schema: row?.relnamespace ?? 0,
    relation,
    isConstraint: false,
    isInherited: false,
    isClustered: index?.indisclustered ?? false,
    isReplicaIdentity: index?.indisreplident ?? false,
  };
}

async function constraintRebuild(context: CommandContext, oid: number): Promise<Rebuild | null> {
  const { tables } = context.catalog;
  const row = tables.findOne('pg_constraint', { oid })?.row;
  if (row === undefined || row.conrelid === 0) return null;
  const relation = context.catalog.requireRelation(row.conrelid);
  await context.transaction.lockRelation(relation.oid, 'AccessExclusiveLock');
  const index =
    row.conindid === 0 || row.contype === 'f'
      ? undefined
      : tables.findOne('pg_index', { indexrelid: row.conindid })?.row;
  const definition = constraintCommand(context.catalog, row);
  const table = quoteQualifiedIdentifier(relation.schemaName, relation.name);
  return {
    isIndex: row.contype === 'p' || row.contype === 'u',
    // A check is added to the children again by the parent's own statement; what a child declared itself is merged.
    sql: `ALTER TABLE ${row.contype === 'c' ? '' : 'ONLY '}${table} ADD CONSTRAINT ${quoteIdentifier(row.conname)} ${definition}`,
    isInherited: row.contype === 'c' && !row.conislocal,
    comment: commentOf(context, ClassOid.constraint, oid),
    indexComment: index === undefined ? null : commentOf(context, ClassOid.class, row.conindid),
    name: row.conname,
    schema: relation.schema,
    relation: row.conrelid,
    isConstraint: true,
    isClustered: index?.indisclustered ?? false,
    isReplicaIdentity: index?.indisreplident ?? false,
  };
}

async function statisticsRebuild(context: CommandContext, oid: number): Promise<Rebuild> {
  const row = context.catalog.tables.findOne('pg_statistic_ext', { oid })?.row;
  return {
    isIndex: false,
    sql: await textOf(context, `pg_get_statisticsobjdef(${oid})`),
    comment: null,
    name: row?.stxname ?? '',
    schema: row?.stxnamespace ?? 0,
    relation: row?.stxrelid ?? 0,
    isConstraint: false,
    isInherited: false,
    isClustered: false,
    isReplicaIdentity: false,
  };
}

/** Foreign keys that rely on a dropped key are dropped with it and made again after it. */
async function withReferencingKeys(
  context: CommandContext,
  drops: readonly ObjectAddress[],
  rebuilds: Rebuild[],
): Promise<ObjectAddress[]> {
  const all = [...drops];
  for (const address of drops) {
    const index =
      address.classId === ClassOid.constraint
        ? context.catalog.tables.findOne('pg_constraint', { oid: address.objectId })?.row
        : undefined;
    const oid =
      index && 'pu'.includes(index.contype)
        ? index.conindid
        : address.classId === ClassOid.class
          ? address.objectId
          : 0;
    if (oid === 0) continue;
    for (const { row } of context.catalog.tables.find('pg_depend', { refclassid: ClassOid.class, refobjid: oid })) {
      if (row.classid !== ClassOid.constraint || row.deptype !== 'n') continue;
      if (all.some((other) => other.classId === ClassOid.constraint && other.objectId === row.objid)) continue;
      const rebuild = await constraintRebuild(context, row.objid);
      if (rebuild === null) continue;
      rebuilds.push(rebuild);
      all.push(objectAddress(ClassOid.constraint, row.objid));
    }
  }
  return all;
}

async function remake(context: CommandContext, rebuild: Rebuild): Promise<void> {
  const { tables } = context.catalog;
  context.transaction.advanceCommand();
  await context.corridor.runSql(rebuild.sql);
  const index = rebuild.isIndex
    ? tables.findOne('pg_class', { relname: rebuild.name, relnamespace: rebuild.schema })?.row.oid
    : undefined;
  if (rebuild.comment !== null) {
    const constraint = rebuild.isConstraint
      ? tables.findOne('pg_constraint', { conrelid: rebuild.relation, contypid: 0, conname: rebuild.name })?.row.oid
      : undefined;
    const address = constraint
      ? objectAddress(ClassOid.constraint, constraint)
      : objectAddress(ClassOid.class, index ?? 0);
    if (address.objectId !== 0) await setComment(context, address, rebuild.comment);
  }
  if (rebuild.indexComment && index !== undefined)
    await setComment(context, objectAddress(ClassOid.class, index), rebuild.indexComment);
  const entry = index === undefined ? null : tables.findOne('pg_index', { indexrelid: index });
  if (entry !== null && (rebuild.isClustered || rebuild.isReplicaIdentity)) {
    const marks = { indisclustered: rebuild.isClustered, indisreplident: rebuild.isReplicaIdentity };
    await tables.update(context.transaction, 'pg_index', entry, marks);
  }
}
