// The innermost query level that expressions refer to, for deciding to which query an aggregate belongs.
import type { Expression } from '../../trees/expression.js';
import { someExpressionDeep } from '../../trees/walk.js';

export interface Levels {
  /** Smallest levelsUp of a Var, relative to the query of the expressions; -1: there is none. */
  readonly variable: number;
  /** Smallest levelsUp of an aggregate or GROUPING, and where it is. */
  readonly aggregate: number;
  readonly aggregateLocation: number;
}

/** Levels of all Vars and aggregates in the expressions, subqueries included (references within those don't count). */
export function levelsIn(expressions: readonly Expression[]): Levels {
  let variable = -1;
  let aggregate = -1;
  let aggregateLocation = -1;
  for (const expression of expressions) {
    someExpressionDeep(expression, (node, depth) => {
      if (node.kind === 'Var' || node.kind === 'PlaceHolderVar') {
        const level = node.levelsUp - depth;
        if (level >= 0 && (variable < 0 || level < variable)) variable = level;
      } else if (node.kind === 'Aggref' || node.kind === 'GroupingFunc') {
        const level = node.levelsUp - depth;
        if (level >= 0 && (aggregate < 0 || level < aggregate)) {
          aggregate = level;
          aggregateLocation = node.location;
        }
      }
      return false;
    });
  }
  return { variable, aggregate, aggregateLocation };
}
