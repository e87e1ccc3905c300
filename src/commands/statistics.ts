// CREATE STATISTICS and ALTER STATISTICS: the definitions of extended statistics (pg_statistic_ext).
import type { AlterStatsStmt, CreateStatsStmt } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { expressionType } from '../trees/expression-type.js';
import { expressionListFromJson, treeToJson } from '../trees/json.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { setComment } from './comment.js';
import { columnAddresses, recordDependencies, recordDependency, recordOwner, schemaAddress } from './depend.js';
import { recordExpressionDependencies } from './expression-dependencies.js';
import { mapColumns } from './like-clause.js';
import { joinedColumnNames, makeObjectName } from './naming.js';
import { lockRelationByName, objectTarget, requireNamespace } from './namespace.js';
import { findNamedOid, namedKinds } from './object-lookup.js';
import { requireObjectOwner } from './object-owner.js';
import { noticeExists, noticeMissing, requireRelationOwner, wrongKind } from './permissions.js';
import { nodeAs, nodeOf, stringList, stringOf } from './tree.js';
import { isSystemColumn } from './relation-create.js';

const kindLetters: Readonly<Record<string, string>> = { ndistinct: 'd', dependencies: 'f', mcv: 'm' };
const statisticsColumnsMax = 8;

interface NewStatistics {
  readonly name: string;
  readonly schema: number;
  readonly owner: number;
  readonly relation: number;
  readonly columns: readonly number[];
  readonly expressions: readonly Expression[];
  readonly kinds: readonly string[];
  readonly target: number | null;
}

/** CREATE STATISTICS. */
export async function createStatisticsStatement(
  statement: CreateStatsStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'CREATE STATISTICS' };
  const [from, ...others] = statement.relations ?? [];
  const named = nodeAs(from, 'RangeVar');
  if (from !== undefined && named === null) {
    throw pgError(SqlState.featureNotSupported, 'CREATE STATISTICS only supports relation names in the FROM clause');
  }
  if (named === null || others.length > 0) {
    throw pgError(SqlState.featureNotSupported, 'only a single relation is allowed in CREATE STATISTICS');
  }
  const relation = await lockRelationByName(context, named, 'ShareUpdateExclusiveLock');
  if (relation === null) return done;
  if (!'rmfp'.includes(relation.kind))
    throw wrongKind(`cannot define statistics for relation "${relation.name}"`, relation);
  requireRelationOwner(context, relation);
  const written = stringList(statement.defnames);
  const place = written.length > 0 ? await objectTarget(context, written) : null;
  const parts = readParts(context, relation, statement);
  const schema = place?.namespace.oid ?? relation.schema;
  const name = place?.name ?? chosenName(context, relation, parts, schema);
  if (context.catalog.tables.findOne('pg_statistic_ext', { stxname: name, stxnamespace: schema }) !== null) {
    if (!statement.if_not_exists) throw pgError(SqlState.duplicateObject, `statistics object "${name}" already exists`);
    noticeExists(context, 'statistics object', name);
    return done;
  }
  const kinds = statisticsKinds(statement, parts);
  await insertStatistics(context, {
    ...checkParts(parts),
    name,
    schema,
    owner: context.userId,
    relation: relation.oid,
    kinds,
    target: null,
  });
  return done;
}

interface StatisticsParts {
  readonly columns: readonly number[];
  readonly expressions: readonly Expression[];
}

function readParts(context: CommandContext, relation: RelationDescriptor, statement: CreateStatsStmt): StatisticsParts {
  const elements = (statement.exprs ?? []).map((node) => nodeOf(node, 'StatsElem'));
  if (elements.length > statisticsColumnsMax) {
    throw pgError(SqlState.tooManyColumns, `cannot have more than ${statisticsColumnsMax} columns in statistics`);
  }
  const columns: number[] = [];
  const expressions: Expression[] = [];
  for (const element of elements) {
    if (element.name) columns.push(requireColumn(context, relation, element.name));
    else if (element.expr) {
      const scope = { use: 'indexExpression', relation: relation.oid } as const;
      const expression = context.corridor.analyzeExpression(element.expr, scope, context.sourceText);
      if (expression.kind === 'Var' && expression.attno > 0) columns.push(expression.attno);
      else expressions.push(requireOrdered(context, expression));
    }
  }
  return { columns, expressions };
}

