// MERGE: source, join condition, WHEN clauses with what each may see, RETURNING.
import type { MergeWhenClause } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { MergeStmt } from '../../trees/ast.js';
import type { MergeAction, Query } from '../../trees/query.js';
import { condition } from '../clauses/limit.js';
import { assignQueryCollations } from '../collations.js';
import { expressionList } from '../expressions/row.js';
import { checkConflicts, fromItem, setLateral } from '../from/from-clause.js';
import { type NamespaceItem, type ParseState, withKind } from '../parse-state.js';
import { acl } from '../range-table.js';
import { makeTarget } from '../target-entry.js';
import { analyzeWith } from './cte.js';
import { insertColumns, insertRow, overriding } from './insert.js';
import { fromExpr, makeQuery } from './make-query.js';
import { returningList, setTargetTable, type TargetTable } from './target-table.js';
import { updateTargetList } from './update.js';

const matches = {
  MERGE_WHEN_MATCHED: 'matched',
  MERGE_WHEN_NOT_MATCHED_BY_SOURCE: 'notMatchedBySource',
  MERGE_WHEN_NOT_MATCHED_BY_TARGET: 'notMatchedByTarget',
} as const;
const commands = { CMD_INSERT: 'insert', CMD_UPDATE: 'update', CMD_DELETE: 'delete' } as const;
const required = { insert: acl.insert, update: acl.update, delete: acl.delete, nothing: 0 } as const;

/** Binds a MERGE in a fresh state. */
export function analyzeMerge(state: ParseState, merge: MergeStmt): Query {
  const hasRecursive = analyzeWith(state, merge.withClause);
  if (hasRecursive) {
    throw pgError(SqlState.syntaxError, 'WITH RECURSIVE is not supported for MERGE statement');
  }
  const clauses = (merge.mergeWhenClauses ?? []).flatMap((node) =>
    'MergeWhenClause' in node ? [node.MergeWhenClause] : [],
  );
  checkReachable(clauses);
  const target = setTargetTable(state, merge.relation, {
    inherit: merge.relation?.inh === true,
    alsoSource: false,
    // Where nothing is ever done, whether rows match would still tell what the table holds.
    required: clauses.reduce((bits, clause) => bits | required[commandOf(clause)], 0) || acl.select,
  });
  checkTarget(target);
  if (merge.sourceRelation === undefined) throw new Error('invariant broken: MERGE without a source');
  const source = fromItem(state, merge.sourceRelation);
  checkNames(target.item, source.namespace);
  setLateral(source.namespace, false, true);
  state.joinList = [source.node];
  target.item.relationVisible = true;
  target.item.columnsVisible = true;
  const both = [target.item, ...source.namespace];
  state.namespace = both;
  const mergeJoinCondition = condition(state, merge.joinCondition, 'joinOn', 'JOIN/ON');
  const mergeActions = clauses.map((clause) => bindAction(state, clause, target, source.namespace));
  state.namespace = both;
  setVisible(target.item, source.namespace, true, true);
  const returning = returningList(state, merge.returningList, 'mergeReturning');
  const query = makeQuery(state, 'merge', {
    resultRelation: target.item.rtIndex,
    mergeActions,
    mergeJoinCondition,
    returningList: returning,
    joinTree: fromExpr(state, null),
  });
  assignQueryCollations(state, query);
  return query;
}

function commandOf(clause: MergeWhenClause): MergeAction['command'] {
  return commands[(clause.commandType ?? 'CMD_NOTHING') as keyof typeof commands] ?? 'nothing';
}

function checkReachable(clauses: readonly MergeWhenClause[]): void {
  const closed = new Set<string>();
  for (const clause of clauses) {
    const kind = clause.matchKind ?? 'MERGE_WHEN_MATCHED';
    if (closed.has(kind)) {
      throw pgError(SqlState.syntaxError, 'unreachable WHEN clause specified after unconditional WHEN clause');
    }
    if (clause.condition === undefined) closed.add(kind);
  }
}

function checkTarget(target: TargetTable): void {
  const { relation } = target;
  if (relation.kind !== 'r' && relation.kind !== 'p' && relation.kind !== 'v') {
    const kinds: Readonly<Record<string, string>> = { m: 'materialized views', f: 'foreign tables', S: 'sequences' };
    throw pgError(SqlState.wrongObjectType, `cannot execute MERGE on relation "${relation.name}"`, {
      detail: `This operation is not supported for ${kinds[relation.kind] ?? 'this kind of relation'}.`,
    });
  }
  if (relation.hasRules && relation.kind !== 'v') {
    throw pgError(SqlState.featureNotSupported, `cannot execute MERGE on relation "${relation.name}"`, {
      detail: 'MERGE is not supported for relations with rules.',
    });
  }
}

function checkNames(target: NamespaceItem, source: readonly NamespaceItem[]): void {
  if (!source.some((item) => item.relationVisible && item.names.name === target.names.name)) {
    checkConflicts([], source);
    return;
  }
  throw pgError(SqlState.duplicateAlias, `name "${target.names.name}" specified more than once`, {
    detail: 'The name is used both as MERGE target table and data source.',
  });
}

function setVisible(
  target: NamespaceItem,
  source: readonly NamespaceItem[],
  targetSeen: boolean,
  sourceSeen: boolean,
): void {
  target.relationVisible = targetSeen;
  target.columnsVisible = targetSeen;
  for (const item of source) {
    item.lateralOnly = !sourceSeen;
    item.lateralOk = true;
  }
}

function bindAction(
  state: ParseState,
  clause: MergeWhenClause,
  target: TargetTable,
  source: NamespaceItem[],
): MergeAction {
  const match = matches[(clause.matchKind ?? 'MERGE_WHEN_MATCHED') as keyof typeof matches];
  const command = commandOf(clause);
  state.namespace =
    match === 'notMatchedByTarget'
      ? [...source]
      : match === 'notMatchedBySource'
        ? [target.item]
        : [target.item, ...source];
  setVisible(target.item, source, true, true);
  const bound = condition(state, clause.condition, 'mergeWhen', 'WHEN');
  if (command === 'insert') {
    const columns = insertColumns(target.relation, clause.targetList);
    const values = clause.values ?? [];
    const row = values.length === 0 ? [] : withKind(state, 'valuesSingle', () => expressionList(state, values, true));
    const expressions = row.length === 0 ? [] : insertRow(state, row, target.item, columns);
    const targetList = expressions.map((expr, index) => {
      const attribute = columns[index]?.attribute;
      if (attribute === undefined) throw new Error('invariant broken: a value without a column');
      target.permissions.inserted.add(attribute.number);
      return makeTarget(expr, attribute.number, attribute.name);
    });
    return { match, command, override: overriding(clause.override), condition: bound, targetList };
  }
  const targetList = command === 'update' ? updateTargetList(state, clause.targetList ?? [], target) : [];
  return { match, command, override: 'none', condition: bound, targetList };
}
