// Pulls subqueries of WHERE and ON up into the join tree:
//   WHERE x IN (SELECT y FROM t)                   ->   ... SEMI JOIN (SELECT y FROM t) s ON x = s.y
//   WHERE [NOT] EXISTS (SELECT FROM t WHERE t.y = x)  ->   ... SEMI|ANTI JOIN t ON t.y = x
// Only conditions at the top of an AND qualify; what cannot become a join stays a SubLink.
import type { Expression, SubLink } from '../../trees/expression.js';
import type { FromExpr, JoinExpr, JoinTreeNode, Query, SubqueryRte } from '../../trees/query.js';
import { containsVolatile, relidsOfExpression } from '../expressions/facts.js';
import { andList, makeAnd, varForExpr } from '../expressions/make.js';
import { rewriteTopDown, visitQueryDeep, shiftLevels, mapJoinTree } from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, overlaps, singleRelid } from '../relids.js';
import { mergeRangeTable } from './merge-range-table.js';
import { simplifyExists } from './exists.js';
import { queryIsVolatile } from './ctes.js';

interface Pulled {
  node: JoinTreeNode;
  relids: Relids;
}

/** Pulls up what can be pulled up in the join tree of the query at `root`. */
export function pullUpSublinks(root: PlannerInfo): void {
  const result = pullUpNode(root, root.query.joinTree);
  root.query.joinTree =
    result.node.kind === 'FromExpr' ? result.node : { kind: 'FromExpr', fromList: [result.node], quals: null };
  root.query.rangeTable = root.rangeTable;
}

function pullUpNode(root: PlannerInfo, node: JoinTreeNode): Pulled {
  switch (node.kind) {
    case 'RangeTableRef':
      return { node, relids: singleRelid(node.rtIndex) };
    case 'FromExpr': {
      const items = node.fromList.map((item) => pullUpNode(root, item));
      const relids = items.reduce((set, item) => set | item.relids, noRelids);
      const from: FromExpr = { kind: 'FromExpr', fromList: items.map((item) => item.node), quals: null };
      const tree: { top: JoinTreeNode } = { top: from };
      const quals = pullUpQuals(root, node.quals, [{ available: relids, wrap: (make) => (tree.top = make(tree.top)) }]);
      // Conditions that stayed are evaluated below the new joins where they stood, unless a join was added on top.
      const rest = quals.length === 0 ? null : makeAnd(quals);
      if (tree.top === from) return { node: { ...from, quals: rest }, relids };
      return { node: { kind: 'FromExpr', fromList: [tree.top], quals: rest }, relids };
    }
    case 'JoinExpr':
      return pullUpJoin(root, node);
  }
}

interface Target {
  readonly available: Relids;
  readonly wrap: (make: (left: JoinTreeNode) => JoinTreeNode) => void;
}

function pullUpJoin(root: PlannerInfo, node: JoinExpr): Pulled {
  const left = pullUpNode(root, node.left);
  const right = pullUpNode(root, node.right);
  const both = left.relids | right.relids;
  const relids = node.rtIndex > 0 ? both | singleRelid(node.rtIndex) : both;
  const toLeft: Target = { available: left.relids, wrap: (make) => (left.node = make(left.node)) };
  const toRight: Target = { available: right.relids, wrap: (make) => (right.node = make(right.node)) };
  if (node.joinType === 'inner') {
    const shell: { top: JoinTreeNode } = { top: { ...node, left: left.node, right: right.node, quals: null } };
    const base = shell.top;
    const quals = pullUpQuals(root, node.quals, [{ available: both, wrap: (make) => (shell.top = make(shell.top)) }]);
    const rest = quals.length === 0 ? null : makeAnd(quals);
    if (shell.top === base) return { node: { ...node, left: left.node, right: right.node, quals: rest }, relids };
    return { node: { kind: 'FromExpr', fromList: [shell.top], quals: rest }, relids };
  }
  const targets = node.joinType === 'left' ? [toRight] : node.joinType === 'right' ? [toLeft] : [];
  const quals = pullUpQuals(root, node.quals, targets);
  return {
    node: { ...node, left: left.node, right: right.node, quals: quals.length === 0 ? null : makeAnd(quals) },
    relids,
  };
}

/** Returns the conditions that remain; the others have become joins wrapped around one of the targets. */
function pullUpQuals(root: PlannerInfo, quals: Expression | null, targets: readonly Target[]): Expression[] {
  const remaining: Expression[] = [];
  for (const qual of andList(quals)) {
    if (!targets.some((target) => pullUpQual(root, qual, target))) remaining.push(qual);
  }
  return remaining;
}

function pullUpQual(root: PlannerInfo, qual: Expression, target: Target): boolean {
  if (qual.kind === 'SubLink' && qual.linkType === 'any') return convertAny(root, qual, target);
  if (qual.kind === 'SubLink' && qual.linkType === 'exists') return convertExists(root, qual, false, target);
  if (qual.kind === 'BoolExpr' && qual.op === 'not') {
    const [arg] = qual.args;
    if (arg?.kind === 'SubLink' && arg.linkType === 'exists') return convertExists(root, arg, true, target);
  }
  return false;
}

