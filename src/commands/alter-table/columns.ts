// ALTER TABLE's subcommands on single columns: ADD and DROP, defaults, NOT NULL, identity, generation, statistics, storage.
import type { ColumnDef, DefElem } from '@pgsql/types';
import { deleteObjects } from '../../catalog/dependencies/delete-objects.js';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { tableColumnsMax } from '../../base/limits.js';
import type { Expression } from '../../trees/expression.js';
import { expressionFromJson } from '../../trees/json.js';
import { PgArray } from '../../types/value.js';
import type { CommandContext } from '../api.js';
import { ClassOid, objectAddress } from '../classes.js';
import { bindDefault, isNullConst, removeDefault, storeDefault } from '../column-default.js';
import { compressionLetter, readColumn, storageLetter, type ColumnParts } from '../column-definition.js';
import { formatType, requireColumnType } from '../column-type.js';
import { setNotNull } from '../constraint.js';
import { adoptSequence, columnSpec, createColumnSequence } from '../create-table.js';
import { requireNamespace } from '../namespace.js';
import { insertAttribute, requireNoSystemName } from '../relation-create.js';
import { mergeOptions } from '../relation-options.js';
import { alterSequence, identitySequence } from '../sequence.js';
import { forgetDependencies } from '../depend.js';
import { checkedTarget } from '../statistics.js';
import { defElems, nodeAs, nodeOf, stringOf } from '../tree.js';
import { hasVolatileFunctions } from '../volatility.js';
import { requireRowTypeUnused } from './column-type.js';
import { addColumnConstraints } from './constraints.js';
import { childrenOf, workOf, type Subcommand } from './work.js';

/** A live user column by name. Throws 42703, 0A000 for system columns. */
export function requireColumn(context: CommandContext, relation: number, name: string): AttributeDescriptor {
  const table = context.catalog.requireRelation(relation);
  const column = table.attributes.find((attribute) => attribute.name === name && !attribute.isDropped);
  if (column !== undefined) return column;
  if (['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'].includes(name)) {
    throw pgError(SqlState.featureNotSupported, `cannot alter system column "${name}"`);
  }
  throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${table.name}" does not exist`);
}

/** ADD COLUMN. */
export async function addColumn(call: Subcommand): Promise<void> {
  const { state, relation, command } = call;
  const { context } = state;
  const definition = nodeOf(command.def, 'ColumnDef');
  const table = context.catalog.requireRelation(relation);
  const name = definition.colname ?? '';
  if (await mergesWithChildColumn(call, table, definition)) return;
  if (!columnIsFree(context, table, name, command.missing_ok === true)) return;
  if (table.attributes.length >= tableColumnsMax) {
    throw pgError(SqlState.tooManyColumns, `tables can have at most ${tableColumnsMax} columns`);
  }
  if (table.ofType !== 0) throw pgError(SqlState.wrongObjectType, 'cannot add column to typed table');
  const parts = readColumn(context, definition, table.name);
  requireColumnType(context, parts, [table.rowType]);
  const number = table.attributes.length + 1;
  const spec = { ...columnSpec(parts), ...(call.recursing ? { isLocal: false, inheritCount: 1 } : {}) };
  await insertAttribute(context, { relation, number, column: spec, recordTypes: true });
  await changeColumnCount(context, relation, number);
  await fillNewColumn(call, number, parts);
  if (!call.recursing) addColumnConstraints(call, parts);
  await addToChildren(call);
}

function columnIsFree(context: CommandContext, table: RelationDescriptor, name: string, missingOk: boolean): boolean {
  requireNoSystemName({ name });
  if (!table.attributes.some((attribute) => attribute.name === name && !attribute.isDropped)) return true;
  const message = `column "${name}" of relation "${table.name}" already exists`;
  if (!missingOk) throw pgError(SqlState.duplicateColumn, message);
  context.notice({ severity: 'NOTICE', code: SqlState.duplicateColumn, message: `${message}, skipping`, fields: {} });
  return false;
}

