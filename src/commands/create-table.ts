// CREATE TABLE: the elements are sorted into columns and constraints, parents and LIKE sources merged in, the relation is
// created, then defaults, checks, indexes and foreign keys in that order, as PostgreSQL does.
import type { Constraint, CreateStmt, DefElem, RangeVar } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import { resolveType } from './column-type.js';
import { expressionFromJson } from '../trees/json.js';
import type { CommandContext, CommandResult } from './api.js';
import { bindDefault, isNullConst, nextvalExpression, storeDefault } from './column-default.js';
import { readColumn, type ColumnParts } from './column-definition.js';
import { bindCheck, setNotNull, storeCheck } from './constraint.js';
import { createForeignKey } from './foreign-key.js';
import { createIndex } from './index-create.js';
import { resolveIndex } from './index-definition.js';
import { keyStatements } from './key-constraint.js';
import { applyLike, readLike, type LikeSource } from './like-clause.js';
import { mergeParents, storeParents, type ParentMerge } from './inheritance.js';
import { chooseRelationName } from './naming.js';
import { relationTarget, type CreationTarget } from './namespace.js';
import { registerOnCommit } from './on-commit.js';
import { noticeExists, requireTypeUsage } from './permissions.js';
import { createRelation, type ColumnSpec } from './relation-create.js';
import { mergeOptions } from './relation-options.js';
import { createSequence, setOwnedBy } from './sequence.js';
import { storeToastOptions } from './toast-options.js';
import { requireTablespace } from './tablespace.js';
import { defElems, nodeAs, nodeOf } from './tree.js';

/** CREATE TABLE. */
export async function createTableStatement(statement: CreateStmt, context: CommandContext): Promise<CommandResult> {
  await createTable(statement, context);
  return { kind: 'done', tag: 'CREATE TABLE' };
}

/** Creates the table; returns its oid, 0 where IF NOT EXISTS found one. */
export async function createTable(statement: CreateStmt, context: CommandContext): Promise<number> {
  refuseUnbuilt(statement);
  const target = await relationTarget(context, statement.relation ?? {}, { positioned: true });
  const name = statement.relation?.relname ?? '';
  if (statement.oncommit && statement.oncommit !== 'ONCOMMIT_NOOP' && target.persistence !== 't') {
    throw pgError(SqlState.invalidTableDefinition, 'ON COMMIT can only be used on temporary tables');
  }
  if (statement.if_not_exists && relationExists(context, name, target.namespace.oid)) {
    noticeExists(context, 'relation', name);
    return 0;
  }
  const draft = await readElements(context, statement, name);
  const hasParents = (statement.inhRelations?.length ?? 0) > 0;
  if (!hasParents) checkKeys(draft, name);
  const parents = await mergeParents(context, statement, draft.columns, { name, persistence: target.persistence });
  const withSequences = await createSequences(context, parents.columns, {
    relation: statement.relation ?? {},
    target,
    name,
  });
  const oid = await createRelation(context, {
    name,
    schema: target.namespace.oid,
    kind: 'r',
    persistence: target.persistence,
    owner: context.userId,
    columns: parents.columns.map((column) => column.spec),
    options: mergeOptions('table', null, defElems(statement.options), { reset: false }),
    ofType: draft.ofType,
    tablespace: statement.tablespacename ? requireTablespace(context, statement.tablespacename) : 0,
  });
  await storeToastOptions(context, oid, defElems(statement.options), { reset: false });
  await storeParents(context, oid, parents.parents);
  await storeColumnParts(context, oid, parents.columns, withSequences);
  await storeConstraints(context, oid, draft, parents);
  for (const like of draft.likes) await applyLike(context, oid, like);
  registerOnCommit(context, oid, statement.oncommit);
  return oid;
}

/** A column on its way into the table: what is stored, and where its default comes from. */
export interface DraftColumn {
  readonly spec: ColumnSpec;
  readonly parts: ColumnParts | null;
  /** Default of a LIKE source or parent: a stored tree in the new table's attribute numbers. */
  readonly inheritedDefault: string | null;
  readonly like: LikeSource | null;
}