function semiJoin(joinType: 'semi' | 'anti', left: JoinTreeNode, right: JoinTreeNode, quals: Expression): JoinExpr {
  return {
    kind: 'JoinExpr',
    joinType,
    natural: false,
    left,
    right,
    usingColumns: null,
    quals,
    alias: null,
    rtIndex: 0,
  };
}

function convertAny(root: PlannerInfo, link: SubLink, target: Target): boolean {
  if (link.test === null) return false;
  const { catalog } = root.global;
  const outer = relidsOfExpression(link.test);
  if (outer === noRelids || !isSubset(outer, target.available) || containsVolatile(link.test, catalog)) return false;
  const correlated = levelOneRelids(link.subquery);
  if (correlated !== noRelids && !isSubset(correlated, target.available)) return false;
  const columns = link.subquery.targetList.filter((entry) => !entry.junk);
  const rte: SubqueryRte = {
    kind: 'subquery',
    alias: null,
    eref: { name: 'ANY_subquery', columns: columns.map((entry) => entry.name ?? '?column?') },
    lateral: correlated !== noRelids,
    inFromClause: false,
    subquery: link.subquery,
    securityBarrier: false,
    viewRelation: 0,
    permissions: null,
  };
  root.rangeTable.push(rte);
  const rtIndex = root.rangeTable.length;
  const quals = rewriteTopDown(link.test, (node) => {
    // A sublink inside the comparison has column Params of its own.
    if (node.kind === 'SubLink') return node;
    if (node.kind !== 'Param' || node.paramKind !== 'sublink') return null;
    const entry = columns[node.id - 1];
    return entry === undefined ? node : varForExpr(rtIndex, entry.resno, entry.expr);
  });
  const right: JoinTreeNode = { kind: 'RangeTableRef', rtIndex };
  const shell: { node: JoinTreeNode } = { node: right };
  const rest = pullUpQuals(root, quals, [
    { available: singleRelid(rtIndex), wrap: (make) => (shell.node = make(shell.node)) },
  ]);
  target.wrap((left) => semiJoin('semi', left, shell.node, makeAnd(rest)));
  return true;
}

/** Relations of the query directly above that `query` refers to. */
export function levelOneRelids(query: Query): Relids {
  let result = noRelids;
  visitQueryDeep(query, (node, depth) => {
    if (node.kind === 'Var' && node.levelsUp === depth + 1) result |= singleRelid(node.varno);
    if ((node.kind === 'Aggref' || node.kind === 'GroupingFunc') && node.levelsUp === depth + 1) result |= 1n;
  });
  return result;
}

function hasOuterReferences(query: Query): boolean {
  let found = false;
  visitQueryDeep(query, (node, depth) => {
    if (
      node.kind === 'Var' ||
      node.kind === 'Aggref' ||
      node.kind === 'GroupingFunc' ||
      node.kind === 'PlaceHolderVar'
    ) {
      if (node.levelsUp > depth) found = true;
    }
  });
  return found;
}

function convertExists(root: PlannerInfo, link: SubLink, negated: boolean, target: Target): boolean {
  if (link.subquery.ctes.length > 0) return false;
  const simplified = simplifyExists(link.subquery, root.global);
  if (simplified === null) return false;
  const { quals } = simplified.joinTree;
  if (quals === null || simplified.joinTree.fromList.length === 0) return false;
  const body: Query = { ...simplified, joinTree: { ...simplified.joinTree, quals: null } };
  if (hasOuterReferences(body)) return false;
  const where: Query = { ...emptyQuery(simplified), joinTree: { kind: 'FromExpr', fromList: [], quals } };
  const outer = levelOneRelids(where);
  if (outer === noRelids || !isSubset(outer, target.available)) return false;
  if (queryIsVolatile(where, root.global.catalog)) return false;
  const offset = mergeRangeTable(root, body);
  const { moveExpression, moveTree } = offset;
  const condition = shiftLevels(moveExpression(quals), -1);
  const inner = relidsOfExpression(condition) & ~target.available;
  if (inner === noRelids || overlaps(inner, target.available)) return false;
  const moved = moveTree(body.joinTree);
  const right: JoinTreeNode =
    moved.fromList.length === 1 && moved.fromList[0] !== undefined ? moved.fromList[0] : moved;
  const pulled = pullUpNode(
    root,
    mapJoinTree(right, (node) => node),
  );
  const shell: { node: JoinTreeNode } = { node: pulled.node };
  const rest = pullUpQuals(root, condition, [
    { available: pulled.relids, wrap: (make) => (shell.node = make(shell.node)) },
  ]);
  target.wrap((left) => semiJoin(negated ? 'anti' : 'semi', left, shell.node, makeAnd(rest)));
  return true;
}

function emptyQuery(query: Query): Query {
  return {
    ...query,
    rangeTable: [],
    targetList: [],
    having: null,
    limitCount: null,
    limitOffset: null,
    windowClause: [],
  };
}
