// CREATE [OR REPLACE] VIEW, and the _RETURN rule that views and materialized views keep their query in.
import type { DefElem, Node, ViewStmt } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { TargetEntry } from '../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod } from '../trees/expression-type.js';
import { treeToJson } from '../trees/json.js';
import type { Query } from '../trees/query.js';
import { forEachSubquery } from '../trees/walk.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { forgetDependencies, recordDependencies, recordDependency } from './depend.js';
import { queryReferences } from './expression-dependencies.js';
import { relationTarget } from './namespace.js';
import { requireRelationOwner } from './permissions.js';
import { createRelation, insertAttribute, type ColumnSpec } from './relation-create.js';
import { requireNotInUse } from './relation-file.js';
import { mergeOptions } from './relation-options.js';
import { defElems, defText, stringList } from './tree.js';
import { whyNotUpdatable } from './view-updatable.js';

/** CREATE VIEW. */
export async function viewStatement(statement: ViewStmt, context: CommandContext): Promise<CommandResult> {
  await createView(statement, context);
  return { kind: 'done', tag: 'CREATE VIEW' };
}

async function createView(statement: ViewStmt, context: CommandContext): Promise<void> {
  const query = withAliases(await lockedViewQuery(context, statement.query), stringList(statement.aliases));
  const options = viewOptions(statement, query);
  if (statement.view?.relpersistence === 'u') {
    throw pgError(SqlState.syntaxError, 'views cannot be unlogged because they do not have storage');
  }
  const name = statement.view?.relname ?? '';
  const isTemporary = statement.view?.relpersistence !== 't' && usesTemporaryRelation(context, query);
  if (isTemporary) {
    const message = `view "${name}" will be a temporary view`;
    context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
  }
  const target = await relationTarget(context, { ...statement.view, ...(isTemporary ? { relpersistence: 't' } : {}) });
  const key = { relname: name, relnamespace: target.namespace.oid };
  const existing = statement.replace ? context.catalog.tables.findOne('pg_class', key) : null;
  const columns = queryColumns(query);
  if (existing !== null) {
    await replaceView(context, existing.row.oid, { columns, options, query });
    return;
  }
  const oid = await createRelation(context, {
    name,
    schema: target.namespace.oid,
    kind: 'v',
    persistence: target.persistence,
    owner: context.userId,
    columns,
    options,
  });
  await storeViewQuery(context, oid, query);
}

/** A view's query, bound while its relations are locked: what they are stays so until the view depends on them. */
export async function lockedViewQuery(context: CommandContext, node: Node | undefined): Promise<Query> {
  for (;;) {
    const query = bindViewQuery(context, node);
    if (!(await context.corridor.lock(query))) return query;
  }
}

/** Binds a view's query and refuses what views can't contain. */
function bindViewQuery(context: CommandContext, node: Node | undefined): Query {
  if (node === undefined) throw new Error('invariant broken: view without a query');
  if ('SelectStmt' in node && node.SelectStmt.intoClause) {
    throw pgError(SqlState.featureNotSupported, 'views must not contain SELECT INTO');
  }
  const statement = context.corridor.analyzeStatement(node, context.sourceText, []);
  if (statement.kind !== 'query') throw new Error('invariant broken: a view is one query');
  const { query } = statement;
  if (query.commandType !== 'select')
    throw pgError(SqlState.featureNotSupported, 'views must not contain data-modifying statements in WITH');
  if (query.hasModifyingCte) {
    throw pgError(SqlState.featureNotSupported, 'views must not contain data-modifying statements in WITH');
  }
  return query;
}

function viewOptions(statement: ViewStmt, query: Query): readonly string[] | null {
  const options = defElems(statement.options);
  const check = statement.withCheckOption;
  const all: DefElem[] = [...options];
  if (check === 'LOCAL_CHECK_OPTION' || check === 'CASCADED_CHECK_OPTION') {
    const value = check === 'LOCAL_CHECK_OPTION' ? 'local' : 'cascaded';
    all.push({ defname: 'check_option', arg: { String: { sval: value } }, location: -1 });
  }
  const hasCheck = all.some((def) => def.defname === 'check_option' && defText(def) !== null);
  if (hasCheck) {
    const reason = whyNotUpdatable(query);
    if (reason !== null) {
      throw pgError(
        SqlState.featureNotSupported,
        'WITH CHECK OPTION is supported only on automatically updatable views',
        { hint: reason },
      );
    }
  }
  return mergeOptions('view', null, all, { reset: false });
}

/** Column aliases over the query's output names. Throws 42601 for too many. */
export function withAliases(query: Query, aliases: readonly string[], command = 'CREATE VIEW'): Query {
  if (aliases.length === 0) return query;
  const visible = query.targetList.filter((entry) => !entry.junk);
  if (aliases.length > visible.length) {
    throw pgError(
      SqlState.syntaxError,
      command === 'CREATE VIEW'
        ? 'CREATE VIEW specifies more column names than columns'
        : 'too many column names were specified',
    );
  }
  let position = 0;
  const targetList = query.targetList.map((entry): TargetEntry => {
    if (entry.junk) return entry;
    const name = aliases[position++];
    return name === undefined ? entry : { ...entry, name };
  });
  return { ...query, targetList };
}

