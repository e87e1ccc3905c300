// Drops empty-row Result items from the join tree where something else is joined there, their conditions kept.
import type { FromExpr, JoinTreeNode } from '../../trees/query.js';
import type { PlannerInfo } from '../planner-info.js';
import { makeAnd } from '../expressions/make.js';
import { visitQueryDeep } from '../expressions/walk.js';

/** Removes Result items that contribute nothing. */
export function removeUselessResults(root: PlannerInfo): void {
  if (!root.rangeTable.some((rte) => rte.kind === 'result')) return;
  const pinned = placeholderRelids(root);
  const isResult = (node: JoinTreeNode): boolean =>
    node.kind === 'RangeTableRef' && root.rangeTable[node.rtIndex - 1]?.kind === 'result' && !pinned.has(node.rtIndex);
  root.query.joinTree = simplifyFrom(root.query.joinTree, isResult);
}

function placeholderRelids(root: PlannerInfo): Set<number> {
  const result = new Set<number>();
  visitQueryDeep(root.query, (node) => {
    if (node.kind === 'PlaceHolderVar') for (const relid of node.relids) result.add(relid);
  });
  return result;
}

function simplifyFrom(tree: FromExpr, isResult: (node: JoinTreeNode) => boolean): FromExpr {
  const items = tree.fromList.map((item) => simplify(item, isResult));
  const kept = items.filter((item) => !isResult(item));
  const [first] = items;
  return { ...tree, fromList: kept.length > 0 || first === undefined ? kept : [first] };
}

function simplify(node: JoinTreeNode, isResult: (node: JoinTreeNode) => boolean): JoinTreeNode {
  switch (node.kind) {
    case 'RangeTableRef':
      return node;
    case 'FromExpr': {
      const inner = simplifyFrom(node, isResult);
      const [only] = inner.fromList;
      return inner.quals === null && inner.fromList.length === 1 && only !== undefined ? only : inner;
    }
    case 'JoinExpr': {
      const left = simplify(node.left, isResult);
      const right = simplify(node.right, isResult);
      const quals = node.quals;
      if (node.joinType === 'inner' && (isResult(left) || isResult(right))) {
        const other = isResult(left) ? right : left;
        return quals === null ? other : { kind: 'FromExpr', fromList: [other], quals: makeAnd([quals]) };
      }
      // Each left row is kept once, whatever the single empty row on the right does.
      if (node.joinType === 'left' && isResult(right)) return left;
      return { ...node, left, right };
    }
  }
}
