// Joins that change nothing are dropped before anything else is planned:
//   SELECT a.* FROM a LEFT JOIN b ON a.x = b.id   ->   SELECT a.* FROM a      where b.id is unique
// The right side must be one relation that has at most one match for each row of the left side, and none of its columns
// may be asked for outside the join's own condition. Its entry stays in the range table for the privileges it asks for.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { FromExpr, JoinExpr, JoinTreeNode, Query } from '../../trees/query.js';
import type { IndexDescriptor } from '../../catalog/descriptors.js';
import { containsVolatile } from '../expressions/facts.js';
import { andList, stripRelabel } from '../expressions/make.js';
import { visitExpressionDeep, visitQueryDeep } from '../expressions/walk.js';
import { equalityFamilies } from '../jointree/restrict-info.js';
import type { PlannerInfo } from '../planner-info.js';
import { subqueryIsUniqueFor } from './unique.js';

/** Drops useless left joins from the query's join tree. */
export function removeUselessJoins(root: PlannerInfo, targetList: readonly TargetEntry[]): void {
  for (let join = findUseless(root, targetList); join !== null; join = findUseless(root, targetList)) {
    root.query.joinTree = replaceJoin(root.query.joinTree, join) as FromExpr;
  }
}

function findUseless(root: PlannerInfo, targetList: readonly TargetEntry[]): JoinExpr | null {
  return leftJoins(root.query.joinTree).find((join) => isUseless(root, join, targetList)) ?? null;
}

/** Left joins with one relation on the right, inner ones first. */
function leftJoins(node: JoinTreeNode): JoinExpr[] {
  switch (node.kind) {
    case 'RangeTableRef':
      return [];
    case 'FromExpr':
      return node.fromList.flatMap(leftJoins);
    case 'JoinExpr': {
      const inner = [...leftJoins(node.left), ...leftJoins(node.right)];
      return node.joinType === 'left' && node.right.kind === 'RangeTableRef' ? [...inner, node] : inner;
    }
  }
}

function isUseless(root: PlannerInfo, join: JoinExpr, targetList: readonly TargetEntry[]): boolean {
  if (join.right.kind !== 'RangeTableRef') return false;
  const { rtIndex } = join.right;
  const { query } = root;
  if (query.resultRelation === rtIndex) return false;
  if ([...query.rowMarks, ...root.rowMarks].some((mark) => mark.rtIndex === rtIndex)) return false;
  return hasOneMatch(root, join, rtIndex) && !isReadOutside(root, join, rtIndex, targetList);
}

/** Does anything but the join's condition read the relation? */
function isReadOutside(
  root: PlannerInfo,
  join: JoinExpr,
  rtIndex: number,
  targetList: readonly TargetEntry[],
): boolean {
  const without: Query = {
    ...root.query,
    targetList,
    joinTree: replaceJoin(root.query.joinTree, join) as FromExpr,
    // References to joins' own columns were replaced by what they stand for.
    rangeTable: root.rangeTable.filter((rte) => rte.kind !== 'join'),
  };
  let isRead = false;
  visitQueryDeep(without, (node, depth) => {
    if (node.kind === 'Var' && node.levelsUp === depth && node.varno === rtIndex) isRead = true;
    if (node.kind === 'PlaceHolderVar' && node.levelsUp === depth && node.relids.includes(rtIndex)) isRead = true;
  });
  return isRead;
}

/** Equalities of the condition between a column of the relation and something of the left side, by the column. */
interface Equality {
  readonly attno: number;
  readonly families: readonly number[];
  readonly collation: number;
}

function hasOneMatch(root: PlannerInfo, join: JoinExpr, rtIndex: number): boolean {
  const rte = root.rangeTable[rtIndex - 1];
  if (rte === undefined) return false;
  const { catalog } = root.global;
  const equalities = andList(join.quals).flatMap((clause): Equality[] => {
    if (clause.kind !== 'OpExpr' || clause.args.length !== 2 || containsVolatile(clause, catalog)) return [];
    const families = equalityFamilies(root, clause.operator);
    const [left, right] = clause.args as [Expression, Expression];
    const column = [
      [left, right],
      [right, left],
    ].flatMap(([mine, other]) => {
      const item = stripRelabel(mine as Expression);
      const isColumn = item.kind === 'Var' && item.levelsUp === 0 && item.varno === rtIndex && item.attno > 0;
      return isColumn && !mentions(other as Expression, rtIndex) ? [item.attno] : [];
    })[0];
    return column === undefined ? [] : [{ attno: column, families, collation: clause.inputCollation }];
  });
  if (equalities.length === 0) return false;
  if (rte.kind === 'subquery') {
    const columns = equalities.filter(({ families }) => families.length > 0).map(({ attno }) => attno);
    return subqueryIsUniqueFor(rte.subquery, columns, root);
  }
  if (rte.kind !== 'relation') return false;
  // An index of a parent says nothing about its children.
  if (rte.inherit && catalog.inheritors(rte.relation).length > 1) return false;
  const indexes = catalog.relation(rte.relation)?.indexes ?? [];
  return indexes.some((index) => isCovered(index, equalities));
}

function mentions(expression: Expression, rtIndex: number): boolean {
  let found = false;
  visitExpressionDeep(expression, (node, depth) => {
    if (node.kind === 'Var' && node.levelsUp === depth && node.varno === rtIndex) found = true;
  });
  return found;
}

function isCovered(index: IndexDescriptor, equalities: readonly Equality[]): boolean {
  if (!index.isUnique || !index.isImmediate || !index.isValid || index.predicate !== null) return false;
  return index.keys.every((key) =>
    equalities.some(
      ({ attno, families, collation }) =>
        key.attribute === attno &&
        families.includes(key.opfamily) &&
        (key.collation === 0 || key.collation === collation),
    ),
  );
}

/** The tree with the join's left side in its place. */
function replaceJoin(node: JoinTreeNode, join: JoinExpr): JoinTreeNode {
  if (node === join) return join.left;
  switch (node.kind) {
    case 'RangeTableRef':
      return node;
    case 'FromExpr':
      return { ...node, fromList: node.fromList.map((item) => replaceJoin(item, join)) };
    case 'JoinExpr':
      return { ...node, left: replaceJoin(node.left, join), right: replaceJoin(node.right, join) };
  }
}
