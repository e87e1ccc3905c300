// Putting the parts of a query level together.
import type { FromExpr, Query } from '../../trees/query.js';
import type { Expression } from '../../trees/expression.js';
import type { ParseState } from '../parse-state.js';
import { finishRangeTable } from '../range-table.js';

/** A query of the state's range table, join list and flags; what `parts` leaves out is empty. */
export function makeQuery(state: ParseState, commandType: Query['commandType'], parts: Partial<Query>): Query {
  return {
    kind: 'Query',
    commandType,
    resultRelation: 0,
    hasAggregates: state.hasAggregates,
    hasWindowFunctions: state.hasWindowFunctions,
    hasTargetSets: state.hasTargetSets,
    hasSubLinks: state.hasSubLinks,
    hasDistinctOn: false,
    hasRecursive: false,
    hasModifyingCte: state.hasModifyingCte,
    hasForUpdate: false,
    ctes: state.ctes.map((cte) => ({ ...cte.expr, referenceCount: cte.referenceCount })),
    rangeTable: finishRangeTable(state),
    joinTree: fromExpr(state, null),
    targetList: [],
    override: 'none',
    onConflict: null,
    mergeActions: [],
    mergeJoinCondition: null,
    returningList: [],
    groupClause: [],
    groupDistinct: false,
    groupingSets: [],
    having: null,
    windowClause: [],
    distinctClause: [],
    sortClause: [],
    limitOffset: null,
    limitCount: null,
    limitWithTies: false,
    rowMarks: [],
    setOperations: null,
    constraintDependencies: [],
    ...parts,
  };
}

/** The state's join list with a condition. */
export function fromExpr(state: ParseState, quals: Expression | null): FromExpr {
  return { kind: 'FromExpr', fromList: [...state.joinList], quals };
}
