// The target list as the plan has to deliver it: INSERT's rows in attribute order, UPDATE's new values, and junk columns
// (rowids of target and locked rows, whole rows, columns that RETURNING or MERGE's actions need).
import { notSupported } from '../../errors/pg-error.js';
import type { Expression, TargetEntry, Var } from '../../trees/expression.js';
import type { Plan } from '../../trees/plan.js';
import type { RelationRte } from '../../trees/query.js';
import { equalTrees } from '../expressions/equal.js';
import { int4Type, makeEntry, makeVar, nullConst, tidType } from '../expressions/make.js';
import { pullVars } from '../expressions/facts.js';
import type { PlannerInfo } from '../planner-info.js';
import { required } from '../require.js';

export type PlanKind = Plan['kind'];

const oidType = 26;

/** Builds `root.processedTargetList`. */
export function preprocessTargetList(root: PlannerInfo): void {
  const { query } = root;
  let list: TargetEntry[] = [...query.targetList];
  if (query.commandType === 'insert') list = expandInsert(root, list);
  else if (query.commandType === 'update') list = numberUpdate(root, list);
  else if (query.commandType !== 'select') list = junkOf(query.targetList);
  const addJunk = (expr: Expression, name: string): void => {
    list.push(makeEntry(expr, list.length + 1, name, true));
  };
  if (query.commandType === 'update' || query.commandType === 'delete' || query.commandType === 'merge')
    addRowIdentity(root, addJunk);
  for (const mark of root.rowMarks) {
    if (mark.mark === 'copy') addJunk(wholeRow(root, mark.rtIndex), `wholerow${mark.rowMarkId}`);
    else {
      addJunk(ctid(mark.rtIndex), `ctid${mark.rowMarkId}`);
      const rte = root.rangeTable[mark.rtIndex - 1];
      if (rte?.kind === 'relation' && hasMembers(root, rte))
        addJunk(tableOid(mark.rtIndex), `tableoid${mark.rowMarkId}`);
    }
  }
  const needed: Expression[] = [...query.returningList.map((entry) => entry.expr)];
  if (query.commandType === 'merge') {
    for (const action of query.mergeActions) {
      needed.push(...action.targetList.map((entry) => entry.expr));
      if (action.condition !== null) needed.push(action.condition);
    }
    if (query.mergeJoinCondition !== null) needed.push(query.mergeJoinCondition);
  }
  for (const expr of needed) {
    for (const item of pullVars(expr)) {
      if (item.kind === 'Var' && item.varno === query.resultRelation) continue;
      if (item.kind === 'Var' && query.onConflict?.excludedRtIndex === item.varno) continue;
      if (list.some((entry) => equalTrees(entry.expr, item))) continue;
      addJunk(item, '');
    }
  }
  root.processedTargetList = list;
}

/** The rewriter's junk entries, numbered from 1. */
function junkOf(list: readonly TargetEntry[]): TargetEntry[] {
  return list.filter(({ junk }) => junk).map((entry, n) => ({ ...entry, resno: n + 1 }));
}

function ctid(rtIndex: number): Var {
  return makeVar(rtIndex, -1, { type: tidType, typmod: -1, collation: 0 });
}

function tableOid(rtIndex: number): Var {
  return makeVar(rtIndex, -6, { type: oidType, typmod: -1, collation: 0 });
}

function wholeRow(root: PlannerInfo, rtIndex: number): Var {
  const rte = required(root.rangeTable[rtIndex - 1], 'range table entry');
  const type = rte.kind === 'relation' ? (root.global.catalog.relation(rte.relation)?.rowType ?? 2249) : 2249;
  return makeVar(rtIndex, 0, { type, typmod: -1, collation: 0 });
}

function addRowIdentity(root: PlannerInfo, addJunk: (expr: Expression, name: string) => void): void {
  const rte = required(root.rangeTable[root.query.resultRelation - 1], 'target relation');
  if (rte.kind !== 'relation') throw notSupported('changing rows of something other than a table');
  if (hasMembers(root, rte)) {
    addJunk(tableOid(root.query.resultRelation), 'tableoid');
  }
  // A view's rows are known by the whole row, which the rewriter has asked for.
  if (rte.relkind !== 'v') addJunk(ctid(root.query.resultRelation), 'ctid');
}

/** Is it an inheritance parent that is read with its children? */
function hasMembers(root: PlannerInfo, rte: RelationRte): boolean {
  const { catalog } = root.global;
  if (!rte.inherit || catalog.relation(rte.relation)?.hasSubclass !== true) return false;
  return rte.relkind === 'p' || catalog.inheritors(rte.relation).length > 1;
}

/** One entry for each attribute of the table: given ones, NULL for the others (defaults were put in before). */
export function expandInsert(root: PlannerInfo, list: readonly TargetEntry[]): TargetEntry[] {
  const rte = required(root.rangeTable[root.query.resultRelation - 1], 'target relation');
  if (rte.kind !== 'relation') throw notSupported('inserting into something other than a table');
  const relation = root.global.catalog.requireRelation(rte.relation);
  const result: TargetEntry[] = relation.attributes.map((attribute): TargetEntry => {
    const given = list.find((entry) => entry.resno === attribute.number && !entry.junk);
    if (given !== undefined && !attribute.isDropped) return given;
    const isDropped = attribute.isDropped || attribute.generated === 's';
    const expr = attribute.isDropped
      ? nullConst(int4Type, -1, 0)
      : nullConst(attribute.type, attribute.typmod, attribute.collation);
    return makeEntry(expr, attribute.number, isDropped ? '' : attribute.name, false);
  });
  for (const entry of list) if (entry.junk) result.push({ ...entry, resno: result.length + 1 });
  return result;
}

/** Assigned attribute numbers go to `root.updateColumns`, the entries are numbered in turn. */
function numberUpdate(root: PlannerInfo, list: readonly TargetEntry[]): TargetEntry[] {
  const assigned = list.filter((entry) => !entry.junk);
  root.updateColumns = assigned.map((entry) => entry.resno);
  const ordered = [...assigned, ...list.filter((entry) => entry.junk)];
  return ordered.map((entry, index) => ({ ...entry, resno: index + 1 }));
}
