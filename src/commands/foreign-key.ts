// Foreign keys: resolving the referenced table, its unique index and the equality operators; storing the constraint with
// the internal trigger rows that PostgreSQL keeps for it; the query that validates existing rows.
import type { Constraint } from '@pgsql/types';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../types/quote.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { constraintExists, findConstraint } from './constraint.js';
import { insertConstraint, type ForeignKeyPart } from './constraint-row.js';
import { recordDependency } from './depend.js';
import { chooseConstraintName, joinedColumnNames } from './naming.js';
import { lockRelationByName } from './namespace.js';
import { requireReferencesPrivilege, wrongKind } from './permissions.js';
import { isSystemColumn } from './relation-create.js';
import { stringList } from './tree.js';

/** Stores a foreign key of `table` (which exists with its columns); returns its oid and name. */
export async function createForeignKey(
  context: CommandContext,
  relation: number,
  constraint: Constraint,
): Promise<{ readonly oid: number; readonly name: string }> {
  const table = context.catalog.requireRelation(relation);
  if (constraint.conname && findConstraint(context, relation, constraint.conname) !== null)
    throw constraintExists(constraint.conname, table.name);
  const referenced = await lockRelationByName(context, constraint.pktable ?? {}, 'ShareRowExclusiveLock');
  if (referenced === null) throw new Error('invariant broken: referenced table not found');
  checkTables(table, referenced);
  const keys = columnNumbers(table, stringList(constraint.fk_attrs));
  const setColumns = deleteSetColumns(table, keys, stringList(constraint.fk_del_set_cols));
  const target = referencedKey(context, referenced, stringList(constraint.pk_attrs));
  requireReferencesPrivilege(context, referenced, target.columns);
  const name = constraint.conname ?? chooseForeignKeyName(context, table, keys);
  if (findConstraint(context, relation, name) !== null) throw constraintExists(name, table.name);
  if (keys.length !== target.columns.length) {
    throw pgError(SqlState.invalidForeignKey, 'number of referencing and referenced columns for foreign key disagree');
  }
  checkGeneratedActions(table, keys, constraint);
  const operators = keys.map((key, position) =>
    equalityOperators(context, { table, referenced, name }, key, target, position),
  );
  const foreign: ForeignKeyPart = {
    relation: referenced.oid,
    keys: target.columns,
    onUpdate: constraint.fk_upd_action ?? 'a',
    onDelete: constraint.fk_del_action ?? 'a',
    match: constraint.fk_matchtype ?? 's',
    deleteSetColumns: setColumns,
    pfOperators: operators.map((three) => three.pf),
    ppOperators: operators.map((three) => three.pp),
    ffOperators: operators.map((three) => three.ff),
  };
  const oid = await insertConstraint(context, {
    name,
    schema: table.schema,
    kind: 'f',
    relation,
    index: target.index.oid,
    deferrable: constraint.deferrable === true,
    initiallyDeferred: constraint.initdeferred === true,
    validated: constraint.skip_validation !== true || constraint.initially_valid === true,
    keys,
    noInherit: true,
    foreign,
  });
  await insertTriggers(context, { oid, table: relation, index: target.index.oid, constraint, foreign });
  return { oid, name };
}

function checkTables(table: RelationDescriptor, referenced: RelationDescriptor): void {
  if ('ciI'.includes(referenced.kind)) throw wrongKind(`cannot open relation "${referenced.name}"`, referenced);
  if (referenced.kind !== 'r' && referenced.kind !== 'p') {
    throw pgError(SqlState.wrongObjectType, `referenced relation "${referenced.name}" is not a table`);
  }
  if (referenced.oid < 16384 && referenced.schemaName === 'pg_catalog') {
    throw pgError(SqlState.insufficientPrivilege, `permission denied: "${referenced.name}" is a system catalog`);
  }
  const refuse = (text: string): Error => pgError(SqlState.invalidTableDefinition, text);
  if (table.persistence === 'p' && referenced.persistence !== 'p') {
    throw refuse('constraints on permanent tables may reference only permanent tables');
  }
  if (table.persistence === 'u' && referenced.persistence === 't') {
    throw refuse('constraints on unlogged tables may reference only permanent or unlogged tables');
  }
  if (table.persistence === 't' && referenced.persistence !== 't') {
    throw refuse('constraints on temporary tables may reference only temporary tables');
  }
}

