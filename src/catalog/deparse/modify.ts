// INSERT, UPDATE, DELETE and MERGE as SQL text (bodies of SQL functions, data-modifying CTEs), laid out as PostgreSQL
// prints them. Assignments name the table's columns as they are called now.
import type { Expression, SubLink, TargetEntry } from '../../trees/expression.js';
import { walkExpression } from '../../trees/walk.js';
import type { MergeAction, OnConflict, Query, RangeTableEntry } from '../../trees/query.js';
import { quoteIdentifier } from '../../types/quote.js';
import type { DeparseContext } from './context.js';
import { deparse, relationName } from './expression.js';
import { deparseFrom } from './from.js';
import { deparseQuery, deparseTargetList, deparseValues } from './query.js';
import { indent } from './writer.js';

/** Appends the statement; its WITH clause is already there. */
export function deparseModify(context: DeparseContext, query: Query): void {
  const { writer } = context;
  writer.level += indent.standard;
  if (!writer.isFlat) writer.append(' ');
  if (query.commandType === 'insert') deparseInsert(context, query);
  else if (query.commandType === 'update') deparseUpdate(context, query);
  else if (query.commandType === 'delete') deparseDelete(context, query);
  else deparseMerge(context, query);
  if (query.returningList.length === 0) return;
  clause(context, ' RETURNING', 1);
  const returned = { ...query, targetList: query.returningList };
  deparseTargetList({ ...context, targetList: query.returningList }, returned, {
    columnNames: null,
    namesVisible: true,
  });
}

/** A clause on a line of its own. */
function clause(context: DeparseContext, text: string, extra: number): void {
  context.writer.line(text, -indent.standard, indent.standard, extra);
}

function targetOf(query: Query): RangeTableEntry & { kind: 'relation' } {
  const entry = query.rangeTable[query.resultRelation - 1];
  if (entry?.kind !== 'relation') throw new Error('invariant broken: a statement without a target');
  return entry;
}

/** [ONLY] t [alias] */
function appendTarget(context: DeparseContext, query: Query): void {
  const { writer } = context;
  const target = targetOf(query);
  writer.append(`${target.inherit ? '' : 'ONLY '}${relationName(context, target.relation)}`);
  const name = context.namespaces[0]?.names[query.resultRelation - 1] ?? null;
  if (name !== null && (target.alias || name !== context.catalog.relation(target.relation)?.name))
    writer.append(` ${quoteIdentifier(name)}`);
}

function deparseInsert(context: DeparseContext, query: Query): void {
  const { writer } = context;
  const target = targetOf(query);
  writer.append(`INSERT INTO ${relationName(context, target.relation)} `);
  if (target.alias) writer.append(`AS ${quoteIdentifier(target.alias.name)} `);
  const given = query.targetList.filter((entry) => !entry.junk);
  const values = appendColumns(context, target.relation, given, ') ');
  appendOverride(context, query.override);
  const source = query.joinTree.fromList[0];
  const entry = source?.kind === 'RangeTableRef' ? query.rangeTable[source.rtIndex - 1] : undefined;
  if (entry?.kind === 'subquery') {
    deparseQuery(context, entry.subquery, { columnNames: null, namesVisible: false });
  } else if (entry?.kind === 'values') {
    deparseValues(context, entry);
  } else if (values.length > 0) {
    clause(context, 'VALUES (', 2);
    appendList(context, values);
    writer.append(')');
  } else writer.append('DEFAULT VALUES');
  if (query.onConflict) appendOnConflict(context, query, query.onConflict);
}

/** "(a, b[1]" and the ending; gives the values assigned. */
function appendColumns(
  context: DeparseContext,
  relation: number,
  entries: readonly TargetEntry[],
  ending: string,
): Expression[] {
  if (entries.length === 0) return [];
  const { writer } = context;
  writer.append('(');
  const values = entries.map((entry, index) => {
    if (index > 0) writer.append(', ');
    return appendAssigned(context, relation, entry);
  });
  writer.append(ending);
  return values;
}

/** The column with its subscripts and fields; gives the value. */
function appendAssigned(context: DeparseContext, relation: number, entry: TargetEntry): Expression {
  const { writer } = context;
  writer.append(quoteIdentifier(context.catalog.requireRelation(relation).attributes[entry.resno - 1]?.name ?? ''));
  let node = entry.expr;
  for (;;) {
    if (node.kind === 'FieldStore') {
      const type = context.catalog.findTypeByOid(node.type);
      const field = type?.attributes.find(
        (attribute) => attribute.number === (node.kind === 'FieldStore' ? node.fieldNumbers[0] : 0),
      );
      writer.append(`.${quoteIdentifier(field?.name ?? '')}`);
      node = node.newValues[0] as Expression;
    } else if (node.kind === 'SubscriptingRef' && node.assignment !== null) {
      for (const [index, upper] of node.upper.entries()) {
        writer.append('[');
        if (node.lower.length > 0) {
          const lower = node.lower[index];
          if (lower) deparse(context, lower, false);
          writer.append(':');
        }
        if (upper) deparse(context, upper, false);
        writer.append(']');
      }
      node = node.assignment;
    } else if (node.kind === 'CoerceToDomain' && node.form === 'implicitCast') node = node.arg;
    else return node;
  }
}

function appendOverride(context: DeparseContext, override: Query['override']): void {
  if (override !== 'none') context.writer.append(`OVERRIDING ${override.toUpperCase()} VALUE `);
}

function appendList(context: DeparseContext, values: readonly Expression[]): void {
  values.forEach((value, index) => {
    if (index > 0) context.writer.append(', ');
    deparse(context, value, false);
  });
}

