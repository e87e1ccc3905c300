// Plans the join part of one query level: FROM and WHERE. The result is a relation for all of it, with its paths.
import type { Expression, PlaceHolderVar, TargetEntry, Var } from '../trees/expression.js';
import type { JoinTreeNode } from '../trees/query.js';
import { generateBaseEqualities, hasEquivalenceJoin } from './equivalence.js';
import { pullVars } from './expressions/facts.js';
import { shiftLevels, visitQueryDeep, mapRte } from './expressions/walk.js';
import { extractOrClauses } from './jointree/or-clauses.js';
import { deconstructJoinTree } from './jointree/deconstruct.js';
import { makeOneRel } from './joins/search.js';
import { preprocessExpression } from './plan-query.js';
import type { PlannerInfo, RelOptInfo } from './planner-info.js';
import { treeRelids } from './prep/pull-up.js';
import { noRelids, relidMembers, relidsOf, singleRelid } from './relids.js';
import { findBaseRel, required } from './require.js';
import { buildBaseRel } from './rels/build-rel.js';
import { addPlaceHolders, findPlaceHolders, findPlaceHolder, needVars } from './rels/targets.js';
import { expandInheritance } from './paths/append-rel.js';
import { reconsiderOuterJoinClauses } from './jointree/outer-join-clauses.js';
import { removeUselessJoins } from './joins/removal.js';

/** Bit that stands for the query's output in a set of places where a column is needed. */
export const outputRelid = 1n;

/** Joins everything in FROM. `prepareKeys` is called when sort orders can be made canonical. */
export function planJoins(root: PlannerInfo, targetList: readonly TargetEntry[], prepareKeys: () => void): RelOptInfo {
  removeUselessJoins(root, targetList);
  const indexes = treeRelids(root.query.joinTree);
  root.allBaseRels = relidsOf(indexes);
  for (const rtIndex of indexes) buildBaseRel(root, rtIndex);
  for (const rtIndex of indexes) expandInheritance(root, findBaseRel(root, rtIndex));
  root.allQueryRels = root.allBaseRels | outerJoins(root.query.joinTree);
  for (const entry of targetList) {
    findPlaceHolders(root, entry.expr);
    needVars(root, pullVars(entry.expr), outputRelid);
  }
  if (root.query.having !== null) {
    findPlaceHolders(root, root.query.having);
    needVars(root, pullVars(root.query.having), outputRelid);
  }
  findTreePlaceHolders(root, root.query.joinTree);
  findLateralReferences(root);
  const joinList = deconstructJoinTree(root);
  reconsiderOuterJoinClauses(root);
  generateBaseEqualities(root);
  prepareKeys();
  addPlaceHolders(root);
  closeLateralReferences(root);
  for (const rel of root.rels) {
    if (rel?.kind === 'base') rel.hasEquivalenceJoins = hasEquivalenceJoin(root, rel);
  }
  extractOrClauses(root);
  return makeOneRel(root, joinList);
}

function outerJoins(node: JoinTreeNode): bigint {
  switch (node.kind) {
    case 'RangeTableRef':
      return noRelids;
    case 'FromExpr':
      return node.fromList.reduce((set, item) => set | outerJoins(item), noRelids);
    case 'JoinExpr': {
      const inner = outerJoins(node.left) | outerJoins(node.right);
      const nulls = node.joinType === 'left' || node.joinType === 'full' || node.joinType === 'anti';
      return nulls && node.rtIndex > 0 ? inner | singleRelid(node.rtIndex) : inner;
    }
  }
}

function findTreePlaceHolders(root: PlannerInfo, node: JoinTreeNode): void {
  if (node.kind === 'RangeTableRef') return;
  if (node.quals !== null) findPlaceHolders(root, node.quals);
  if (node.kind === 'JoinExpr') {
    findTreePlaceHolders(root, node.left);
    findTreePlaceHolders(root, node.right);
  } else for (const item of node.fromList) findTreePlaceHolders(root, item);
}

/** Columns of sibling relations that functions, VALUES and subqueries in FROM read. */
function findLateralReferences(root: PlannerInfo): void {
  for (const rel of root.rels) {
    if (rel?.kind !== 'base' || rel.rte === null) continue;
    const vars = lateralVars(rel).map((item) => prepared(root, rel, item));
    if (vars.length === 0) continue;
    root.hasLateral = true;
    rel.lateralVars = vars;
    for (const item of vars) {
      if (item.kind === 'PlaceHolderVar') findPlaceHolder(root, item);
      rel.lateralRelids |= item.kind === 'Var' ? singleRelid(item.varno) : placeholderAt(root, item);
    }
    needVars(root, vars, rel.relids);
  }
}

/** A subquery is prepared when it is planned: what it reads of this level is not yet. */
function prepared(root: PlannerInfo, rel: RelOptInfo, item: Var | PlaceHolderVar): Var | PlaceHolderVar {
  if (rel.rte?.kind !== 'subquery' || item.kind === 'Var') return item;
  const known = root.placeholders.get(item.id);
  return known?.variable ?? { ...item, arg: preprocessExpression(root, item.arg, false) };
}

function placeholderAt(root: PlannerInfo, item: PlaceHolderVar): bigint {
  return root.placeholders.get(item.id)?.evalAt ?? relidsOf(item.relids);
}

function lateralVars(rel: RelOptInfo): (Var | PlaceHolderVar)[] {
  const rte = required(rel.rte, 'range table entry');
  const result: (Var | PlaceHolderVar)[] = [];
  if (rte.kind === 'subquery') {
    visitQueryDeep(rte.subquery, (node, depth) => {
      if (node.kind === 'Var' && node.levelsUp === depth + 1) result.push({ ...node, levelsUp: 0 });
      if (node.kind === 'PlaceHolderVar' && node.levelsUp === depth + 1)
        result.push(shiftLevels(node, -(depth + 1), depth + 1));
    });
    return result;
  }
  if (rte.kind === 'function' || rte.kind === 'values' || rte.kind === 'relation') {
    const collect = (node: Expression): Expression => {
      result.push(...pullVars(node));
      return node;
    };
    mapRte(rte, { expression: collect, subquery: (query) => query });
  }
  return result;
}

/** Lateral references are transitive: what supplies them may need suppliers itself. */
function closeLateralReferences(root: PlannerInfo): void {
  for (const info of root.placeholders.values()) {
    if (info.lateral === noRelids) continue;
    root.hasLateral = true;
    for (const relid of relidMembers(info.evalAt)) {
      const rel = root.rels[relid];
      if (rel !== undefined) rel.lateralRelids |= info.lateral;
    }
  }
  if (!root.hasLateral) return;
  const rels = root.rels.filter((rel): rel is RelOptInfo => rel !== undefined && rel.kind === 'base');
  for (let changed = true; changed; ) {
    changed = false;
    for (const rel of rels) {
      let all = rel.lateralRelids;
      for (const relid of relidMembers(rel.lateralRelids)) all |= root.rels[relid]?.lateralRelids ?? noRelids;
      all &= ~rel.relids;
      if (all !== rel.lateralRelids) {
        rel.lateralRelids = all;
        changed = true;
      }
    }
  }
  for (const rel of rels) {
    for (const relid of relidMembers(rel.lateralRelids)) {
      const supplier = root.rels[relid];
      if (supplier !== undefined) supplier.lateralReferencers |= rel.relids;
    }
  }
}