function columnNumbers(table: RelationDescriptor, names: readonly string[]): number[] {
  return names.map((name) => {
    const column = table.attributes.find((attribute) => attribute.name === name && !attribute.isDropped);
    if (column === undefined && isSystemColumn(name))
      throw pgError(SqlState.featureNotSupported, 'system columns cannot be used in foreign keys');
    if (column === undefined) {
      throw pgError(SqlState.undefinedColumn, `column "${name}" referenced in foreign key constraint does not exist`);
    }
    return column.number;
  });
}

interface ReferencedKey {
  readonly columns: readonly number[];
  readonly index: IndexDescriptor;
}

/** The unique index that the foreign key relies on: the primary key where no columns are named. */
function referencedKey(
  context: CommandContext,
  referenced: RelationDescriptor,
  names: readonly string[],
): ReferencedKey {
  if (names.length === 0) {
    const index = referenced.indexes.find((candidate) => candidate.isPrimary && candidate.isValid);
    if (index === undefined) {
      throw pgError(SqlState.undefinedObject, `there is no primary key for referenced table "${referenced.name}"`);
    }
    if (!index.isImmediate) {
      throw pgError(
        SqlState.objectNotInPrerequisiteState,
        `cannot use a deferrable primary key for referenced table "${referenced.name}"`,
      );
    }
    return { columns: index.keys.map((key) => key.attribute), index };
  }
  const columns = columnNumbers(referenced, names);
  if (new Set(columns).size !== columns.length) {
    throw pgError(SqlState.invalidForeignKey, 'foreign key referenced-columns list must not contain duplicates');
  }
  const matching = referenced.indexes.filter((index) => matchesKey(index, columns));
  const index = matching.find((candidate) => candidate.isImmediate);
  if (index !== undefined) return { columns, index };
  if (matching.length > 0) {
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `cannot use a deferrable unique constraint for referenced table "${referenced.name}"`,
    );
  }
  throw pgError(
    SqlState.invalidForeignKey,
    `there is no unique constraint matching given keys for referenced table "${referenced.name}"`,
  );
}

function matchesKey(index: IndexDescriptor, columns: readonly number[]): boolean {
  if (!index.isUnique || !index.isValid || index.predicate !== null || index.expressions !== null) return false;
  const keys = index.keys.map((key) => key.attribute);
  return keys.length === columns.length && columns.every((column) => keys.includes(column));
}

function chooseForeignKeyName(context: CommandContext, table: RelationDescriptor, keys: readonly number[]): string {
  const names = keys.map((key) => table.attributes[key - 1]?.name ?? '');
  const parts = { name1: table.name, name2: joinedColumnNames(names), label: 'fkey' };
  return chooseConstraintName(context, parts, table.schema, []);
}

function checkGeneratedActions(table: RelationDescriptor, keys: readonly number[], constraint: Constraint): void {
  if (!keys.some((key) => table.attributes[key - 1]?.generated)) return;
  const refuse = (event: string): Error =>
    pgError(SqlState.syntaxError, `invalid ${event} action for foreign key constraint containing generated column`);
  if ('cnd'.includes(constraint.fk_upd_action ?? 'a')) throw refuse('ON UPDATE');
  if ('nd'.includes(constraint.fk_del_action ?? 'a')) throw refuse('ON DELETE');
}

function deleteSetColumns(table: RelationDescriptor, keys: readonly number[], names: readonly string[]): number[] {
  return columnNumbers(table, names).map((number) => {
    if (keys.includes(number)) return number;
    throw pgError(
      SqlState.invalidColumnReference,
      `column "${table.attributes[number - 1]?.name}" referenced in ON DELETE SET action must be part of foreign key`,
    );
  });
}

interface EqualityOperators {
  readonly pf: number;
  readonly pp: number;
  readonly ff: number;
}

const equalStrategy = 3;

