// ModifyTable: the row change on top of a plan that delivers new values and row identities.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { ModifyMember, Plan, PlanMergeAction, PlanOnConflict } from '../../trees/plan.js';
import type { OnConflict } from '../../trees/query.js';
import { impliedByConditions } from '../predicates/imply.js';
import { andList } from '../expressions/make.js';
import { equalTrees } from '../expressions/equal.js';
import type { Path } from '../path.js';
import { translateToMember } from '../paths/append-rel.js';
import type { PlannerInfo } from '../planner-info.js';
import { expandInsert } from '../prep/target-list.js';
import { required } from '../require.js';
import { indexInfos } from '../rels/indexes.js';
import { newRel } from '../rels/build-rel.js';
import { singleRelid } from '../relids.js';
import { createNode } from './create-plan.js';
import { planBase } from './plan-base.js';
import { withNames } from './upper.js';

/** The node of a data change. */
export function createModifyTable(root: PlannerInfo, path: Extract<Path, { kind: 'ModifyTable' }>): Plan {
  const { query } = root;
  const outer = withNames(createNode(root, path.subpath), root.processedTargetList);
  const operation = query.commandType === 'select' ? 'insert' : query.commandType;
  return {
    ...planBase(path, path.returningList, []),
    kind: 'ModifyTable',
    operation,
    canSetTag: root.parent === null,
    resultRelation: query.resultRelation,
    outer,
    updateColumns: root.updateColumns,
    returningList: path.returningList,
    rowMarks: query.rowMarks.length > 0 ? [] : root.rowMarks,
    onConflict: query.onConflict === null ? null : planOnConflict(root, query.onConflict),
    mergeActions: planMergeActions(root),
    mergeJoinCondition: mergeCondition(root),
    withCheckOptions: query.withCheckOptions ?? [],
    evalPlanQualParam: path.epqParam,
    ...inheritedMembers(root, path.returningList),
  };
}

function planMergeActions(root: PlannerInfo): PlanMergeAction[] {
  return root.query.mergeActions.map((action) => {
    const isInsert = action.command === 'insert';
    const live = action.targetList.filter((entry) => !entry.junk);
    return {
      match: action.match,
      command: action.command,
      condition: action.condition,
      targetList: isInsert ? expandInsert(root, action.targetList) : live,
      updateColumns: isInsert ? [] : live.map((entry) => entry.resno),
    };
  });
}

function mergeCondition(root: PlannerInfo): Expression | null {
  const { mergeActions, mergeJoinCondition } = root.query;
  return mergeActions.some((action) => action.match === 'notMatchedBySource') ? mergeJoinCondition : null;
}

/** The tables of an inheritance tree that is the target, each with the lists in its own columns. */
function inheritedMembers(
  root: PlannerInfo,
  returning: readonly TargetEntry[],
): { readonly members?: readonly ModifyMember[] } {
  const { query } = root;
  if (query.commandType !== 'update' && query.commandType !== 'delete' && query.commandType !== 'merge') return {};
  const parent = root.rangeTable[query.resultRelation - 1];
  if (parent?.kind !== 'relation') return {};
  const links = [...root.appendParents].filter(([, link]) => link.parent === query.resultRelation);
  if (links.length === 0) return {};
  const members = links.map(([rtIndex, link]): ModifyMember => {
    const rte = root.rangeTable[rtIndex - 1];
    const relation = rte?.kind === 'relation' ? root.global.catalog.relation(rte.relation) : null;
    const member = { rtIndex, relation };
    const translate = (expr: Expression): Expression => translateToMember(root, member, expr);
    const column = (attno: number): number => {
      const found = link.translation[attno - 1];
      return found?.kind === 'Var' ? found.attno : 0;
    };
    const condition = mergeCondition(root);
    return {
      resultRelation: rtIndex,
      updateColumns: root.updateColumns.map(column),
      returningList: returning.map((entry) => ({ ...entry, expr: translate(entry.expr) })),
      mergeActions: planMergeActions(root).map((action) => ({
        ...action,
        condition: action.condition === null ? null : translate(action.condition),
        targetList: action.targetList.map((entry) => ({ ...entry, expr: translate(entry.expr) })),
        updateColumns: action.updateColumns.map(column),
      })),
      mergeJoinCondition: condition === null ? null : translate(condition),
      withCheckOptions: (query.withCheckOptions ?? []).map((option) => ({
        ...option,
        qual: translateToMember(root, member, option.qual),
      })),
    };
  });
  return { members };
}

function planOnConflict(root: PlannerInfo, clause: OnConflict): PlanOnConflict {
  const set = clause.set.filter((entry) => !entry.junk);
  return {
    action: clause.action,
    arbiterIndexes: arbiterIndexes(root, clause),
    set,
    setColumns: set.map((entry) => entry.resno),
    where: clause.where,
    excludedRtIndex: clause.excludedRtIndex,
  };
}

/** Unique indexes that the conflict target names or infers. Throws 42P10 where none matches. */
function arbiterIndexes(root: PlannerInfo, clause: OnConflict): number[] {
  const rte = required(root.rangeTable[root.query.resultRelation - 1], 'target relation');
  if (rte.kind !== 'relation') return [];
  const relation = root.global.catalog.requireRelation(rte.relation);
  if (clause.constraint !== 0) {
    const constraint = required(root.global.catalog.constraint(clause.constraint), 'constraint');
    const index = relation.indexes.find((item) => item.oid === constraint.index);
    if (index === undefined || (!index.isUnique && !(clause.action === 'nothing' && index.isExclusion))) {
      throw pgError(SqlState.wrongObjectType, 'constraint in ON CONFLICT clause has no associated index');
    }
    return [index.oid];
  }
  if (clause.arbiterElements.length === 0) return [];
  const rel = newRel('base', singleRelid(root.query.resultRelation), root.query.resultRelation);
  rel.tuples = 1;
  const where = andList(clause.arbiterWhere);
  const found = indexInfos(root, rel, relation).filter((info) => {
    const { index } = info;
    if (!index.isUnique) return false;
    const keys = info.columns.slice(0, info.keyCount);
    const matches = (expr: Expression, position: number, element: OnConflict['arbiterElements'][number]): boolean => {
      const key = index.keys[position];
      if (key === undefined || !equalTrees(expr, element.expr)) return false;
      if (element.collation !== 0 && element.collation !== key.collation) return false;
      return element.opclass === 0 || element.opclass === key.opclass;
    };
    const allKeys = keys.every((expr, position) =>
      clause.arbiterElements.some((element) => matches(expr, position, element)),
    );
    const allElements = clause.arbiterElements.every((element) =>
      keys.some((expr, position) => matches(expr, position, element)),
    );
    return allKeys && allElements && impliedByConditions(root.global, info.predicate, where);
  });
  if (found.length === 0) {
    throw pgError(
      SqlState.invalidColumnReference,
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    );
  }
  return found.map((info) => info.index.oid);
}
