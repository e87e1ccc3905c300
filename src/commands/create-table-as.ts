// CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW: the query's columns make the relation, its rows fill it.
import type { CreateTableAsStmt, IntoClause, Node, RefreshMatViewStmt } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { aclBit } from '../catalog/acl-text.js';
import type { NodeInstrumentation } from '../executor/api.js';
import { queryFromJson } from '../trees/json.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import { quoteQualifiedIdentifier } from '../types/quote.js';
import type { CommandContext, CommandResult, ExecutedQuery } from './api.js';
import { requireColumnType } from './column-type.js';
import { lockRelationByName, relationTarget } from './namespace.js';
import { registerOnCommit } from './on-commit.js';
import { noticeExists, requireTypeUsage, requireRelationPrivilege } from './permissions.js';
import { createRelation, type ColumnSpec } from './relation-create.js';
import { assignNewFile, rebuildIndexes, requireNotInUse } from './relation-file.js';
import { mergeOptions } from './relation-options.js';
import { loadRows } from './table-load.js';
import { openQuery } from './table-scan.js';
import { storeToastOptions } from './toast-options.js';
import { requireTablespace } from './tablespace.js';
import { defElems, stringList } from './tree.js';
import { lockedViewQuery, queryColumns, usesTemporaryRelation, storeViewQuery, withAliases } from './view.js';

/** Gets the query's plan and what was measured once the relation is filled. */
export type QueryWatcher = (planned: PlannedStatement, counts: readonly NodeInstrumentation[]) => void;

/** CREATE TABLE AS and CREATE MATERIALIZED VIEW. `bound`: the query as the analyzer bound it, where it did. */
export async function createTableAsStatement(
  statement: CreateTableAsStmt,
  context: CommandContext,
  bound: Query | null,
  watch?: QueryWatcher,
): Promise<CommandResult> {
  const into = statement.into ?? {};
  const isView = statement.objtype === 'OBJECT_MATVIEW';
  const tag = isView ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS';
  if (isView && into.rel?.relpersistence === 'u') {
    throw pgError(SqlState.featureNotSupported, 'materialized views cannot be unlogged');
  }
  const target = await relationTarget(context, into.rel ?? {});
  const name = into.rel?.relname ?? '';
  const key = { relname: name, relnamespace: target.namespace.oid };
  if (statement.if_not_exists && context.catalog.tables.findOne('pg_class', key) !== null) {
    noticeExists(context, 'relation', name);
    return { kind: 'done', tag };
  }
  const executed =
    statement.query !== undefined && 'ExecuteStmt' in statement.query
      ? await context.corridor.executed(statement.query.ExecuteStmt)
      : null;
  if (executed !== null && executed.query.commandType !== 'select')
    throw pgError(SqlState.wrongObjectType, 'prepared statement is not a SELECT');
  const source =
    executed?.query ??
    (isView ? await lockedViewQuery(context, statement.query) : sourceQuery(context, statement, bound));
  if (isView && usesTemporaryRelation(context, source))
    throw pgError(SqlState.featureNotSupported, 'materialized views must not use temporary tables or views');
  const query = withAliases(source, stringList(into.colNames), 'AS');
  const oid = await createRelation(context, {
    name,
    schema: target.namespace.oid,
    kind: isView ? 'm' : 'r',
    persistence: target.persistence,
    owner: context.userId,
    columns: checkedColumns(context, query),
    options: mergeOptions('table', null, defElems(into.options), { reset: false }),
    isPopulated: !isView || into.skipData !== true,
    tablespace: into.tableSpaceName ? requireTablespace(context, into.tableSpaceName) : 0,
  });
  await storeToastOptions(context, oid, defElems(into.options), { reset: false });
  if (isView) await storeViewQuery(context, oid, query);
  registerOnCommit(context, oid, into.onCommit);
  if (into.skipData) return { kind: 'done', tag };
  const count = await fill(context, oid, query, watch, executed);
  return { kind: 'done', tag: `SELECT ${count}` };
}

function sourceQuery(context: CommandContext, statement: CreateTableAsStmt, bound: Query | null): Query {
  if (bound !== null) return bound;
  const node = statement.query as Node;
  const types = context.parameters.map((parameter) => parameter.type);
  const first = context.corridor.analyzeStatement(withoutInto(node), context.sourceText, types);
  if (first.kind !== 'query') throw new Error('invariant broken: CREATE TABLE AS without a query');
  return first.query;
}

/** SELECT INTO's own INTO is not part of the query. */
function withoutInto(node: Node): Node {
  if (!('SelectStmt' in node) || !node.SelectStmt.intoClause) return node;
  const { intoClause: _into, ...rest } = node.SelectStmt;
  return { SelectStmt: rest };
}

