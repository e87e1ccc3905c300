// Finds the columns of a plan by which it is sorted or grouped.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { GroupColumn, Plan, SortKey } from '../../trees/plan.js';
import type { SortGroupClause } from '../../trees/query.js';
import { pullVars } from '../expressions/facts.js';
import { equalTrees } from '../expressions/equal.js';
import { makeEntry } from '../expressions/make.js';
import { stripNullingRels } from '../expressions/nulling.js';
import { rewriteTopDown } from '../expressions/walk.js';
import { collationOf } from '../expressions/typing.js';
import type { PathKey } from '../path.js';
import type { EquivalenceMember, PlannerInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset } from '../relids.js';
import { required } from '../require.js';
import { planCanProject, resultOver, withTargetList } from './plan-base.js';

/** Sort keys for an order over a plan; columns that the plan lacks are added to it as junk. `relids`: only members of
 *  these relations (the sides of a merge join). */
export function sortKeysFor(
  root: PlannerInfo,
  plan: Plan,
  pathKeys: readonly PathKey[],
  relids: Relids | null,
): { plan: Plan; keys: SortKey[] } {
  let current = plan;
  const keys: SortKey[] = [];
  for (const pathKey of pathKeys) {
    const found = findColumn(root, current.targetList, pathKey, relids);
    let entry = found?.entry;
    let member = found?.member;
    if (entry === undefined) {
      member = required(computableMember(current.targetList, pathKey, relids), 'sort column');
      const added = makeEntry(member.expr, current.targetList.length + 1, null, true);
      const list = [...current.targetList, added];
      current = planCanProject(current) ? withTargetList(current, list) : resultOver(current, list, []);
      entry = added;
    }
    const type = member === undefined ? 0 : member.type;
    const operator = root.global.catalog.familyOperator(pathKey.family, type, type, pathKey.descending ? 5 : 1);
    if (keys.some((key) => key.column === entry?.resno)) continue;
    keys.push({
      column: entry.resno,
      operator,
      collation: pathKey.ec.collation,
      descending: pathKey.descending,
      nullsFirst: pathKey.nullsFirst,
    });
  }
  return { plan: current, keys };
}

function findColumn(
  root: PlannerInfo,
  list: readonly TargetEntry[],
  pathKey: PathKey,
  relids: Relids | null,
): { entry: TargetEntry; member: EquivalenceMember } | null {
  const { ec } = pathKey;
  if (ec.hasVolatile) {
    const entry = list.find((item) => item.sortGroupRef === ec.sortRef);
    const [member] = ec.members;
    return entry === undefined || member === undefined ? null : { entry, member };
  }
  for (const entry of list) {
    const member = memberFor(root, entry.expr, pathKey, relids);
    if (member !== null) return { entry, member };
  }
  return null;
}

function memberFor(
  root: PlannerInfo,
  expr: Expression,
  pathKey: PathKey,
  relids: Relids | null,
): EquivalenceMember | null {
  const plain = bare(expr);
  for (const member of pathKey.ec.members) {
    if (member.isConst) continue;
    if (relids !== null && !isSubset(member.relids, relids)) continue;
    if (equalTrees(bare(asMinMaxParam(root, member.expr)), plain)) return member;
  }
  return null;
}

/** Aggregates answered by an index appear as Params. */
function asMinMaxParam(root: PlannerInfo, expr: Expression): Expression {
  if (root.minMaxParams.length === 0) return expr;
  return rewriteTopDown(expr, (node) =>
    node.kind === 'Aggref' ? (root.minMaxParams.find((item) => equalTrees(item.aggregate, node))?.param ?? null) : null,
  );
}

function bare(expr: Expression): Expression {
  let result = expr;
  while (result.kind === 'RelabelType') result = result.arg;
  // A column is the same wherever it is read; an expression computed below an outer join is not the one above it.
  return result.kind === 'Var' || result.kind === 'PlaceHolderVar' ? stripNullingRels(result) : result;
}

function computableMember(
  list: readonly TargetEntry[],
  pathKey: PathKey,
  relids: Relids | null,
): EquivalenceMember | null {
  for (const member of pathKey.ec.members) {
    if (member.isConst || (relids !== null && !isSubset(member.relids, relids))) continue;
    const vars = pullVars(member.expr);
    const available = vars.every((item) => list.some((entry) => equalTrees(bare(entry.expr), bare(item))));
    if (available) return member;
  }
  return null;
}

/** Position of a grouping column in a plan's target list. */
export function columnOfRef(list: readonly TargetEntry[], ref: number): TargetEntry {
  return required(
    list.find((entry) => entry.sortGroupRef === ref),
    `column with reference ${ref}`,
  );
}

/** Grouping columns for clauses, found by their references. */
export function groupColumns(list: readonly TargetEntry[], clauses: readonly SortGroupClause[]): GroupColumn[] {
  return clauses.map((clause) => {
    const entry = columnOfRef(list, clause.sortGroupRef);
    return { column: entry.resno, operator: clause.equalityOperator, collation: collationOf(entry.expr) };
  });
}

/** Sort keys for clauses, found by their references. */
export function sortKeysForClauses(list: readonly TargetEntry[], clauses: readonly SortGroupClause[]): SortKey[] {
  return clauses.map((clause) => {
    const entry = columnOfRef(list, clause.sortGroupRef);
    return {
      column: entry.resno,
      operator: clause.sortOperator,
      collation: collationOf(entry.expr),
      descending: clause.descending,
      nullsFirst: clause.nullsFirst,
    };
  });
}