interface Draft {
  readonly columns: readonly DraftColumn[];
  readonly checks: readonly Constraint[];
  readonly keys: readonly Constraint[];
  readonly foreignKeys: readonly Constraint[];
  readonly likes: readonly LikeSource[];
  readonly ofType: number;
}

/** What is wrong with keys is said before the table is made. */
function checkKeys(draft: Draft, name: string): void {
  const attributes = draft.columns.map(({ spec }) => ({ name: spec.name, isDropped: false }));
  keyStatements({ name, schemaName: '', attributes, indexes: [] }, draft.keys);
}

function refuseUnbuilt(statement: CreateStmt): void {
  if (statement.partspec) throw notSupported('PARTITION BY');
  if (statement.partbound) throw notSupported('PARTITION OF');
  const method = statement.accessMethod;
  if (method && method !== 'heap') {
    throw pgError(SqlState.undefinedObject, `access method "${method}" does not exist`);
  }
}

function relationExists(context: CommandContext, name: string, schema: number): boolean {
  return context.catalog.tables.findOne('pg_class', { relname: name, relnamespace: schema }) !== null;
}

async function readElements(context: CommandContext, statement: CreateStmt, name: string): Promise<Draft> {
  const columns: DraftColumn[] = [];
  const likes: LikeSource[] = [];
  const checks: Constraint[] = [];
  const keys: Constraint[] = [];
  const foreignKeys: Constraint[] = [];
  const ofType = statement.ofTypename ? typedColumns(context, statement, columns) : 0;
  for (const element of [...(statement.tableElts ?? []), ...(statement.constraints ?? [])]) {
    const definition = nodeAs(element, 'ColumnDef');
    const like = nodeAs(element, 'TableLikeClause');
    if (definition) {
      const typed = ofType === 0 ? undefined : columns.findIndex((column) => column.spec.name === definition.colname);
      if (typed !== undefined) {
        mergeTypedColumn(context, columns, typed, { definition, name });
        const merged = columns[typed]?.parts;
        if (merged) sortInto(merged, { checks, keys, foreignKeys });
        continue;
      }
      const parts = readColumn(context, definition, name);
      sortInto(parts, { checks, keys, foreignKeys });
      columns.push({ spec: columnSpec(parts), parts, inheritedDefault: null, like: null });
    } else if (like) {
      const source = await readLike(context, like);
      columns.push(...source.columns.map((column) => ({ ...column, like: source })));
      likes.push({ ...source, firstColumn: columns.length - source.columns.length });
    } else {
      const constraint = nodeOf(element, 'Constraint');
      if (constraint.contype === 'CONSTR_CHECK') checks.push(constraint);
      else if (constraint.contype === 'CONSTR_FOREIGN') foreignKeys.push(constraint);
      else if (constraint.contype === 'CONSTR_PRIMARY' || constraint.contype === 'CONSTR_UNIQUE') keys.push(constraint);
      else if (constraint.contype === 'CONSTR_EXCLUSION') throw notSupported('EXCLUDE constraint');
      else throw notSupported(`table constraint ${constraint.contype ?? ''}`);
    }
  }
  return { columns, checks, keys, foreignKeys, likes, ofType };
}

function sortInto(
  parts: ColumnParts,
  lists: { readonly checks: Constraint[]; readonly keys: Constraint[]; readonly foreignKeys: Constraint[] },
): void {
  lists.checks.push(...parts.checks);
  lists.keys.push(...parts.keys);
  lists.foreignKeys.push(...parts.foreignKeys);
}

/** OF type: the composite type's attributes become the columns. */
function typedColumns(context: CommandContext, statement: CreateStmt, columns: DraftColumn[]): number {
  const { type } = resolveType(context, statement.ofTypename);
  const descriptor = context.catalog.typeByOid(type);
  if (descriptor.kind !== 'c' || context.catalog.relation(descriptor.relation)?.kind !== 'c') {
    const text = context.catalog.io.names.toText('regtype', type);
    throw pgError(SqlState.wrongObjectType, `type ${text} is not a composite type`);
  }
  requireTypeUsage(context, type);
  for (const attribute of descriptor.attributes) {
    columns.push({
      spec: { ...attribute, dimensions: 0, notNull: false },
      parts: null,
      inheritedDefault: null,
      like: null,
    });
  }
  return type;
}