function appendOnConflict(context: DeparseContext, query: Query, conflict: OnConflict): void {
  const { writer, catalog } = context;
  writer.append(' ON CONFLICT');
  if (conflict.arbiterElements.length > 0) {
    const plain = { ...context, varPrefix: false };
    writer.append('(');
    conflict.arbiterElements.forEach((element, index) => {
      if (index > 0) writer.append(', ');
      const isColumn = element.expr.kind === 'Var';
      if (!isColumn) writer.append('(');
      deparse(plain, element.expr, false);
      if (!isColumn) writer.append(')');
      if (element.collation !== 0) {
        const collation = catalog.collation(element.collation);
        writer.append(` COLLATE ${quoteIdentifier(collation?.name ?? '')}`);
      }
      if (element.opclass !== 0) writer.append(` ${quoteIdentifier(catalog.opclass(element.opclass)?.name ?? '')}`);
    });
    writer.append(')');
    if (conflict.arbiterWhere) {
      clause(context, ' WHERE ', 1);
      deparse(plain, conflict.arbiterWhere, false);
    }
  } else if (conflict.constraint !== 0) {
    writer.append(` ON CONSTRAINT ${quoteIdentifier(catalog.constraint(conflict.constraint)?.name ?? '')}`);
  }
  if (conflict.action === 'nothing') {
    writer.append(' DO NOTHING');
    return;
  }
  writer.append(' DO UPDATE SET ');
  appendAssignments(context, targetOf(query).relation, conflict.set);
  if (!conflict.where) return;
  clause(context, ' WHERE ', 1);
  deparse(context, conflict.where, false);
}

function deparseUpdate(context: DeparseContext, query: Query): void {
  context.writer.append('UPDATE ');
  appendTarget(context, query);
  context.writer.append(' SET ');
  appendAssignments(context, targetOf(query).relation, query.targetList);
  deparseFrom(context, query);
  appendWhere(context, query);
}

function appendWhere(context: DeparseContext, query: Query): void {
  if (!query.joinTree.quals) return;
  clause(context, ' WHERE ', 1);
  deparse(context, query.joinTree.quals, false);
}

/** a = 1, b[2] = 3, (c, d) = (SELECT ...) */
function appendAssignments(context: DeparseContext, relation: number, list: readonly TargetEntry[]): void {
  const { writer } = context;
  const entries = list.filter((entry) => !entry.junk);
  for (let at = 0; at < entries.length; at++) {
    const entry = entries[at] as TargetEntry;
    if (at > 0) writer.append(', ');
    const link = rowSource(list, entry.expr);
    if (link === null) {
      const value = appendAssigned(context, relation, entry);
      writer.append(' = ');
      deparse(context, value, false);
      continue;
    }
    const group = [entry];
    while (at + 1 < entries.length && rowSource(list, (entries[at + 1] as TargetEntry).expr) === link)
      group.push(entries[++at] as TargetEntry);
    appendColumns(context, relation, group, ') = ');
    deparse(context, link, false);
  }
}

/** A row assignment's Params number the sub-SELECT in their upper half, its column in the lower. */
const columnsPerLink = 65536;

/** The sub-SELECT that a part of a row assignment comes from; null for other assignments. */
function rowSource(list: readonly TargetEntry[], expression: Expression): SubLink | null {
  let id = 0;
  walkExpression(expression, (node) => {
    if (node.kind === 'Param' && node.paramKind === 'sublink') id = Math.trunc(node.id / columnsPerLink);
    return undefined;
  });
  if (id === 0) return null;
  for (const { expr, junk } of list) {
    if (junk && expr.kind === 'SubLink' && expr.linkType === 'multiexpr' && expr.id === id) return expr;
  }
  return null;
}

function deparseDelete(context: DeparseContext, query: Query): void {
  context.writer.append('DELETE FROM ');
  appendTarget(context, query);
  deparseFrom(context, query, ' USING ');
  appendWhere(context, query);
}

function deparseMerge(context: DeparseContext, query: Query): void {
  context.writer.append('MERGE INTO ');
  appendTarget(context, query);
  deparseFrom(context, query, ' USING ');
  clause(context, ' ON ', 2);
  if (query.mergeJoinCondition) deparse(context, query.mergeJoinCondition, false);
  const distinguishes = query.mergeActions.some(({ match }) => match === 'notMatchedBySource');
  for (const action of query.mergeActions) appendAction(context, targetOf(query).relation, action, distinguishes);
}

function appendAction(context: DeparseContext, relation: number, action: MergeAction, distinguishes: boolean): void {
  const { writer } = context;
  clause(context, ' WHEN ', 2);
  const byTarget = distinguishes ? 'NOT MATCHED BY TARGET' : 'NOT MATCHED';
  const words = { matched: 'MATCHED', notMatchedBySource: 'NOT MATCHED BY SOURCE', notMatchedByTarget: byTarget };
  writer.append(words[action.match]);
  if (action.condition) {
    clause(context, ' AND ', 3);
    deparse(context, action.condition, false);
  }
  clause(context, ' THEN ', 3);
  if (action.command === 'delete') writer.append('DELETE');
  else if (action.command === 'nothing') writer.append('DO NOTHING');
  else if (action.command === 'update') {
    writer.append('UPDATE SET ');
    appendAssignments(context, relation, action.targetList);
  } else {
    writer.append('INSERT');
    const given = action.targetList.filter((entry) => !entry.junk);
    if (given.length > 0) writer.append(' ');
    const values = appendColumns(context, relation, given, ')');
    if (action.override !== 'none') writer.append(` OVERRIDING ${action.override.toUpperCase()} VALUE`);
    if (values.length === 0) writer.append(' DEFAULT VALUES');
    else {
      clause(context, ' VALUES (', 4);
      appendList(context, values);
      writer.append(')');
    }
  }
}