/** What PostgreSQL checks only once name and kinds are known to be right; gives the columns sorted. */
function checkParts({ columns, expressions }: StatisticsParts): StatisticsParts {
  if (columns.length < 2 && expressions.length === 0) {
    throw pgError(SqlState.invalidObjectDefinition, 'extended statistics require at least 2 columns');
  }
  if (new Set(columns).size !== columns.length) {
    throw pgError(SqlState.duplicateColumn, 'duplicate column name in statistics definition');
  }
  const texts = expressions.map((expression) => treeToJson(expression).replaceAll(/"location":-?\d+/g, ''));
  if (new Set(texts).size !== texts.length) {
    throw pgError(SqlState.duplicateColumn, 'duplicate expression in statistics definition');
  }
  return { columns: [...columns].sort((left, right) => left - right), expressions };
}

function requireColumn(context: CommandContext, relation: RelationDescriptor, name: string): number {
  const column = relation.attributes.find((attribute) => attribute.name === name && !attribute.isDropped);
  if (column === undefined && isSystemColumn(name))
    throw pgError(SqlState.featureNotSupported, 'statistics creation on system columns is not supported');
  if (column === undefined) throw pgError(SqlState.undefinedColumn, `column "${name}" does not exist`);
  if (context.catalog.defaultOpclass(column.type, 'btree') === null) {
    throw pgError(
      SqlState.featureNotSupported,
      `column "${name}" cannot be used in statistics because its type ${formatType(context, column.type)} has no default btree operator class`,
    );
  }
  return column.number;
}

function requireOrdered(context: CommandContext, expression: Expression): Expression {
  const type = expressionType(expression);
  if (context.catalog.defaultOpclass(type, 'btree') !== null) return expression;
  throw pgError(
    SqlState.featureNotSupported,
    `expression cannot be used in multivariate statistics because its type ${formatType(context, type)} has no default btree operator class`,
  );
}

function statisticsKinds(statement: CreateStatsStmt, parts: StatisticsParts): string[] {
  const written = (statement.stat_types ?? []).map(stringOf);
  const single = parts.columns.length === 0 && parts.expressions.length === 1;
  if (single && written.length > 0) {
    throw pgError(
      SqlState.invalidParameterValue,
      'when building statistics on a single expression, statistics kinds may not be specified',
    );
  }
  const letters = written.map((kind) => {
    const letter = kindLetters[kind];
    if (letter === undefined) throw pgError(SqlState.syntaxError, `unrecognized statistics kind "${kind}"`);
    return letter;
  });
  const wanted =
    written.length > 0 ? ['d', 'f', 'm'].filter((letter) => letters.includes(letter)) : single ? [] : ['d', 'f', 'm'];
  return parts.expressions.length > 0 ? [...wanted, 'e'] : wanted;
}

function chosenName(
  context: CommandContext,
  relation: RelationDescriptor,
  parts: StatisticsParts,
  schema: number,
): string {
  const columns = parts.columns.map((number) => relation.attributes[number - 1]?.name ?? '');
  const names = joinedColumnNames([...columns, ...parts.expressions.map(() => 'expr')]);
  for (let pass = 0; ; pass++) {
    const name = makeObjectName(relation.name, names, pass === 0 ? 'stat' : `stat${pass}`);
    if (context.catalog.tables.findOne('pg_statistic_ext', { stxname: name, stxnamespace: schema }) === null)
      return name;
  }
}

