// Moves a subquery's range table into its parent's: indexes grow by the parent's length, at every level of nesting.
import type { Expression } from '../../trees/expression.js';
import type { FromExpr, JoinTreeNode, Query } from '../../trees/query.js';
import { mapRte, rewriteDeep, shiftLevels, shiftQueryLevels } from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';

export interface MovedRangeTable {
  /** Adjusts an expression of the subquery's own level to the new indexes (its levels stay). */
  moveExpression(expression: Expression): Expression;
  moveTree(tree: FromExpr): FromExpr;
  readonly offset: number;
}

/** Appends the subquery's range table to the parent's, references to the parent's level lowered by one. */
export function mergeRangeTable(root: PlannerInfo, subquery: Query): MovedRangeTable {
  const offset = root.rangeTable.length;
  const moveExpression = (expression: Expression): Expression => offsetIndexes(expression, offset, 0);
  const moveNode = (node: JoinTreeNode): JoinTreeNode => {
    switch (node.kind) {
      case 'RangeTableRef':
        return { ...node, rtIndex: node.rtIndex + offset };
      case 'JoinExpr':
        return {
          ...node,
          left: moveNode(node.left),
          right: moveNode(node.right),
          rtIndex: node.rtIndex === 0 ? 0 : node.rtIndex + offset,
          quals: node.quals === null ? null : shiftLevels(moveExpression(node.quals), -1),
        };
      case 'FromExpr':
        return {
          ...node,
          fromList: node.fromList.map(moveNode),
          quals: node.quals === null ? null : shiftLevels(moveExpression(node.quals), -1),
        };
    }
  };
  for (const rte of subquery.rangeTable) {
    const moved = mapRte(rte, {
      expression: (expression) => shiftLevels(moveExpression(expression), -1),
      subquery: (inner) => shiftQueryLevels(offsetQuery(inner, offset), -1, 2),
    });
    root.rangeTable.push(
      moved.kind === 'cte' && moved.cteLevelsUp > 0 ? { ...moved, cteLevelsUp: moved.cteLevelsUp - 1 } : moved,
    );
  }
  return { moveExpression, moveTree: (tree) => moveNode(tree) as FromExpr, offset };
}

function offsetIndexes(expression: Expression, offset: number, depth: number): Expression {
  const shift = (indexes: readonly number[]): readonly number[] => indexes.map((index) => index + offset);
  return rewriteDeep(
    expression,
    (node, level) => {
      if (node.kind === 'Var') {
        if (node.levelsUp !== level) return node;
        const nullingRels = node.nullingRels.length === 0 ? node.nullingRels : shift(node.nullingRels);
        return { ...node, varno: node.varno + offset, nullingRels };
      }
      if (node.kind === 'CurrentOfExpr' && level === 0) return { ...node, varno: node.varno + offset };
      if (node.kind === 'PlaceHolderVar' && node.levelsUp === level) {
        const arg = offsetIndexes(node.arg, offset, level);
        return { ...node, arg, relids: shift(node.relids), nullingRels: shift(node.nullingRels) };
      }
      return null;
    },
    depth,
  );
}

function offsetQuery(query: Query, offset: number): Query {
  const wrapper = rewriteDeep(
    {
      kind: 'SubLink',
      linkType: 'exists',
      id: 0,
      test: null,
      operatorName: [],
      subquery: query,
      arrayType: 0,
      location: -1,
    },
    (node, level) => {
      if (node.kind === 'Var') {
        return node.levelsUp === level && level > 0
          ? { ...node, varno: node.varno + offset, nullingRels: node.nullingRels.map((index) => index + offset) }
          : node;
      }
      if (node.kind === 'PlaceHolderVar' && node.levelsUp === level) {
        return {
          ...node,
          arg: offsetIndexes(node.arg, offset, level),
          relids: node.relids.map((index) => index + offset),
        };
      }
      return null;
    },
  );
  return wrapper.kind === 'SubLink' ? wrapper.subquery : query;
}