/** A child that has the column already only counts one more parent. */
async function mergesWithChildColumn(
  call: Subcommand,
  table: RelationDescriptor,
  definition: ColumnDef,
): Promise<boolean> {
  if (!call.recursing) return false;
  const { context } = call.state;
  const { tables } = context.catalog;
  const existing = tables.find('pg_attribute', { attrelid: table.oid, attname: definition.colname ?? '' })[0];
  if (existing === undefined) return false;
  const parts = readColumn(context, definition, table.name);
  if (parts.type !== existing.row.atttypid || parts.typmod !== existing.row.atttypmod) {
    throw pgError(
      SqlState.datatypeMismatch,
      `child table "${table.name}" has different type for column "${definition.colname}"`,
    );
  }
  await tables.update(context.transaction, 'pg_attribute', existing, { attinhcount: existing.row.attinhcount + 1 });
  const message = `merging definition of column "${definition.colname}" for child "${table.name}"`;
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
  return true;
}

async function changeColumnCount(context: CommandContext, relation: number, relnatts: number): Promise<void> {
  const entry = context.catalog.tables.findOne('pg_class', { oid: relation });
  if (entry !== null) await context.catalog.tables.update(context.transaction, 'pg_class', entry, { relnatts });
}

async function addToChildren(call: Subcommand): Promise<void> {
  const children = await childrenOf(call.state, call.relation);
  if (children.length > 0 && !call.recurse) {
    throw pgError(SqlState.invalidTableDefinition, 'column must be added to child tables too');
  }
  if (children.length > 0 && addsIdentity(call)) {
    throw pgError(
      SqlState.invalidTableDefinition,
      'cannot recursively add identity column to table that has child tables',
    );
  }
  for (const child of children) await addColumn({ ...call, relation: child, recursing: true });
}

function addsIdentity(call: Subcommand): boolean {
  const definition = nodeOf(call.command.def, 'ColumnDef');
  return (definition.constraints ?? []).some((node) => nodeAs(node, 'Constraint')?.contype === 'CONSTR_IDENTITY');
}

/** Default, generation, sequence: what rows that are there already have in the new column. */
async function fillNewColumn(call: Subcommand, number: number, parts: ColumnParts): Promise<void> {
  const { state, relation } = call;
  const { context } = state;
  const work = workOf(state, relation);
  const target = { relation, number };
  if (parts.isSerial || parts.identity !== '') {
    const sequence = await newColumnSequence(context, relation, parts);
    await adoptSequence(context, target, { name: parts.name, type: parts.type, identity: parts.identity }, sequence);
    if (parts.identity !== '') work.newValues.set(number, { kind: 'NextValueExpr', sequence, type: parts.type });
    else work.newValues.set(number, storedDefaultOf(context, relation, number));
    work.needsRewrite = true;
    return;
  }
  if (parts.defaultExpr) {
    const expression = bindDefault(context, target, parts.defaultExpr, parts.generated);
    if (parts.generated || !isNullConst(expression))
      await storeDefault(context, target, expression, { generated: parts.generated });
    await fillFromExpression(call, number, { parts, expression });
  } else if (domainNeedsCheck(context, parts.type)) {
    work.newValues.set(number, domainNull(parts));
    work.needsRewrite = true;
  }
  if (parts.notNull) work.notNulls.add(number);
}