/** column WITH OPTIONS ... of a typed table. */
function mergeTypedColumn(
  context: CommandContext,
  columns: DraftColumn[],
  index: number,
  options: { readonly definition: NonNullable<ReturnType<typeof nodeAs<'ColumnDef'>>>; readonly name: string },
): void {
  const column = columns[index];
  const { definition, name } = options;
  if (column === undefined) {
    throw pgError(SqlState.undefinedColumn, `column "${definition.colname ?? ''}" does not exist`);
  }
  if (column.parts !== null) {
    throw pgError(SqlState.duplicateColumn, `column "${definition.colname ?? ''}" specified more than once`);
  }
  const { type, typmod, collation } = column.spec;
  const typeName = { typeOid: type, typemod: typmod, names: [], location: -1 };
  const parts = { ...readColumn(context, { ...definition, typeName }, name), collation };
  if (parts.identity !== '')
    throw pgError(SqlState.featureNotSupported, 'identity columns are not supported on typed tables');
  columns[index] = { ...column, spec: columnSpec(parts), parts };
}

/** A column definition as createRelation wants it. */
export function columnSpec(parts: ColumnParts): ColumnSpec {
  return {
    name: parts.name,
    type: parts.type,
    typmod: parts.typmod,
    collation: parts.collation,
    dimensions: parts.dimensions,
    notNull: parts.notNull,
    storage: parts.storage,
    compression: parts.compression,
    identity: parts.identity,
    generated: parts.generated ? 's' : '',
    location: parts.location,
  };
}

/** Sequences for serial and identity columns, by column position. They come before the table, as in PostgreSQL. */
export async function createSequences(
  context: CommandContext,
  columns: readonly DraftColumn[],
  table: { readonly relation: RangeVar; readonly target: CreationTarget; readonly name: string },
): Promise<ReadonlyMap<number, number>> {
  const sequences = new Map<number, number>();
  for (const [index, column] of columns.entries()) {
    const identity = column.parts?.identity || (column.like !== null ? (column.spec.identity ?? '') : '');
    if (!identity && !column.parts?.isSerial) continue;
    const options = column.parts?.sequenceOptions ?? column.like?.identityOptions(column.spec.name) ?? [];
    sequences.set(
      index + 1,
      await createColumnSequence(context, column.spec, { ...table, options, forIdentity: identity !== '' }),
    );
  }
  return sequences;
}

/** The sequence behind one serial or identity column. */
export async function createColumnSequence(
  context: CommandContext,
  column: Pick<ColumnSpec, 'name' | 'type'>,
  table: {
    readonly target: CreationTarget;
    readonly name: string;
    readonly options: readonly DefElem[];
    readonly forIdentity: boolean;
    readonly owner?: number;
  },
): Promise<number> {
  const { namespace, persistence } = table.target;
  const named = table.options.find((def) => def.defname === 'sequence_name');
  const parts = { name1: table.name, name2: column.name, label: 'seq' };
  const names = nodeAs(named?.arg, 'List')?.items?.map((item) => nodeAs(item, 'String')?.sval ?? '') ?? [];
  const sequenceName = names.at(-1) ?? chooseRelationName(context, parts, namespace.oid, false);
  const schema = names.length > 1 ? (names.at(-2) as string) : namespace.name;
  const typeOption = table.options.some((def) => def.defname === 'as')
    ? []
    : [{ defname: 'as', arg: { TypeName: { typeOid: column.type, typemod: -1, names: [] } }, location: -1 } as DefElem];
  return createSequence(context, {
    relation: {
      relname: sequenceName,
      relpersistence: persistence,
      inh: true,
      ...(persistence === 't' ? {} : { schemaname: schema }),
    },
    options: [
      ...typeOption,
      ...table.options.filter((def) => !['sequence_name', 'logged', 'unlogged'].includes(def.defname ?? '')),
    ],
    ifNotExists: false,
    forIdentity: table.forIdentity,
    owner: table.owner ?? context.userId,
  });
}

