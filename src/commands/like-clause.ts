// LIKE source INCLUDING ...: the columns to copy, and after the table exists the checks, indexes, comments, statistics.
import type { DefElem, TableLikeClause } from '@pgsql/types';
import type { AttributeDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { aclBit } from '../catalog/acl-text.js';

import type { Expression } from '../trees/expression.js';
import { expressionFromJson, expressionListFromJson } from '../trees/json.js';
import { mapExpressionDeep } from '../trees/walk.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { ClassOid } from './classes.js';
import { storeDefault } from './column-default.js';
import { setComment } from './comment.js';
import { storeCheck, storedCheck, setNotNull } from './constraint.js';
import { createIndex, type IndexKeySpec, type IndexSpec } from './index-create.js';
import { chooseIndexColumnNames, chooseRelationName, joinedColumnNames } from './naming.js';
import { lockRelationByName } from './namespace.js';
import { hasRelationPrivilege, permissionDenied, requireTypeUsage, wrongKind } from './permissions.js';
import { kindNoun } from './relation-kind.js';
import { identitySequence } from './sequence.js';
import type { DraftColumn } from './create-table.js';
import { copyStatistics } from './statistics.js';

const including = {
  comments: 1,
  compression: 2,
  constraints: 4,
  defaults: 8,
  generated: 16,
  identity: 32,
  indexes: 64,
  statistics: 128,
  storage: 256,
} as const;

export interface LikeSource {
  readonly relation: RelationDescriptor;
  readonly options: number;
  readonly columns: readonly DraftColumn[];
  /** Position of the first copied column in the new table, 0-based (parents' columns not counted). */
  readonly firstColumn: number;
  identityOptions(column: string): readonly DefElem[];
}

/** Reads a LIKE clause's source. */
export async function readLike(context: CommandContext, clause: TableLikeClause): Promise<LikeSource> {
  const relation = await lockRelationByName(context, clause.relation ?? {}, 'AccessShareLock', { positioned: true });
  if (relation === null) throw new Error('invariant broken: LIKE without a source');
  if (!'rvmcfp'.includes(relation.kind))
    throw wrongKind(`relation "${relation.name}" is invalid in LIKE clause`, relation, clause.relation?.location);
  if (relation.kind === 'c') requireTypeUsage(context, relation.rowType);
  else if (!hasRelationPrivilege(context, relation, aclBit.select))
    throw permissionDenied(`${kindNoun(relation)} ${relation.name}`);
  const options = clause.options ?? 0;
  const columns = relation.attributes
    .filter((attribute) => !attribute.isDropped)
    .map((attribute) => likeColumn(context, relation, attribute, options));
  return {
    relation,
    options,
    columns,
    firstColumn: 0,
    identityOptions: (column) => identityOptions(context, relation, column),
  };
}

function likeColumn(
  context: CommandContext,
  relation: RelationDescriptor,
  attribute: AttributeDescriptor,
  options: number,
): DraftColumn {
  const isGenerated = attribute.generated !== '';
  const wantsDefault = (options & (isGenerated ? including.generated : including.defaults)) !== 0;
  const wantsIdentity = attribute.identity !== '' && (options & including.identity) !== 0;
  const row = context.catalog.tables.findOne('pg_attribute', { attrelid: relation.oid, attnum: attribute.number })?.row;
  return {
    spec: {
      name: attribute.name,
      type: attribute.type,
      typmod: attribute.typmod,
      collation: attribute.collation,
      dimensions: 0,
      notNull: attribute.notNull,
      storage: options & including.storage ? attribute.storage : '',
      compression: options & including.compression ? attribute.compression : '',
      identity: wantsIdentity ? attribute.identity : '',
      generated: isGenerated && wantsDefault ? 's' : '',
    },
    parts: null,
    inheritedDefault: null,
    like: null,
  };
}

/** Options of the source's identity sequence, for the copy's. */
function identityOptions(
  context: CommandContext,
  relation: RelationDescriptor,
  columnName: string,
): readonly DefElem[] {
  const number = relation.attributes.find((attribute) => attribute.name === columnName)?.number ?? 0;
  const sequence = identitySequence(context, relation.oid, number);
  const row = context.catalog.tables.findOne('pg_sequence', { seqrelid: sequence })?.row;
  if (row === undefined) return [];
  const number8 = (defname: string, value: bigint): DefElem => ({
    defname,
    arg: { Float: { fval: String(value) } },
    location: -1,
  });
  return [
    number8('cache', row.seqcache),
    { defname: 'cycle', arg: { Boolean: { boolval: row.seqcycle } }, location: -1 },
    number8('increment', row.seqincrement),
    number8('maxvalue', row.seqmax),
    number8('minvalue', row.seqmin),
    number8('start', row.seqstart),
  ];
}

/** Attribute numbers of the source as numbers of the copy, by column name. */
function attributeMap(
  context: CommandContext,
  relation: number,
  source: RelationDescriptor,
): ReadonlyMap<number, number> {
  const table = context.catalog.requireRelation(relation);
  const map = new Map<number, number>();
  for (const attribute of source.attributes) {
    const copy = table.attributes.find((other) => other.name === attribute.name && !other.isDropped);
    if (!attribute.isDropped && copy) map.set(attribute.number, copy.number);
  }
  return map;
}

/** An expression with its columns renumbered. Throws 0A000 for a whole-row reference. */
export function mapColumns(expression: Expression, map: ReadonlyMap<number, number>, where: string): Expression {
  return mapExpressionDeep(expression, (node, level) => {
    if (node.kind !== 'Var' || node.levelsUp !== level || node.attno < 0) return undefined;
    if (node.attno === 0) {
      throw pgError(SqlState.featureNotSupported, 'cannot convert whole-row table reference', { detail: where });
    }
    return { ...node, attno: map.get(node.attno) ?? node.attno };
  });
}

/** After the table exists: defaults, checks, indexes, comments and statistics of the source. */
export async function applyLike(context: CommandContext, relation: number, source: LikeSource): Promise<void> {
  const map = attributeMap(context, relation, source.relation);
  await copyDefaults(context, relation, source, map);
  await copyChecks(context, relation, source, map);
  if (source.options & including.comments) await copyColumnComments(context, relation, source, map);
  if (source.options & including.indexes && source.relation.kind !== 'f')
    await copyIndexes(context, relation, source, map);
  if (source.options & including.statistics)
    await copyStatistics(context, source.relation.oid, relation, map, Boolean(source.options & including.comments));
}

async function copyDefaults(
  context: CommandContext,
  relation: number,
  source: LikeSource,
  map: ReadonlyMap<number, number>,
): Promise<void> {
  for (const attribute of source.relation.attributes) {
    const number = map.get(attribute.number);
    if (number === undefined || attribute.defaultExpr === null) continue;
    const generated = attribute.generated !== '';
    if ((source.options & (generated ? including.generated : including.defaults)) === 0) continue;
    const where = `Generation expression for column "${attribute.name}" contains a whole-row reference to table "${source.relation.name}".`;
    const expression = mapColumns(expressionFromJson(attribute.defaultExpr), map, where);
    await storeDefault(context, { relation, number }, expression, { generated });
  }
}

async function copyChecks(
  context: CommandContext,
  relation: number,
  source: LikeSource,
  map: ReadonlyMap<number, number>,
): Promise<void> {
  if ((source.options & including.constraints) === 0) return;
  for (const constraint of source.relation.constraints) {
    if (constraint.kind !== 'c') continue;
    const row = context.catalog.tables.findOne('pg_constraint', { oid: constraint.oid })?.row;
    const where = `Constraint "${constraint.name}" contains a whole-row reference to table "${source.relation.name}".`;
    const expression = mapColumns(storedCheck(row?.conbin ?? null), map, where);
    const { oid } = await storeCheck(context, relation, {
      name: constraint.name,
      expression,
      noInherit: constraint.noInherit,
      validated: true,
      isLocal: true,
      inheritCount: 0,
    });
    if (source.options & including.comments) await copyComment(context, ClassOid.constraint, constraint.oid, oid);
  }
}

async function copyComment(context: CommandContext, classId: number, from: number, to: number): Promise<void> {
  const key = { objoid: from, classoid: classId, objsubid: 0 };
  const row = context.catalog.tables.findOne('pg_description', key)?.row;
  if (row !== undefined) await setComment(context, { classId, objectId: to, subId: 0 }, row.description);
}

async function copyColumnComments(
  context: CommandContext,
  relation: number,
  source: LikeSource,
  map: ReadonlyMap<number, number>,
): Promise<void> {
  const key = { objoid: source.relation.oid, classoid: ClassOid.class };
  for (const { row } of context.catalog.tables.find('pg_description', key)) {
    const number = map.get(row.objsubid);
    if (number !== undefined)
      await setComment(context, { classId: ClassOid.class, objectId: relation, subId: number }, row.description);
  }
}

async function copyIndexes(
  context: CommandContext,
  relation: number,
  source: LikeSource,
  map: ReadonlyMap<number, number>,
): Promise<void> {
  for (const index of source.relation.indexes) {
    const spec = copiedIndex(context, relation, { source: source.relation, index: index.oid, map });
    if (spec.primary) for (const key of spec.keys) await setNotNull(context, relation, key.attribute, true);
    const made = await createIndex(context, context.catalog.requireRelation(relation), spec);
    if (source.options & including.comments) await copyComment(context, ClassOid.class, index.oid, made.index);
  }
}

/** The definition of an existing index for another table, with a name of its own. */
function copiedIndex(
  context: CommandContext,
  relation: number,
  from: { readonly source: RelationDescriptor; readonly index: number; readonly map: ReadonlyMap<number, number> },
): IndexSpec {
  const table = context.catalog.requireRelation(relation);
  const spec = storedIndexSpec(context, from.source, from.index);
  const move = (number: number): number => (number === 0 ? 0 : (from.map.get(number) ?? number));
  const where = `Index contains a whole-row table reference.`;
  const keys = spec.keys.map((key) => ({
    ...key,
    attribute: move(key.attribute),
    expression: key.expression ? mapColumns(key.expression, from.map, where) : null,
  }));
  const includes = spec.includes.map(move);
  const names = chooseIndexColumnNames([
    ...keys.map((key) => key.name),
    ...includes.map((number) => table.attributes[number - 1]?.name ?? null),
  ]);
  const label = spec.primary ? 'pkey' : spec.constraint ? 'key' : 'idx';
  const parts = { name1: table.name, name2: spec.primary ? null : joinedColumnNames(names), label };
  return {
    ...spec,
    keys,
    includes,
    predicate: spec.predicate ? mapColumns(spec.predicate, from.map, where) : null,
    name: chooseRelationName(context, parts, table.schema, spec.constraint !== null),
  };
}

/** An existing index's definition as createIndex takes it. */
export function storedIndexSpec(context: CommandContext, table: RelationDescriptor, oid: number): IndexSpec {
  const { tables } = context.catalog;
  const descriptor = table.indexes.find((candidate) => candidate.oid === oid);
  const relation = tables.findOne('pg_class', { oid })?.row;
  if (descriptor === undefined || relation === undefined)
    throw new Error('invariant broken: index without a descriptor');
  const expressions = descriptor.expressions === null ? [] : [...expressionListFromJson(descriptor.expressions)];
  const keys = descriptor.keys.map((key, position): IndexKeySpec => {
    const column = tables.findOne('pg_attribute', { attrelid: oid, attnum: position + 1 })?.row;
    return {
      attribute: key.attribute,
      expression: key.attribute === 0 ? (expressions.shift() ?? null) : null,
      name: column?.attname ?? null,
      collation: key.collation,
      opclass: key.opclass,
      descending: key.descending,
      nullsFirst: key.nullsFirst,
    };
  });
  const constraint = tables
    .find('pg_constraint', { conrelid: table.oid })
    .find(({ row }) => row.conindid === oid && 'pux'.includes(row.contype))?.row;
  return {
    name: descriptor.name,
    accessMethod: { oid: relation.relam, name: descriptor.accessMethod },
    keys,
    includes: descriptor.includes,
    unique: descriptor.isUnique,
    primary: descriptor.isPrimary,
    nullsNotDistinct: descriptor.nullsNotDistinct,
    predicate: descriptor.predicate === null ? null : expressionFromJson(descriptor.predicate),
    options: relation.reloptions,
    constraint: constraint ? { deferrable: constraint.condeferrable, initiallyDeferred: constraint.condeferred } : null,
    tablespace: relation.reltablespace,
  };
}