async function fillFromExpression(
  call: Subcommand,
  number: number,
  filled: { readonly parts: ColumnParts; readonly expression: Expression },
): Promise<void> {
  const { context } = call.state;
  const work = workOf(call.state, call.relation);
  const { parts, expression } = filled;
  if (parts.generated) {
    work.generated.set(number, expression);
    work.needsRewrite = true;
  } else if (hasVolatileFunctions(context, expression) || domainNeedsCheck(context, parts.type)) {
    work.newValues.set(number, expression);
    work.needsRewrite = true;
  } else if (!isNullConst(expression)) {
    const value = await context.corridor.evaluate(expression);
    work.newValues.set(number, {
      kind: 'Const',
      type: parts.type,
      typmod: parts.typmod,
      collation: parts.collation,
      value,
      location: -1,
    });
    const entry = context.catalog.tables.findOne('pg_attribute', { attrelid: call.relation, attnum: number });
    if (value === null || entry === null) return;
    // Values of the row type in other tables would lack the default.
    requireRowTypeUnused(context, work.old);
    await context.catalog.tables.update(context.transaction, 'pg_attribute', entry, {
      atthasmissing: true,
      attmissingval: PgArray.of(parts.type, [value]),
    });
  }
}

function storedDefaultOf(context: CommandContext, relation: number, number: number): Expression {
  const json = context.catalog.tables.findOne('pg_attrdef', { adrelid: relation, adnum: number })?.row.adbin;
  if (json === undefined) throw new Error('invariant broken: serial column without a default');
  return expressionFromJson(json);
}

function domainNeedsCheck(context: CommandContext, type: number): boolean {
  const descriptor = context.catalog.typeByOid(type);
  if (descriptor.kind !== 'd') return false;
  return (
    descriptor.notNull ||
    context.catalog.domainConstraints(type).length > 0 ||
    domainNeedsCheck(context, descriptor.baseType)
  );
}

/** NULL through the domain's constraints. */
function domainNull(parts: ColumnParts): Expression {
  const { type, typmod, collation } = parts;
  const arg: Expression = { kind: 'Const', type, typmod, collation, value: null, location: -1 };
  return { kind: 'CoerceToDomain', arg, type, typmod, collation, form: 'implicitCast', location: -1 };
}

async function newColumnSequence(context: CommandContext, relation: number, parts: ColumnParts): Promise<number> {
  const table = context.catalog.requireRelation(relation);
  return createColumnSequence(context, parts, {
    target: { namespace: requireNamespace(context, table.schemaName), persistence: table.persistence },
    name: table.name,
    options: parts.sequenceOptions,
    forIdentity: parts.identity !== '',
    owner: table.owner,
  });
}

/** DROP COLUMN. */
export async function dropColumn(call: Subcommand): Promise<void> {
  const { state, relation, command } = call;
  const { context } = state;
  const table = context.catalog.requireRelation(relation);
  const name = command.name ?? '';
  const column = table.attributes.find((attribute) => attribute.name === name && !attribute.isDropped);
  if (column === undefined) {
    if (['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'].includes(name)) {
      throw pgError(SqlState.featureNotSupported, `cannot drop system column "${name}"`);
    }
    const message = `column "${name}" of relation "${table.name}" does not exist`;
    if (!command.missing_ok) throw pgError(SqlState.undefinedColumn, message);
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `${message}, skipping`,
      fields: {},
    });
    return;
  }
  if (table.ofType !== 0 && !call.recursing)
    throw pgError(SqlState.wrongObjectType, 'cannot drop column from typed table');
  const row = context.catalog.tables.findOne('pg_attribute', { attrelid: relation, attnum: column.number })?.row;
  if (row && row.attinhcount > 0 && !call.recursing) {
    throw pgError(SqlState.invalidTableDefinition, `cannot drop inherited column "${name}"`);
  }
  await dropFromChildren(call, name);
  await deleteObjects(context, [objectAddress(ClassOid.class, relation, column.number)], {
    behavior: command.behavior === 'DROP_CASCADE' ? 'cascade' : 'restrict',
  });
}