/** Stores defaults and hands the sequences to their columns. */
async function storeColumnParts(
  context: CommandContext,
  relation: number,
  columns: readonly DraftColumn[],
  sequences: ReadonlyMap<number, number>,
): Promise<void> {
  for (const [index, column] of columns.entries()) {
    const number = index + 1;
    const sequence = sequences.get(number);
    if (sequence !== undefined) await adoptSequence(context, { relation, number }, column.spec, sequence);
    await storeColumnDefault(context, { relation, number }, column);
  }
}

/** Makes a sequence the column's own; a serial column gets its default. */
export async function adoptSequence(
  context: CommandContext,
  target: { readonly relation: number; readonly number: number },
  column: Pick<ColumnSpec, 'name' | 'type' | 'identity'>,
  sequence: number,
): Promise<void> {
  const table = context.catalog.requireRelation(target.relation);
  const descriptor = context.catalog.requireRelation(sequence);
  const isIdentity = Boolean(column.identity);
  if (!isIdentity) {
    await storeDefault(context, target, nextvalExpression(context, sequence, column.type), { generated: false });
  }
  await setOwnedBy(context, descriptor, [table.schemaName, table.name, column.name], isIdentity);
}

async function storeColumnDefault(
  context: CommandContext,
  target: { readonly relation: number; readonly number: number },
  column: DraftColumn,
): Promise<void> {
  const raw = column.parts?.defaultExpr;
  const generated = column.spec.generated === 's';
  if (raw) {
    const expression = bindDefault(context, target, raw, generated);
    if (generated || !isNullConst(expression)) await storeDefault(context, target, expression, { generated });
  } else if (column.inheritedDefault !== null) {
    const expression = expressionFromJson(column.inheritedDefault);
    await storeDefault(context, target, expression, { generated });
  }
}

async function storeConstraints(
  context: CommandContext,
  relation: number,
  draft: Draft,
  parents: ParentMerge,
): Promise<void> {
  const taken: string[] = draft.checks.flatMap((check) => (check.conname ? [check.conname] : []));
  for (const check of parents.checks) await storeCheck(context, relation, check);
  const stored = new Set<string>();
  for (const constraint of draft.checks) {
    const spec = bindCheck(context, relation, constraint);
    // A new table has no rows to check, so NOT VALID means nothing here.
    const inherited = parents.checks.some((check) => check.name === spec.name);
    if (inherited) continue;
    if (constraint.conname && stored.has(constraint.conname))
      throw pgError(SqlState.duplicateObject, `check constraint "${constraint.conname}" already exists`);
    if (constraint.conname) stored.add(constraint.conname);
    const { name } = await storeCheck(
      context,
      relation,
      { ...spec, validated: true },
      { takenNames: taken, allowMerge: true },
    );
    taken.push(name);
  }
  const table = context.catalog.requireRelation(relation);
  for (const key of keyStatements(table, draft.keys)) await createKey(context, relation, key);
  for (const constraint of draft.foreignKeys) {
    await createForeignKey(context, relation, { ...constraint, initially_valid: true });
  }
}

/** Creates a PRIMARY KEY's or UNIQUE's index; a primary key's columns become NOT NULL. */
export async function createKey(
  context: CommandContext,
  relation: number,
  statement: Parameters<typeof resolveIndex>[2],
): Promise<number> {
  const table = context.catalog.requireRelation(relation);
  const spec = resolveIndex(context, table, statement);
  if (spec.primary) {
    for (const key of spec.keys) await setNotNull(context, relation, key.attribute, true);
  }
  const { constraint } = await createIndex(context, context.catalog.requireRelation(relation), spec);
  return constraint;
}