async function insertStatistics(context: CommandContext, made: NewStatistics): Promise<number> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_statistic_ext');
  await tables.insert(context.transaction, 'pg_statistic_ext', {
    oid,
    stxrelid: made.relation,
    stxname: made.name,
    stxnamespace: made.schema,
    stxowner: made.owner,
    stxkeys: made.columns,
    stxstattarget: made.target,
    stxkind: made.kinds,
    stxexprs: made.expressions.length > 0 ? treeToJson(made.expressions) : null,
  });
  const address = objectAddress(ClassOid.statisticExt, oid);
  await recordDependencies(context, address, columnAddresses(made.relation, made.columns), 'a');
  for (const expression of made.expressions) {
    await recordExpressionDependencies(context, address, expression, {
      relation: made.relation,
      type: 'n',
      selfType: 'a',
    });
  }
  await recordDependency(context, address, schemaAddress(made.schema), 'n');
  await recordOwner(context, ClassOid.statisticExt, oid, made.owner);
  return oid;
}

/** LIKE ... INCLUDING STATISTICS. */
export async function copyStatistics(
  context: CommandContext,
  source: number,
  relation: number,
  map: ReadonlyMap<number, number>,
  withComments: boolean,
): Promise<void> {
  const table = context.catalog.requireRelation(relation);
  for (const { row } of context.catalog.tables.find('pg_statistic_ext', { stxrelid: source })) {
    const columns = row.stxkeys.map((number) => map.get(number) ?? number);
    const stored = row.stxexprs === null ? [] : expressionListFromJson(row.stxexprs);
    const expressions = stored.map((expression) => mapColumns(expression, map, ''));
    const name = chosenName(context, table, { columns, expressions }, table.schema);
    const made = {
      name,
      schema: table.schema,
      owner: context.userId,
      relation,
      columns,
      expressions,
      kinds: row.stxkind,
      target: row.stxstattarget,
    };
    const oid = await insertStatistics(context, made);
    const key = { objoid: row.oid, classoid: ClassOid.statisticExt, objsubid: 0 };
    const comment = withComments ? context.catalog.tables.findOne('pg_description', key)?.row.description : undefined;
    if (comment !== undefined) await setComment(context, objectAddress(ClassOid.statisticExt, oid), comment);
  }
}

const targetMax = 10000;

/** ALTER STATISTICS ... SET STATISTICS. */
export async function alterStatisticsStatement(
  statement: AlterStatsStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'ALTER STATISTICS' };
  const kind = namedKinds.OBJECT_STATISTIC_EXT;
  if (kind === undefined) throw notSupported('ALTER STATISTICS');
  const parts = stringList(statement.defnames);
  if (parts.length > 1) requireNamespace(context, parts[0] as string);
  const oid = findNamedOid(context, kind, parts);
  if (oid === null) {
    const text = `statistics object "${parts.join('.')}"`;
    if (!statement.missing_ok) throw pgError(SqlState.undefinedObject, `${text} does not exist`);
    noticeMissing(context, text);
    return done;
  }
  requireObjectOwner(context, objectAddress(ClassOid.statisticExt, oid), null);
  const entry = context.catalog.tables.findOne('pg_statistic_ext', { oid });
  const wanted = nodeAs(statement.stxstattarget as never, 'Integer')?.ival ?? (statement.stxstattarget ? 0 : null);
  if (entry !== null) {
    await context.catalog.tables.update(context.transaction, 'pg_statistic_ext', entry, {
      stxstattarget: checkedTarget(context, wanted),
    });
  }
  return done;
}

/** A statistics target: -1 is the default (null); above 10000 is lowered with a warning. */
export function checkedTarget(context: CommandContext, target: number | null): number | null {
  if (target === null || target === -1) return null;
  if (target < 0) throw pgError(SqlState.invalidParameterValue, `statistics target ${target} is too low`);
  if (target <= targetMax) return target;
  context.notice({
    severity: 'WARNING',
    code: SqlState.invalidParameterValue,
    message: `lowering statistics target to ${targetMax}`,
    fields: {},
  });
  return targetMax;
}