async function dropFromChildren(call: Subcommand, name: string): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  for (const child of await childrenOf(call.state, call.relation)) {
    const entry = tables.find('pg_attribute', { attrelid: child, attname: name })[0];
    if (entry === undefined || entry.row.attisdropped) continue;
    const inheritCount = entry.row.attinhcount - 1;
    if (call.recurse && inheritCount === 0 && !entry.row.attislocal) {
      await tables.update(context.transaction, 'pg_attribute', entry, { attinhcount: 0 });
      await dropColumn({ ...call, relation: child, recursing: true });
    } else {
      // The column stays in the child, as one of its own where nothing else passes it down.
      await tables.update(context.transaction, 'pg_attribute', entry, {
        attinhcount: inheritCount,
        attislocal: call.recurse ? entry.row.attislocal : true,
      });
    }
  }
}

/** SET DEFAULT, DROP DEFAULT. */
export async function columnDefault(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  const target = { relation: call.relation, number: column.number };
  if (column.identity !== '') {
    throw pgError(
      SqlState.syntaxError,
      `column "${column.name}" of relation "${table.name}" is an identity column`,
      call.command.def ? {} : { hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.' },
    );
  }
  if (column.generated !== '') {
    throw pgError(
      SqlState.syntaxError,
      `column "${column.name}" of relation "${table.name}" is a generated column`,
      call.command.def
        ? { hint: 'Use ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION instead.' }
        : { hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.' },
    );
  }
  await removeDefault(context, target);
  if (call.command.def) {
    const expression = bindDefault(context, target, call.command.def, false);
    if (!isNullConst(expression)) await storeDefault(context, target, expression, { generated: false });
  }
  if (!call.recurse) return;
  for (const child of await childrenOf(call.state, call.relation))
    await columnDefault({ ...call, relation: child, recursing: true });
}

/** SET NOT NULL. */
export async function setColumnNotNull(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  if (await setNotNull(context, call.relation, column.number, true))
    workOf(call.state, call.relation).notNulls.add(column.number);
  if (!call.recurse) return;
  for (const child of await childrenOf(call.state, call.relation))
    await setColumnNotNull({ ...call, relation: child, recursing: true });
}

/** DROP NOT NULL. */
export async function dropColumnNotNull(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  if (!column.notNull) return;
  if (column.identity !== '') {
    throw pgError(SqlState.syntaxError, `column "${column.name}" of relation "${table.name}" is an identity column`);
  }
  for (const index of table.indexes) {
    if (!index.keys.some((key) => key.attribute === column.number)) continue;
    if (index.isPrimary) throw pgError(SqlState.invalidTableDefinition, `column "${column.name}" is in a primary key`);
    if (index.isReplicaIdentity) {
      throw pgError(SqlState.invalidTableDefinition, `column "${column.name}" is in index used as replica identity`);
    }
  }
  await setNotNull(context, call.relation, column.number, false);
  if (!call.recurse) return;
  for (const child of await childrenOf(call.state, call.relation))
    await dropColumnNotNull({ ...call, relation: child, recursing: true });
}

/** SET STATISTICS. */
export async function setStatistics(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  const table = context.catalog.requireRelation(call.relation);
  const written = call.command.def === undefined ? null : (nodeAs(call.command.def, 'Integer')?.ival ?? 0);
  const entry = call.command.name
    ? tables.find('pg_attribute', { attrelid: call.relation, attname: call.command.name })[0]
    : tables.findOne('pg_attribute', { attrelid: call.relation, attnum: call.command.num ?? 0 });
  if (!call.command.name && 'rvmf'.includes(table.kind)) {
    throw pgError(SqlState.featureNotSupported, 'cannot refer to non-index column by number');
  }
  const target = checkedTarget(context, written);
  if (!entry || entry.row.attisdropped) {
    const text = call.command.name
      ? `column "${call.command.name}" of relation "${table.name}" does not exist`
      : `column number ${call.command.num ?? 0} of relation "${table.name}" does not exist`;
    throw pgError(SqlState.undefinedColumn, text);
  }
  if (entry.row.attnum < 0)
    throw pgError(SqlState.featureNotSupported, `cannot alter system column "${entry.row.attname}"`);
  if (table.kind === 'i') requireExpressionColumn(context, table, entry.row);
  await tables.update(context.transaction, 'pg_attribute', entry, { attstattarget: target });
  if (!call.recurse || table.kind === 'i') return;
  for (const child of await childrenOf(call.state, call.relation))
    await setStatistics({ ...call, relation: child, recursing: true });
}

/** The plain columns of an index have their statistics in the table. */
function requireExpressionColumn(
  context: CommandContext,
  index: RelationDescriptor,
  column: { readonly attnum: number; readonly attname: string },
): void {
  const row = context.catalog.tables.findOne('pg_index', { indexrelid: index.oid })?.row;
  if (row === undefined) return;
  const where = `column "${column.attname}" of index "${index.name}"`;
  if (column.attnum > row.indnkeyatts)
    throw pgError(SqlState.featureNotSupported, `cannot alter statistics on included ${where}`);
  if (row.indkey[column.attnum - 1] === 0) return;
  throw pgError(SqlState.featureNotSupported, `cannot alter statistics on non-expression ${where}`, {
    hint: 'Alter statistics on table column instead.',
  });
}

async function updateColumn(call: Subcommand, change: (column: AttributeDescriptor) => object): Promise<void> {
  const { context } = call.state;
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  const entry = context.catalog.tables.findOne('pg_attribute', { attrelid: call.relation, attnum: column.number });
  if (entry !== null) await context.catalog.tables.update(context.transaction, 'pg_attribute', entry, change(column));
}

/** SET STORAGE. */
export async function setStorage(call: Subcommand): Promise<void> {
  await updateColumn(call, (column) => ({
    attstorage: storageLetter(call.state.context, stringOf(call.command.def), column.type),
  }));
  await copyToIndexes(call);
}

/** An index's column is stored as the table's is; where it has the column twice, the first one. */
async function copyToIndexes(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const { tables } = context.catalog;
  const table = context.catalog.requireRelation(call.relation);
  const { number, storage, compression } = requireColumn(context, call.relation, call.command.name ?? '');
  for (const index of table.indexes) {
    const place = (tables.findOne('pg_index', { indexrelid: index.oid })?.row.indkey ?? []).indexOf(number);
    const entry = place < 0 ? null : tables.findOne('pg_attribute', { attrelid: index.oid, attnum: place + 1 });
    if (entry === null) continue;
    const change = { attstorage: storage, attcompression: compression };
    await tables.update(context.transaction, 'pg_attribute', entry, change);
  }
}

/** SET COMPRESSION. */
export async function setCompression(call: Subcommand): Promise<void> {
  await updateColumn(call, (column) => ({
    attcompression: compressionLetter(call.state.context, stringOf(call.command.def), column.type),
  }));
  await copyToIndexes(call);
}

/** ALTER COLUMN ... SET (...) and RESET (...). */
export async function columnOptions(call: Subcommand, reset: boolean): Promise<void> {
  const { context } = call.state;
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  const entry = context.catalog.tables.findOne('pg_attribute', { attrelid: call.relation, attnum: column.number });
  if (entry === null) return;
  const attoptions = mergeOptions('attribute', entry.row.attoptions, defElems(call.command.def), { reset });
  await context.catalog.tables.update(context.transaction, 'pg_attribute', entry, { attoptions });
}

/** ADD GENERATED ... AS IDENTITY. */
export async function addIdentity(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const definition = nodeOf(call.command.def, 'Constraint');
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  const where = `column "${column.name}" of relation "${table.name}"`;
  const refuse = (text: string): Error => pgError(SqlState.objectNotInPrerequisiteState, text);
  requireIdentityType(column.type);
  if (!column.notNull) throw refuse(`${where} must be declared NOT NULL before identity can be added`);
  if (column.identity !== '') throw refuse(`${where} is already an identity column`);
  if (column.hasDefault) throw refuse(`${where} already has a default value`);
  const identity = definition.generated_when as 'a' | 'd';
  const sequence = await createColumnSequence(context, column, {
    target: { namespace: requireNamespace(context, table.schemaName), persistence: table.persistence },
    name: table.name,
    options: defElems(definition.options),
    forIdentity: true,
    owner: table.owner,
  });
  await updateColumn(call, () => ({ attidentity: identity }));
  await adoptSequence(
    context,
    { relation: call.relation, number: column.number },
    { name: column.name, type: column.type, identity },
    sequence,
  );
}

function requireIdentityType(type: number): void {
  if ([20, 21, 23].includes(type)) return;
  throw pgError(SqlState.invalidParameterValue, 'identity column type must be smallint, integer, or bigint');
}

/** SET GENERATED, and the sequence options written with it. */
export async function setIdentity(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  if (column.identity === '') {
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `column "${column.name}" of relation "${table.name}" is not an identity column`,
    );
  }
  const options = defElems(call.command.def);
  const generated = options.find((def) => def.defname === 'generated');
  if (generated) {
    const attidentity = String.fromCharCode(nodeAs(generated.arg, 'Integer')?.ival ?? 0);
    await updateColumn(call, () => ({ attidentity }));
  }
  const rest: DefElem[] = options.filter((def) => def.defname !== 'generated');
  if (rest.length === 0) return;
  const sequence = context.catalog.requireRelation(identitySequence(context, call.relation, column.number));
  await alterSequence(context, sequence, rest, true);
}

/** DROP IDENTITY. */
export async function dropIdentity(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  if (column.identity === '') {
    const message = `column "${column.name}" of relation "${table.name}" is not an identity column`;
    if (!call.command.missing_ok) throw pgError(SqlState.objectNotInPrerequisiteState, message);
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `${message}, skipping`,
      fields: {},
    });
    return;
  }
  const sequence = identitySequence(context, call.relation, column.number);
  await updateColumn(call, () => ({ attidentity: '' }));
  await forgetDependencies(context, objectAddress(ClassOid.class, sequence), { classId: ClassOid.class, type: 'i' });
  await deleteObjects(context, [objectAddress(ClassOid.class, sequence)], { behavior: 'restrict', internal: true });
}