function equalityOperators(
  context: CommandContext,
  tables: { readonly table: RelationDescriptor; readonly referenced: RelationDescriptor; readonly name: string },
  key: number,
  target: ReferencedKey,
  position: number,
): EqualityOperators {
  const pkColumn = target.columns[position] as number;
  const indexKey = target.index.keys.find((candidate) => candidate.attribute === pkColumn);
  const pkAttribute = tables.referenced.attributes[pkColumn - 1];
  const fkAttribute = tables.table.attributes[key - 1];
  if (indexKey === undefined || !pkAttribute || !fkAttribute) throw new Error('invariant broken: foreign key columns');
  const family = indexKey.opfamily;
  const inputType = context.catalog.opclass(indexKey.opclass)?.inputType ?? pkAttribute.type;
  const member = (left: number, right: number): number =>
    context.catalog.familyOperator(family, left, right, equalStrategy);
  const pp = member(inputType, inputType);
  const fkType = baseType(context, fkAttribute.type);
  const pf = member(inputType, fkType);
  const ff = member(fkType, fkType);
  if (pf !== 0 && ff !== 0) return { pf, pp, ff };
  // One polymorphic operator must find one type on both sides.
  const fits = context.catalog.typeByOid(inputType).kind !== 'p' || fkType === baseType(context, pkAttribute.type);
  if (pp !== 0 && fits && coercesImplicitly(context, fkType, inputType)) return { pf: pp, pp, ff: pp };
  throw pgError(SqlState.datatypeMismatch, `foreign key constraint "${tables.name}" cannot be implemented`, {
    detail: `Key columns "${fkAttribute.name}" and "${pkAttribute.name}" are of incompatible types: ${formatType(context, fkAttribute.type)} and ${formatType(context, pkAttribute.type)}.`,
  });
}

function baseType(context: CommandContext, type: number): number {
  const descriptor = context.catalog.typeByOid(type);
  return descriptor.kind === 'd' ? baseType(context, descriptor.baseType) : type;
}

function coercesImplicitly(context: CommandContext, source: number, target: number): boolean {
  if (source === target) return true;
  const type = context.catalog.typeByOid(source);
  const wanted = context.catalog.typeByOid(target);
  // Polymorphic operator classes: array_ops, enum_ops, range_ops, multirange_ops, record_ops.
  if (wanted.kind === 'p') {
    if (target === 2277) return type.category === 'A';
    if (target === 3500) return type.kind === 'e';
    if (target === 3831) return type.kind === 'r';
    if (target === 4537) return type.kind === 'm';
    return target === 2283 || (target === 2249 && type.kind === 'c');
  }
  return context.catalog.cast(source, target)?.context === 'i';
}

/** Trigger functions by action: delete, update. */
const actionFunctions: Readonly<Record<string, readonly [number, number]>> = {
  a: [1654, 1655],
  r: [1648, 1649],
  c: [1646, 1647],
  n: [1650, 1651],
  d: [1652, 1653],
};
const checkFunctions = [1644, 1645] as const;
const rowTrigger = 1;
const insertEvent = 4;
const deleteEvent = 8;
const updateEvent = 16;

interface TriggerBasis {
  readonly oid: number;
  readonly table: number;
  readonly index: number;
  readonly constraint: Pick<Constraint, 'deferrable' | 'initdeferred'>;
  readonly foreign: ForeignKeyPart;
}

async function insertTriggers(context: CommandContext, basis: TriggerBasis): Promise<void> {
  const { foreign, table } = basis;
  const [onDelete] = actionFunctions[foreign.onDelete] ?? [0];
  const [, onUpdate] = actionFunctions[foreign.onUpdate] ?? [0, 0];
  const deletes = { relation: foreign.relation, other: table, letter: 'a', deferrable: foreign.onDelete === 'a' };
  const updates = { ...deletes, deferrable: foreign.onUpdate === 'a' };
  const checks = { relation: table, other: foreign.relation, letter: 'c', deferrable: true };
  await insertTrigger(context, basis, { ...deletes, fn: onDelete, event: deleteEvent });
  await insertTrigger(context, basis, { ...updates, fn: onUpdate, event: updateEvent });
  await insertTrigger(context, basis, { ...checks, fn: checkFunctions[0], event: insertEvent });
  await insertTrigger(context, basis, { ...checks, fn: checkFunctions[1], event: updateEvent });
  for (const relation of new Set([table, foreign.relation])) await markHasTriggers(context, relation);
}

async function insertTrigger(
  context: CommandContext,
  basis: TriggerBasis,
  trigger: { relation: number; other: number; letter: string; deferrable: boolean; fn: number; event: number },
): Promise<void> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_trigger');
  await tables.insert(context.transaction, 'pg_trigger', {
    oid,
    tgrelid: trigger.relation,
    tgparentid: 0,
    tgname: `RI_ConstraintTrigger_${trigger.letter}_${oid}`,
    tgfoid: trigger.fn,
    tgtype: rowTrigger | trigger.event,
    tgenabled: 'O',
    tgisinternal: true,
    tgconstrrelid: trigger.other,
    tgconstrindid: basis.index,
    tgconstraint: basis.oid,
    tgdeferrable: trigger.deferrable && basis.constraint.deferrable === true,
    tginitdeferred: trigger.deferrable && basis.constraint.initdeferred === true,
    tgnargs: 0,
    tgattr: [],
    tgargs: Buffer.alloc(0),
    tgqual: null,
    tgoldtable: null,
    tgnewtable: null,
  });
  await recordDependency(
    context,
    objectAddress(ClassOid.trigger, oid),
    objectAddress(ClassOid.constraint, basis.oid),
    'i',
  );
}

