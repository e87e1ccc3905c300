// Drops empty-row Result items from the join tree where something else is joined there, their conditions kept. What was
// to be evaluated at such an item (placeholders of expressions that an outer join may null) moves to what it was joined
// with.
import type { Expression } from '../../trees/expression.js';
import type { FromExpr, JoinExpr, JoinTreeNode } from '../../trees/query.js';
import type { PlannerInfo } from '../planner-info.js';
import { makeAnd } from '../expressions/make.js';
import { mapRte, rewriteDeep, rewriteQueryDeep, visitExpressionDeep, visitQueryDeep } from '../expressions/walk.js';
import { treeRelids } from './pull-up.js';

/** Removes Result items that contribute nothing. */
export function removeUselessResults(root: PlannerInfo): void {
  if (!root.rangeTable.some((rte) => rte.kind === 'result')) return;
  const remover = new Remover(root);
  root.query.joinTree = remover.from(root.query.joinTree);
  remover.movePlaceHolders();
}

interface Removal {
  readonly rtIndex: number;
  /** Relations at whose place what stood there is evaluated from now on. */
  readonly into: readonly number[];
}

class Remover {
  private readonly removals: Removal[] = [];
  private readonly hasPlaceHolders: boolean;

  constructor(private readonly root: PlannerInfo) {
    let found = false;
    visitQueryDeep(root.query, (node) => {
      found ||= node.kind === 'PlaceHolderVar';
    });
    this.hasPlaceHolders = found;
  }

  from(tree: FromExpr): FromExpr {
    const simplified: FromExpr = { ...tree, fromList: tree.fromList.map((item) => this.simplify(item)) };
    let kept = simplified.fromList;
    for (const item of simplified.fromList) {
      const result = this.resultOf(item);
      if (kept.length === 1 || result === null || this.isNeededWithin(simplified, result)) continue;
      kept = kept.filter((other) => other !== item);
      this.remove(result, { ...simplified, fromList: kept });
    }
    return { ...simplified, fromList: kept };
  }

  private simplify(node: JoinTreeNode): JoinTreeNode {
    switch (node.kind) {
      case 'RangeTableRef':
        return node;
      case 'FromExpr': {
        const inner = this.from(node);
        const [only] = inner.fromList;
        return inner.quals === null && inner.fromList.length === 1 && only !== undefined ? only : inner;
      }
      case 'JoinExpr':
        return this.join({ ...node, left: this.simplify(node.left), right: this.simplify(node.right) });
    }
  }

  private join(node: JoinExpr): JoinTreeNode {
    const { left, right, quals, joinType } = node;
    const [leftResult, rightResult] = [this.resultOf(left), this.resultOf(right)];
    if (joinType === 'inner' && leftResult !== null && !this.isNeededWithin(right, leftResult)) {
      this.remove(leftResult, right);
      return filtered(right, quals);
    }
    if (rightResult === null) return node;
    switch (joinType) {
      case 'inner':
      case 'semi':
        this.remove(rightResult, left);
        return filtered(left, quals);
      case 'left':
        // Each left row is kept once, whatever the single empty row on the right does; but what is evaluated there
        // becomes NULL where the condition fails.
        if (quals !== null && this.isNeeded(rightResult)) return node;
        this.remove(rightResult, left);
        return left;
      default:
        return node;
    }
  }

  private resultOf(node: JoinTreeNode): number | null {
    if (node.kind !== 'RangeTableRef' || this.root.rangeTable[node.rtIndex - 1]?.kind !== 'result') return null;
    return node.rtIndex;
  }

  private remove(rtIndex: number, into: JoinTreeNode): void {
    this.removals.push({ rtIndex, into: treeRelids(into) });
  }

  /** Where a placeholder is evaluated after the removals so far. */
  private moved(relids: readonly number[]): readonly number[] {
    let result = relids;
    for (const { rtIndex, into } of this.removals) {
      if (result.includes(rtIndex)) result = [...new Set([...result.filter((item) => item !== rtIndex), ...into])];
    }
    return result;
  }

  /** Is something evaluated at exactly this item, and used anywhere? */
  private isNeeded(rtIndex: number): boolean {
    if (!this.hasPlaceHolders) return false;
    const found = this.finder(rtIndex);
    visitQueryDeep(this.root.query, found.visit);
    return found.isFound();
  }

  /** The same, used within a part of the join tree: its conditions, lateral references of its items. */
  private isNeededWithin(node: JoinTreeNode, rtIndex: number): boolean {
    if (!this.hasPlaceHolders) return false;
    const found = this.finder(rtIndex);
    visitConditions(node, (condition) => visitExpressionDeep(condition, found.visit));
    for (const member of treeRelids(node)) {
      const rte = this.root.rangeTable[member - 1];
      if (rte === undefined || !rte.lateral) continue;
      mapRte(rte, {
        expression: (expression) => {
          visitExpressionDeep(expression, found.visit);
          return expression;
        },
        subquery: (query) => {
          visitQueryDeep(query, found.visit, 1);
          return query;
        },
      });
    }
    return found.isFound();
  }

  private finder(rtIndex: number): { visit: (node: Expression, depth: number) => void; isFound: () => boolean } {
    let found = false;
    return {
      visit: (node, depth) => {
        if (node.kind !== 'PlaceHolderVar' || node.levelsUp !== depth) return;
        const relids = this.moved(node.relids);
        found ||= relids.length === 1 && relids[0] === rtIndex;
      },
      isFound: () => found,
    };
  }

  /** Tells the placeholders of their new places. */
  movePlaceHolders(): void {
    const { root } = this;
    if (!this.hasPlaceHolders || this.removals.length === 0) return;
    const rewrite = (node: Expression, depth: number): Expression | null => {
      if (node.kind !== 'PlaceHolderVar' || node.levelsUp !== depth) return null;
      const relids = this.moved(node.relids);
      if (relids === node.relids) return null;
      return { ...node, relids, arg: rewriteDeep(node.arg, rewrite, depth) };
    };
    root.query = rewriteQueryDeep({ ...root.query, rangeTable: root.rangeTable }, rewrite);
    root.rangeTable = [...root.query.rangeTable];
    root.query.rangeTable = root.rangeTable;
  }
}

function filtered(node: JoinTreeNode, quals: Expression | null): JoinTreeNode {
  return quals === null ? node : { kind: 'FromExpr', fromList: [node], quals: makeAnd([quals]) };
}

function visitConditions(node: JoinTreeNode, visit: (condition: Expression) => void): void {
  if (node.kind === 'RangeTableRef') return;
  if (node.quals !== null) visit(node.quals);
  for (const item of node.kind === 'FromExpr' ? node.fromList : [node.left, node.right]) visitConditions(item, visit);
}
