// The join tree before anything is pulled up: a query without FROM reads one empty row, and MERGE becomes a join of its
// source with its target.
import type { JoinTreeNode, JoinType, Query } from '../../trees/query.js';

/** The query with a Result entry where its FROM is empty. */
export function ensureFrom(query: Query): Query {
  if (query.setOperations !== null || query.joinTree.fromList.length > 0) return query;
  const eref = { name: '*RESULT*', columns: [] };
  const rangeTable = [
    ...query.rangeTable,
    { kind: 'result', alias: null, eref, lateral: false, inFromClause: false } as const,
  ];
  return {
    ...query,
    rangeTable,
    joinTree: { ...query.joinTree, fromList: [{ kind: 'RangeTableRef', rtIndex: rangeTable.length }] },
  };
}

/** MERGE INTO t USING s ON c: the join whose unmatched sides the WHEN clauses ask for. */
export function transformMerge(query: Query): Query {
  if (query.commandType !== 'merge') return query;
  const byTarget = query.mergeActions.some(
    (action) => action.match === 'notMatchedByTarget' && action.command !== 'nothing',
  );
  const bySource = query.mergeActions.some(
    (action) => action.match === 'notMatchedBySource' && action.command !== 'nothing',
  );
  const needTarget = query.mergeActions.some((action) => action.match === 'notMatchedByTarget');
  const needSource = query.mergeActions.some((action) => action.match === 'notMatchedBySource');
  const joinType: JoinType =
    needTarget && needSource ? 'full' : byTarget || needTarget ? 'right' : bySource || needSource ? 'left' : 'inner';
  const target = query.viewSource ?? query.resultRelation;
  const sources = query.joinTree.fromList.filter((item) => !(item.kind === 'RangeTableRef' && item.rtIndex === target));
  const source: JoinTreeNode =
    sources.length === 1 && sources[0] !== undefined
      ? sources[0]
      : { kind: 'FromExpr', fromList: sources, quals: null };
  const eref = { name: '*MERGE*', columns: [] };
  const rangeTable = [
    ...query.rangeTable,
    {
      kind: 'join',
      joinType,
      mergedColumns: 0,
      aliasVars: [],
      leftColumns: [],
      rightColumns: [],
      usingAlias: null,
      alias: null,
      eref,
      lateral: false,
      inFromClause: true,
    } as const,
  ];
  const join: JoinTreeNode = {
    kind: 'JoinExpr',
    joinType,
    natural: false,
    left: { kind: 'RangeTableRef', rtIndex: target },
    right: source,
    usingColumns: null,
    quals: query.mergeJoinCondition,
    alias: null,
    rtIndex: rangeTable.length,
  };
  return { ...query, rangeTable, joinTree: { kind: 'FromExpr', fromList: [join], quals: query.joinTree.quals } };
}
