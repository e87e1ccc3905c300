// Makes one index from its resolved definition: catalog rows, dependencies, the owning constraint's row, entries for the
// rows that are there. CREATE INDEX, PRIMARY KEY and UNIQUE, LIKE INCLUDING INDEXES and ALTER TYPE's rebuild end here.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { expressionTypmod, expressionType } from '../trees/expression-type.js';
import { treeToJson } from '../trees/json.js';
import type { CommandContext } from './api.js';
import { buildIndexEntries } from './index-build.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { requireColumnType } from './column-type.js';
import { columnAddresses, recordDependencies, recordDependency } from './depend.js';
import { insertConstraint } from './constraint-row.js';
import { recordExpressionDependencies } from './expression-dependencies.js';
import { chooseIndexColumnNames } from './naming.js';
import { requireTypeUsage } from './permissions.js';
import { attributeRow, classRow, requireFreeRelationName, type ColumnSpec } from './relation-create.js';

/** A resolved index definition. */
export interface IndexSpec {
  readonly name: string;
  readonly accessMethod: { readonly oid: number; readonly name: string };
  readonly keys: readonly IndexKeySpec[];
  /** INCLUDE columns. */
  readonly includes: readonly number[];
  readonly unique: boolean;
  readonly primary: boolean;
  readonly nullsNotDistinct: boolean;
  readonly predicate: Expression | null;
  readonly options: readonly string[] | null;
  /** Set for PRIMARY KEY, UNIQUE and EXCLUDE. */
  readonly constraint: IndexConstraintSpec | null;
  readonly tablespace: number;
}
export interface IndexConstraintSpec {
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}
export interface IndexKeySpec {
  /** 0: `expression`. */
  readonly attribute: number;
  readonly expression: Expression | null;
  /** Wanted column name; null lets the index number it. */
  readonly name: string | null;
  readonly collation: number;
  readonly opclass: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

const descendingBit = 1;
const nullsFirstBit = 2;

/** Creates the index and fills it; returns its oid and the constraint's (0 without one). `concurrently`: not valid and
 *  not filled yet. */
export async function createIndex(
  context: CommandContext,
  table: RelationDescriptor,
  spec: IndexSpec,
  options: { readonly concurrently?: boolean } = {},
): Promise<{ readonly index: number; readonly constraint: number }> {
  const { tables } = context.catalog;
  await requireFreeRelationName(context, spec.name, table.schema);
  if (spec.constraint && tables.find('pg_constraint', { conrelid: table.oid, conname: spec.name }).length > 0) {
    throw pgError(SqlState.duplicateObject, `constraint "${spec.name}" for relation "${table.name}" already exists`);
  }
  const oid = tables.newOid('pg_class');
  await insertIndexRelation(context, table, spec, oid);
  await insertIndexRow(context, table, spec, { oid, isValid: !options.concurrently });
  const constraint = spec.constraint ? await insertIndexConstraint(context, table, spec, oid) : 0;
  await recordIndexDependencies(context, { table: table.oid, index: oid, constraint }, spec);
  await markTableIndexed(context, table.oid);
  if (!options.concurrently) await buildIndexEntries(context, table.oid, oid);
  return { index: oid, constraint };
}

async function insertIndexRelation(
  context: CommandContext,
  table: RelationDescriptor,
  spec: IndexSpec,
  oid: number,
): Promise<void> {
  const { tables } = context.catalog;
  const columns = indexColumns(context, table, spec);
  const row = classRow(
    {
      name: spec.name,
      schema: table.schema,
      kind: 'i',
      persistence: table.persistence,
      owner: table.owner,
      columns,
      options: spec.options,
      accessMethod: spec.accessMethod.oid,
      tablespace: spec.tablespace,
    },
    { oid, rowType: 0, acl: null },
  );
  await tables.insert(context.transaction, 'pg_class', row);
  for (const [index, column] of columns.entries()) {
    await tables.insert(context.transaction, 'pg_attribute', attributeRow(context, oid, index + 1, column));
  }
}

function indexColumns(context: CommandContext, table: RelationDescriptor, spec: IndexSpec): ColumnSpec[] {
  const names = chooseIndexColumnNames([
    ...spec.keys.map((key) => key.name ?? (key.attribute === 0 ? null : attributeOf(table, key.attribute).name)),
    ...spec.includes.map((number) => attributeOf(table, number).name),
  ]);
  const keys = spec.keys.map((key, index): ColumnSpec => {
    const source = key.attribute === 0 ? null : attributeOf(table, key.attribute);
    const type = source?.type ?? expressionType(key.expression as Expression);
    if (source === null) {
      requireColumnType(context, { name: names[index] as string, type, collation: key.collation });
      requireTypeUsage(context, type);
    }
    const opclassType = context.catalog.opclass(key.opclass)?.keyType ?? 0;
    const keyType = spec.accessMethod.name === 'hash' ? TypeOid.int4 : isPolymorphic(opclassType) ? 0 : opclassType;
    const column = { name: names[index] as string, collation: key.collation, notNull: false };
    if (keyType !== 0 && keyType !== type) return { ...column, type: keyType, typmod: -1, dimensions: 0 };
    return {
      ...column,
      type,
      typmod: source?.typmod ?? expressionTypmod(key.expression as Expression),
      dimensions: source ? dimensionsOf(context, table.oid, source.number) : 0,
      ...(source ? { storage: source.storage, compression: source.compression } : {}),
    };
  });
  const includes = spec.includes.map((number, index): ColumnSpec => {
    const source = attributeOf(table, number);
    const name = names[spec.keys.length + index] as string;
    return {
      name,
      type: source.type,
      typmod: source.typmod,
      collation: 0,
      dimensions: dimensionsOf(context, table.oid, number),
      notNull: false,
      storage: source.storage,
      compression: source.compression,
    };
  });
  return [...keys, ...includes];
}

function dimensionsOf(context: CommandContext, table: number, number: number): number {
  return context.catalog.tables.findOne('pg_attribute', { attrelid: table, attnum: number })?.row.attndims ?? 0;
}

/** anyelement, anyarray, ... as an operator class's key type stand for the column's own type. */
function isPolymorphic(type: number): boolean {
  return [2276, 2277, 2283, 2776, 3500, 3831, 4537].includes(type);
}

function attributeOf(table: RelationDescriptor, number: number): RelationDescriptor['attributes'][number] {
  const attribute = table.attributes[number - 1];
  if (attribute === undefined) throw new Error(`invariant broken: no attribute ${number} in ${table.name}`);
  return attribute;
}

async function insertIndexRow(
  context: CommandContext,
  table: RelationDescriptor,
  spec: IndexSpec,
  { oid, isValid }: { readonly oid: number; readonly isValid: boolean },
): Promise<void> {
  const expressions = spec.keys.filter((key) => key.attribute === 0).map((key) => key.expression as Expression);
  const option = (key: IndexKeySpec): number =>
    (key.descending ? descendingBit : 0) | (key.nullsFirst ? nullsFirstBit : 0);
  await context.catalog.tables.insert(context.transaction, 'pg_index', {
    indexrelid: oid,
    indrelid: table.oid,
    indnatts: spec.keys.length + spec.includes.length,
    indnkeyatts: spec.keys.length,
    indisunique: spec.unique,
    indnullsnotdistinct: spec.nullsNotDistinct,
    indisprimary: spec.primary,
    indisexclusion: false,
    indimmediate: spec.constraint === null || !spec.constraint.deferrable,
    indisclustered: false,
    indisvalid: isValid,
    indcheckxmin: false,
    indisready: true,
    indislive: true,
    indisreplident: false,
    indkey: [...spec.keys.map((key) => key.attribute), ...spec.includes],
    indcollation: spec.keys.map((key) => key.collation),
    indclass: spec.keys.map((key) => key.opclass),
    indoption: spec.keys.map(option),
    indexprs: expressions.length === 0 ? null : treeToJson(expressions),
    indpred: spec.predicate === null ? null : treeToJson(spec.predicate),
  });
}

async function insertIndexConstraint(
  context: CommandContext,
  table: RelationDescriptor,
  spec: IndexSpec,
  index: number,
): Promise<number> {
  const oid = await insertConstraint(context, {
    name: spec.name,
    schema: table.schema,
    kind: spec.primary ? 'p' : 'u',
    relation: table.oid,
    index,
    deferrable: spec.constraint?.deferrable ?? false,
    initiallyDeferred: spec.constraint?.initiallyDeferred ?? false,
    keys: spec.keys.map((key) => key.attribute),
    includes: spec.includes,
    noInherit: true,
  });
  await recordDependency(context, objectAddress(ClassOid.class, index), objectAddress(ClassOid.constraint, oid), 'i');
  return oid;
}

async function recordIndexDependencies(
  context: CommandContext,
  oids: { readonly table: number; readonly index: number; readonly constraint: number },
  spec: IndexSpec,
): Promise<void> {
  const address = objectAddress(ClassOid.class, oids.index);
  const columns = [...spec.keys.map((key) => key.attribute).filter((number) => number !== 0), ...spec.includes];
  if (oids.constraint === 0 && columns.length > 0) {
    await recordDependencies(context, address, columnAddresses(oids.table, columns), 'a');
  }
  const collations = spec.keys
    .filter((key) => key.collation !== 0)
    .map((key) => objectAddress(ClassOid.collation, key.collation));
  await recordDependencies(context, address, collations, 'n');
  await recordDependencies(
    context,
    address,
    spec.keys.map((key) => objectAddress(ClassOid.opclass, key.opclass)),
    'n',
  );
  const expressions = spec.keys.flatMap((key) => (key.expression ? [key.expression] : []));
  for (const tree of [expressions, spec.predicate ? [spec.predicate] : []]) {
    await recordExpressionDependencies(context, address, tree, {
      relation: oids.table,
      type: 'n',
      selfType: 'a',
    });
  }
  // An index on constants alone would outlive its table otherwise.
  if (oids.constraint === 0 && columns.length === 0) {
    await recordDependency(context, address, objectAddress(ClassOid.class, oids.table), 'a');
  }
}

async function markTableIndexed(context: CommandContext, table: number): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid: table });
  if (entry !== null && !entry.row.relhasindex) {
    await tables.updateNewest(context.transaction, 'pg_class', entry, { relhasindex: true });
  }
}