/** SET EXPRESSION. */
export async function setExpression(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  if (column.generated === '') {
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `column "${column.name}" of relation "${table.name}" is not a generated column`,
    );
  }
  if (!call.command.def) throw new Error('invariant broken: SET EXPRESSION without one');
  const target = { relation: call.relation, number: column.number };
  const work = workOf(call.state, call.relation);
  const expression = bindDefault(context, target, call.command.def, true);
  await storeDefault(context, target, expression, { generated: true });
  work.generated.set(column.number, expression);
  work.needsRewrite = true;
}

/** DROP EXPRESSION. */
export async function dropExpression(call: Subcommand): Promise<void> {
  const { context } = call.state;
  const table = context.catalog.requireRelation(call.relation);
  const column = requireColumn(context, call.relation, call.command.name ?? '');
  if (column.generated === '') {
    const message = `column "${column.name}" of relation "${table.name}" is not a stored generated column`;
    if (!call.command.missing_ok) throw pgError(SqlState.objectNotInPrerequisiteState, message);
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `${message}, skipping`,
      fields: {},
    });
    return;
  }
  const row = context.catalog.tables.findOne('pg_attribute', { attrelid: call.relation, attnum: column.number })?.row;
  if (row && row.attinhcount > 0 && !call.recursing) {
    throw pgError(SqlState.invalidTableDefinition, `cannot drop generation expression from inherited column`);
  }
  await removeDefault(context, { relation: call.relation, number: column.number });
  await updateColumn(call, () => ({ attgenerated: '' }));
  if (!call.recurse) return;
  for (const child of await childrenOf(call.state, call.relation))
    await dropExpression({ ...call, relation: child, recursing: true });
}

/** Text for errors of a type change. */
export function columnTypeText(context: CommandContext, column: AttributeDescriptor): string {
  return formatType(context, column.type, column.typmod);
}
