// GROUP BY: items matched with the target list, grouping sets flattened and kept as a tree of sort references.
import type { Node } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { listLocation, rawLocation } from '../../trees/ast.js';
import type { TargetEntry } from '../../trees/expression.js';
import { expressionLocation } from '../../trees/expression-type.js';
import type { GroupingSet, SortGroupClause } from '../../trees/query.js';
import type { ParseState } from '../parse-state.js';
import { addGroupTarget, findTargetSql92, findTargetSql99 } from './sort.js';

/** Binds GROUP BY; without grouping sets `sets` stays empty. */
export function groupClause(
  state: ParseState,
  items: readonly Node[],
  targets: TargetEntry[],
  sorted: readonly SortGroupClause[],
  options: { readonly windowClauseKind?: 'windowPartition' },
): { readonly groups: SortGroupClause[]; readonly sets: GroupingSet[] } {
  const flat = flatten(items);
  const hasSets = flat.some((item) => 'GroupingSet' in item);
  if (
    flat.length === 0 &&
    items.length > 0 &&
    options.windowClauseKind === undefined &&
    items.some((item) => 'GroupingSet' in item)
  ) {
    return { groups: [], sets: [{ kind: 'empty', location: listLocation(items) }] };
  }
  const grouper: Grouper = {
    state,
    targets,
    sorted,
    groups: [],
    seen: new Set(),
    sql99: options.windowClauseKind !== undefined,
  };
  const sets: GroupingSet[] = [];
  for (const item of flat) {
    if ('GroupingSet' in item) sets.push(bindSet(grouper, item));
    else {
      const ref = addItem(grouper, item, true);
      if (hasSets) sets.push({ kind: 'simple', refs: [ref], location: rawLocation(item) });
    }
  }
  return { groups: grouper.groups, sets };
}

interface Grouper {
  readonly state: ParseState;
  readonly targets: TargetEntry[];
  readonly sorted: readonly SortGroupClause[];
  readonly groups: SortGroupClause[];
  readonly seen: Set<number>;
  readonly sql99: boolean;
}

/** Parenthesized lists and nested GROUPING SETS are spliced into their parents. */
function flatten(items: readonly Node[]): Node[] {
  const flat: Node[] = [];
  for (const item of items) {
    if ('RowExpr' in item && item.RowExpr.row_format === 'COERCE_IMPLICIT_CAST') {
      flat.push(...flatten(item.RowExpr.args ?? []));
    } else flat.push(item);
  }
  return flat;
}

function addItem(grouper: Grouper, item: Node, toplevel: boolean): number {
  const { state, targets, groups } = grouper;
  const target = grouper.sql99
    ? findTargetSql99(state, item, targets, 'windowPartition')
    : findTargetSql92(state, item, targets, 'groupBy');
  if (target.sortGroupRef > 0 && grouper.seen.has(target.sortGroupRef)) return target.sortGroupRef;
  // An ORDER BY on the same column gives the group its operator, so that one sort serves both.
  const ordered =
    target.sortGroupRef > 0 ? grouper.sorted.find((clause) => clause.sortGroupRef === target.sortGroupRef) : undefined;
  if (ordered !== undefined && !groups.some((clause) => clause.sortGroupRef === ordered.sortGroupRef)) {
    // Within a grouping set NULL stands for all values too: such rows come after the groups that they sum up.
    groups.push(toplevel ? { ...ordered } : { ...ordered, nullsFirst: false });
  } else addGroupTarget(state, targets, target, groups, expressionLocation(target.expr));
  grouper.seen.add(target.sortGroupRef);
  return target.sortGroupRef;
}

/** One ROLLUP, CUBE, GROUPING SETS or (). */
function bindSet(
  grouper: Grouper,
  item: Node & { GroupingSet: { kind?: string; content?: Node[]; location?: number } },
): GroupingSet {
  const set = item.GroupingSet;
  const location = set.location ?? 0;
  if (set.kind === 'GROUPING_SET_EMPTY') return { kind: 'empty', location };
  const content: GroupingSet[] = [];
  for (const element of set.content ?? []) {
    if ('GroupingSet' in element) {
      const bound = bindSet(grouper, element);
      // GROUPING SETS directly within GROUPING SETS adds its members.
      if (bound.kind === 'sets' && set.kind === 'GROUPING_SET_SETS') content.push(...bound.content);
      else content.push(bound);
    } else if ('RowExpr' in element && element.RowExpr.row_format === 'COERCE_IMPLICIT_CAST') {
      const members = flatten(element.RowExpr.args ?? []);
      content.push({
        kind: 'simple',
        refs: distinctRefs(members.map((member) => addItem(grouper, member, false))),
        location: rawLocation(element),
      });
    } else {
      content.push({ kind: 'simple', refs: [addItem(grouper, element, false)], location: rawLocation(element) });
    }
  }
  if (set.kind === 'GROUPING_SET_CUBE' && content.length > 12) {
    throw pgError(SqlState.tooManyColumns, 'CUBE is limited to 12 elements', { location });
  }
  const kind = set.kind === 'GROUPING_SET_ROLLUP' ? 'rollup' : set.kind === 'GROUPING_SET_CUBE' ? 'cube' : 'sets';
  return { kind, content, location };
}

function distinctRefs(refs: readonly number[]): number[] {
  return [...new Set(refs)];
}