function checkedColumns(context: CommandContext, query: Query): ColumnSpec[] {
  const columns = queryColumns(query);
  for (const column of columns) {
    if (context.catalog.typeByOid(column.type).kind === 'p') requireColumnType(context, column);
    requireTypeUsage(context, column.type);
  }
  return columns;
}

async function fill(
  context: CommandContext,
  oid: number,
  query: Query,
  watch: QueryWatcher | undefined,
  executed: ExecutedQuery | null,
): Promise<number> {
  context.transaction.advanceCommand();
  const [rewritten] = executed === null ? context.corridor.rewrite(query) : [];
  const planned = executed?.planned ?? (rewritten === undefined ? null : context.corridor.plan(rewritten));
  if (planned === null) return 0;
  const parameters = executed?.parameters ?? context.parameters;
  const execution = context.corridor.open(planned, parameters, watch !== undefined);
  const count = await loadRows(context, oid, execution);
  watch?.(planned, execution.instrumentation ?? []);
  return count;
}

/** Throws 42P07 where CREATE TABLE AS would find its name taken; true where IF NOT EXISTS lets it pass with a notice. */
export async function isAlreadyThere(statement: CreateTableAsStmt, context: CommandContext): Promise<boolean> {
  const target = await relationTarget(context, statement.into?.rel ?? {});
  const relname = statement.into?.rel?.relname ?? '';
  if (context.catalog.tables.findOne('pg_class', { relname, relnamespace: target.namespace.oid }) === null)
    return false;
  if (!statement.if_not_exists) throw pgError(SqlState.duplicateTable, `relation "${relname}" already exists`);
  noticeExists(context, 'relation', relname);
  return true;
}

/** REFRESH MATERIALIZED VIEW. */
export async function refreshStatement(statement: RefreshMatViewStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'REFRESH MATERIALIZED VIEW' };
  const mode = statement.concurrent ? 'ExclusiveLock' : 'AccessExclusiveLock';
  const relation = await lockRelationByName(context, statement.relation ?? {}, mode);
  if (relation === null) return done;
  requireRelationPrivilege(context, relation, aclBit.maintain);
  if (relation.kind !== 'm') {
    throw pgError(SqlState.featureNotSupported, `"${relation.name}" is not a materialized view`);
  }
  requireRefreshable(relation, statement);
  requireNotInUse(context, relation, 'REFRESH MATERIALIZED VIEW');
  const json = context.catalog.viewQuery(relation.oid);
  if (json === null) throw new Error('invariant broken: materialized view without a query');
  if (!statement.skipData) await context.corridor.lock(queryFromJson(json));
  const { tables } = context.catalog;
  await assignNewFile(context, relation.oid);
  const entry = tables.findOne('pg_class', { oid: relation.oid });
  if (entry !== null && entry.row.relispopulated === Boolean(statement.skipData)) {
    await tables.update(context.transaction, 'pg_class', entry, { relispopulated: !statement.skipData });
  }
  if (!statement.skipData) {
    const [query] = context.corridor.rewrite(queryFromJson(json));
    if (query !== undefined) await loadRows(context, relation.oid, openQuery(context, query));
  }
  await rebuildIndexes(context, relation.oid);
  return done;
}

function requireRefreshable(relation: RelationDescriptor, statement: RefreshMatViewStmt): void {
  if (!statement.concurrent) return;
  if (statement.skipData) {
    throw pgError(SqlState.syntaxError, 'CONCURRENTLY and WITH NO DATA options cannot be used together');
  }
  if (!relation.isPopulated) {
    throw pgError(
      SqlState.featureNotSupported,
      'CONCURRENTLY cannot be used when the materialized view is not populated',
    );
  }
  const usable = relation.indexes.some(
    (index) =>
      index.isUnique && index.isImmediate && index.isValid && index.predicate === null && index.expressions === null,
  );
  if (usable) return;
  const name = quoteQualifiedIdentifier(relation.schemaName, relation.name);
  throw pgError(SqlState.objectNotInPrerequisiteState, `cannot refresh materialized view "${name}" concurrently`, {
    hint: 'Create a unique index with no WHERE clause on one or more columns of the materialized view.',
  });
}

/** SELECT ... INTO is CREATE TABLE AS. */
export function selectIntoAsCreate(node: Node): CreateTableAsStmt | null {
  if (!('SelectStmt' in node) || !node.SelectStmt.intoClause) return null;
  const into: IntoClause = node.SelectStmt.intoClause;
  return { query: withoutInto(node), into, objtype: 'OBJECT_TABLE', is_select_into: true };
}