/** A query's output columns as columns of a relation. */
export function queryColumns(query: Query): ColumnSpec[] {
  return query.targetList
    .filter((entry) => !entry.junk)
    .map((entry) => ({
      name: entry.name ?? '?column?',
      type: expressionType(entry.expr),
      typmod: expressionTypmod(entry.expr),
      collation: expressionCollation(entry.expr),
      dimensions: 0,
      notNull: false,
    }));
}

/** True where a query reads a temporary relation, itself or through a view. */
export function usesTemporaryRelation(context: CommandContext, query: Query): boolean {
  const isTemporary = query.rangeTable.some(
    (rte) => rte.kind === 'relation' && context.catalog.relation(rte.relation)?.persistence === 't',
  );
  if (isTemporary) return true;
  let found = false;
  forEachSubquery(query, (subquery) => {
    found ||= usesTemporaryRelation(context, subquery);
  });
  return found;
}

interface NewView {
  readonly columns: readonly ColumnSpec[];
  readonly options: readonly string[] | null;
  readonly query: Query;
}

async function replaceView(context: CommandContext, oid: number, view: NewView): Promise<void> {
  const { tables } = context.catalog;
  await context.transaction.lockRelation(oid, 'AccessExclusiveLock');
  const relation = context.catalog.requireRelation(oid);
  requireRelationOwner(context, relation);
  if (relation.kind !== 'v') throw pgError(SqlState.wrongObjectType, `"${relation.name}" is not a view`);
  requireNotInUse(context, relation, 'CREATE OR REPLACE VIEW');
  checkReplacedColumns(context, relation, view.columns);
  for (const [index, column] of view.columns.slice(relation.attributes.length).entries()) {
    const number = relation.attributes.length + index + 1;
    await insertAttribute(context, { relation: oid, number, column, recordTypes: true });
  }
  const entry = tables.findOne('pg_class', { oid });
  if (entry !== null) {
    await tables.update(context.transaction, 'pg_class', entry, {
      relnatts: view.columns.length,
      reloptions: view.options,
    });
  }
  await storeViewQuery(context, oid, view.query);
}

function checkReplacedColumns(
  context: CommandContext,
  relation: RelationDescriptor,
  columns: readonly ColumnSpec[],
): void {
  const refuse = (text: string, hint?: string): Error =>
    pgError(SqlState.invalidTableDefinition, text, hint ? { hint } : {});
  if (columns.length < relation.attributes.length) throw refuse('cannot drop columns from view');
  for (const [index, old] of relation.attributes.entries()) {
    const column = columns[index] as ColumnSpec;
    if (old.name !== column.name) {
      throw refuse(
        `cannot change name of view column "${old.name}" to "${column.name}"`,
        'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
      );
    }
    if (old.type !== column.type || old.typmod !== column.typmod) {
      throw refuse(
        `cannot change data type of view column "${old.name}" from ${typeText(context, old)} to ${typeText(context, column)}`,
      );
    }
    if (old.collation !== column.collation) {
      const collation = (oid: number): string => context.catalog.collation(oid)?.name ?? '';
      throw refuse(
        `cannot change collation of view column "${old.name}" from "${collation(old.collation)}" to "${collation(column.collation)}"`,
      );
    }
  }
}

function typeText(context: CommandContext, column: { readonly type: number; readonly typmod: number }): string {
  return formatType(context, column.type, column.typmod);
}

/** Stores a view's query as its _RETURN rule, in place of an old one. */
export async function storeViewQuery(context: CommandContext, relation: number, query: Query): Promise<void> {
  const { tables } = context.catalog;
  const existing = tables.findOne('pg_rewrite', { ev_class: relation, rulename: '_RETURN' });
  const action = treeToJson(query);
  const oid = existing?.row.oid ?? tables.newOid('pg_rewrite');
  const rule = objectAddress(ClassOid.rewrite, oid);
  if (existing !== null) {
    await forgetDependencies(context, rule);
    await tables.update(context.transaction, 'pg_rewrite', existing, { ev_action: action });
  } else {
    await tables.insert(context.transaction, 'pg_rewrite', {
      oid,
      rulename: '_RETURN',
      ev_class: relation,
      ev_type: '1',
      ev_enabled: 'O',
      is_instead: true,
      ev_qual: '<>',
      ev_action: action,
    });
  }
  await recordDependency(context, rule, objectAddress(ClassOid.class, relation), 'i');
  await recordDependencies(context, rule, queryReferences(context, query), 'n');
  const entry = tables.findOne('pg_class', { oid: relation });
  if (entry !== null && !entry.row.relhasrules) {
    await tables.update(context.transaction, 'pg_class', entry, { relhasrules: true });
  }
}