/** Sets pg_class.relhastriggers. */
export async function markHasTriggers(context: CommandContext, relation: number): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid: relation });
  if (entry !== null && !entry.row.relhastriggers) {
    await tables.update(context.transaction, 'pg_class', entry, { relhastriggers: true });
  }
}

/** 23503 where a row of the table has no row to refer to. */
export async function validateForeignKey(context: CommandContext, constraintOid: number): Promise<void> {
  const row = context.catalog.tables.findOne('pg_constraint', { oid: constraintOid })?.row;
  if (row === undefined) throw new Error('invariant broken: foreign key without a row');
  const table = context.catalog.requireRelation(row.conrelid);
  const referenced = context.catalog.requireRelation(row.confrelid);
  const keys = row.conkey ?? [];
  const fk = keys.map((number) => quoteIdentifier(table.attributes[number - 1]?.name ?? ''));
  const pk = (row.confkey ?? []).map((number) => quoteIdentifier(referenced.attributes[number - 1]?.name ?? ''));
  const operators = (row.conpfeqop ?? []).map((oid) => operatorText(context, oid));
  const join = pk.map((name, index) => `pk.${name} ${operators[index]} fk.${fk[index]}`).join(' AND ');
  const present = fk.map((name) => `fk.${name} IS NOT NULL`);
  const filter = row.confmatchtype === 'f' ? present.join(' OR ') : present.join(' AND ');
  const rows = await context.corridor.runSql(
    `SELECT ${fk.map((name) => `fk.${name}`).join(', ')} FROM ONLY ${relationText(table)} fk` +
      ` LEFT OUTER JOIN ${referenced.kind === 'p' ? '' : 'ONLY '}${relationText(referenced)} pk ON (${join})` +
      ` WHERE pk.${pk[0]} IS NULL AND (${filter}) LIMIT 1`,
  );
  const [broken] = rows;
  if (broken === undefined) return;
  throw foreignKeyViolation(context, {
    table,
    referenced,
    name: row.conname,
    keys,
    values: broken,
    match: row.confmatchtype,
  });
}

function foreignKeyViolation(
  context: CommandContext,
  broken: {
    readonly table: RelationDescriptor;
    readonly referenced: RelationDescriptor;
    readonly name: string;
    readonly keys: readonly number[];
    readonly values: readonly import('../types/value.js').Value[];
    readonly match: string;
  },
): Error {
  const { table, referenced, keys, values } = broken;
  const fields = { schema: table.schemaName, table: table.name, constraint: broken.name };
  const message = `insert or update on table "${table.name}" violates foreign key constraint "${broken.name}"`;
  if (broken.match === 'f' && values.includes(null)) {
    return pgError(SqlState.foreignKeyViolation, message, {
      ...fields,
      detail: 'MATCH FULL does not allow mixing of null and nonnull key values.',
    });
  }
  const names = keys.map((number) => table.attributes[number - 1]?.name ?? '').join(', ');
  const texts = keys.map((number, index) => {
    const type = context.catalog.typeByOid(table.attributes[number - 1]?.type ?? 0);
    const value = values[index] ?? null;
    return value === null ? 'null' : type.behaviour.output(value, type, context.catalog.io);
  });
  return pgError(SqlState.foreignKeyViolation, message, {
    ...fields,
    detail: `Key (${names})=(${texts.join(', ')}) is not present in table "${referenced.name}".`,
  });
}

function relationText(relation: RelationDescriptor): string {
  return quoteQualifiedIdentifier(relation.schemaName, relation.name);
}

function operatorText(context: CommandContext, oid: number): string {
  const operator = context.catalog.requireOperator(oid);
  const schema = context.catalog.namespace(operator.schema)?.name ?? 'pg_catalog';
  return `OPERATOR(${quoteIdentifier(schema)}.${operator.name})`;
}
