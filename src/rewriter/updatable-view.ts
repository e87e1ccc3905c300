// DML on automatically updatable views (manual, CREATE VIEW): the target becomes the view's one base relation, columns
// of the view become the expressions they stand for, its condition is added, WITH CHECK OPTION is kept for the plan.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import type {
  FromExpr,
  JoinTreeNode,
  MergeAction,
  OnConflict,
  Query,
  RangeTableEntry,
  RelationRte,
  RtePermissions,
  ViewCheckOption,
} from '../trees/query.js';
import { mapChildren, mapExpressionDeep, mapQueryDeep, shiftLevels } from '../trees/walk.js';
import type { RewriteContext } from './context.js';
import { behindBarrier } from './security-barrier.js';
import { hasInsteadOf, mergeCommands, refusePartialMerge } from './triggered-view.js';
import { hasOption, viewBody } from './views.js';

/** Turns DML on a view into DML on its base relation. Throws 55000 with the reason where the view is not updatable. */
export function rewriteUpdatableView(query: Query, view: RelationDescriptor, context: RewriteContext): Query {
  const body = viewBody(view, context);
  const reason = notUpdatableReason(body, context);
  if (reason !== null) throw notUpdatable(query, view, reason);
  refusePartialMerge(query, view);
  const baseIndex = soleRelation(body);
  const baseEntry = body.rangeTable[baseIndex - 1];
  if (baseEntry?.kind !== 'relation') throw new Error('invariant broken: an updatable view without a base relation');
  checkColumns(query, view, body, baseIndex);
  const viewIndex = query.resultRelation;
  const newIndex = query.rangeTable.length + 1;
  const moved = moveBody(body, baseIndex, newIndex);
  const viewEntry = query.rangeTable[viewIndex - 1];
  if (viewEntry?.kind !== 'relation') throw new Error('invariant broken: the target view left the range table');
  const base: RelationRte = {
    ...baseEntry,
    inFromClause: false,
    lockMode: 3,
    inherit: baseEntry.inherit,
    permissions: basePermissions(viewEntry, baseEntry, moved, view),
  };
  const replaced = replaceViewColumns(query, viewIndex, newIndex, moved, context, baseEntry);
  const excluded = query.onConflict?.excludedRtIndex ?? 0;
  const rangeTable: RangeTableEntry[] = [
    ...replaced.rangeTable.map((entry, index) => (index === excluded - 1 ? excludedEntry(entry, baseEntry) : entry)),
    base,
  ];
  const qual = moved.qual;
  const guarded = (quals: Expression | null): Expression | null =>
    qual !== null && hasOption(view, 'security_barrier') ? behindBarrier(context, quals, qual) : quals;
  const joinTree = substituteTarget(
    { ...replaced.joinTree, quals: guarded(replaced.joinTree.quals) },
    viewIndex,
    newIndex,
    query.commandType,
    qual,
  );
  const baseAttributes = context.catalog.requireRelation(baseEntry.relation).attributes;
  const names = (attno: number): string | null => baseAttributes[attno - 1]?.name ?? null;
  const targetList = mapTargets(replaced.targetList, moved.columns, query.commandType, names);
  const result: Query = {
    ...replaced,
    resultRelation: newIndex,
    rangeTable,
    joinTree,
    targetList,
    hasSubLinks: query.hasSubLinks || body.hasSubLinks,
    mergeActions: replaced.mergeActions.map((action) => mapAction(action, moved.columns, qual, names)),
    mergeJoinCondition:
      replaced.mergeJoinCondition === null
        ? null
        : and(guarded(replaced.mergeJoinCondition), query.commandType === 'merge' ? qual : null),
    onConflict:
      replaced.onConflict === null
        ? null
        : mapOnConflict(replaced.onConflict, moved.columns, context, baseEntry, newIndex),
    ...checkOptions(query, view, qual),
  };
  return result;
}

/** EXCLUDED's entry: a row of the base relation now. */
function excludedEntry(entry: RangeTableEntry, base: RelationRte): RangeTableEntry {
  if (entry.kind !== 'relation') return entry;
  return { ...entry, relation: base.relation, eref: { name: entry.eref.name, columns: base.eref.columns } };
}

interface Moved {
  /** The view's columns (by number - 1) over the base relation's new RT index. */
  readonly columns: readonly Expression[];
  readonly qual: Expression | null;
}

function moveBody(body: Query, baseIndex: number, newIndex: number): Moved {
  const move = (expression: Expression): Expression =>
    mapExpressionDeep(expression, (node, level) =>
      node.kind === 'Var' && node.levelsUp === level && node.varno === baseIndex
        ? { ...node, varno: newIndex }
        : undefined,
    );
  return {
    columns: body.targetList.filter((entry) => !entry.junk).map((entry) => move(entry.expr)),
    qual: body.joinTree.quals === null ? null : move(body.joinTree.quals),
  };
}

function soleRelation(body: Query): number {
  const [only] = body.joinTree.fromList;
  return only?.kind === 'RangeTableRef' ? only.rtIndex : 0;
}

/** Why a view's query can't be updated through; null where it can. */
export function notUpdatableReason(body: Query, context: RewriteContext): string | null {
  const containing = (what: string): string => `Views containing ${what} are not automatically updatable.`;
  if (body.distinctClause.length > 0) return containing('DISTINCT');
  if (body.groupClause.length > 0 || body.groupingSets.length > 0) return containing('GROUP BY');
  if (body.having !== null) return containing('HAVING');
  if (body.setOperations !== null) return containing('UNION, INTERSECT, or EXCEPT');
  if (body.ctes.length > 0) return containing('WITH');
  if (body.limitOffset !== null || body.limitCount !== null) return containing('LIMIT or OFFSET');
  if (body.hasAggregates) return 'Views that return aggregate functions are not automatically updatable.';
  if (body.hasWindowFunctions) return 'Views that return window functions are not automatically updatable.';
  if (body.hasTargetSets) return 'Views that return set-returning functions are not automatically updatable.';
  const single = 'Views that do not select from a single table or view are not automatically updatable.';
  if (body.joinTree.fromList.length !== 1) return single;
  const base = body.rangeTable[soleRelation(body) - 1];
  if (base?.kind !== 'relation' || !['r', 'f', 'v', 'p'].includes(base.relkind)) return single;
  if (base.tableSample !== null) return containing('TABLESAMPLE');
  const relation = context.catalog.relation(base.relation);
  if (relation === null) return single;
  const updatable = body.targetList.some((entry) => !entry.junk && columnReason(entry, soleRelation(body)) === null);
  return updatable ? null : 'Views that have no updatable columns are not automatically updatable.';
}

/** Why one column of a view can't be assigned to; null where it can. */
export function columnReason(entry: TargetEntry, baseIndex: number): string | null {
  const { expr } = entry;
  if (entry.junk || expr.kind !== 'Var' || expr.varno !== baseIndex || expr.levelsUp !== 0) {
    return 'View columns that are not columns of their base relation are not updatable.';
  }
  if (expr.attno < 0) return 'View columns that refer to system columns are not updatable.';
  return expr.attno === 0 ? 'View columns that return whole-row references are not updatable.' : null;
}

function notUpdatable(query: Query, view: RelationDescriptor, detail: string): Error {
  const events = {
    insert: ['insert into', 'inserting into', 'INSERT'],
    update: ['update', 'updating', 'UPDATE'],
    delete: ['delete from', 'deleting from', 'DELETE'],
  } as const;
  const isMerge = query.commandType === 'merge';
  const action = mergeCommands(query).find((candidate) => !hasInsteadOf(view, candidate));
  const command = isMerge ? action : query.commandType;
  const [verb, doing, event] = events[command === 'insert' || command === 'delete' ? command : 'update'];
  const hint = isMerge
    ? `To enable ${doing} the view using MERGE, provide an INSTEAD OF ${event} trigger.`
    : `To enable ${doing} the view, provide an INSTEAD OF ${event} trigger or an unconditional ON ${event} DO INSTEAD rule.`;
  return pgError(SqlState.objectNotInPrerequisiteState, `cannot ${verb} view "${view.name}"`, { detail, hint });
}

/** Every assigned column must be a plain column of the base relation. */
function checkColumns(query: Query, view: RelationDescriptor, body: Query, baseIndex: number): void {
  const lists = [
    query.targetList,
    query.onConflict?.set ?? [],
    ...query.mergeActions.map((action) => action.targetList),
  ];
  const outputs = body.targetList.filter((entry) => !entry.junk);
  // Columns given as DEFAULT are gone from the lists by now, but count as assigned too.
  const target = query.rangeTable[query.resultRelation - 1];
  const permissions = target?.kind === 'relation' ? target.permissions : null;
  const written = [...(permissions?.inserted ?? []), ...(permissions?.updated ?? [])].map((resno) => ({
    resno,
    name: null,
    junk: false,
  }));
  for (const list of [written, ...lists]) {
    for (const entry of list) {
      if (entry.junk) continue;
      const column = outputs[entry.resno - 1];
      const reason = column === undefined ? null : columnReason(column, baseIndex);
      if (reason === null) continue;
      const verb =
        query.commandType === 'insert' ? 'insert into' : query.commandType === 'merge' ? 'merge into' : 'update';
      throw pgError(
        SqlState.featureNotSupported,
        `cannot ${verb} column "${entry.name ?? view.attributes[entry.resno - 1]?.name ?? ''}" of view "${view.name}"`,
        { detail: reason },
      );
    }
  }
}

/** What the view's owner (or the invoker) needs on the base relation: what the user needs on the view, by columns. */
function basePermissions(
  view: RelationRte,
  base: RelationRte,
  moved: Moved,
  descriptor: RelationDescriptor,
): RtePermissions {
  const wanted = view.permissions;
  const map = (columns: readonly number[]): number[] => {
    const result = new Set<number>();
    for (const number of columns) {
      const expr = moved.columns[number - 1];
      if (expr !== undefined) collectColumns(expr, result);
    }
    return [...result].sort((left, right) => left - right);
  };
  const selected = new Set([...(base.permissions?.selected ?? []), ...map(wanted?.selected ?? [])]);
  return {
    required: wanted?.required ?? 0,
    checkAsUser: hasOption(descriptor, 'security_invoker') ? 0 : descriptor.owner,
    selected: [...selected].sort((left, right) => left - right),
    inserted: map(wanted?.inserted ?? []),
    updated: map(wanted?.updated ?? []),
  };
}

function collectColumns(expression: Expression, into: Set<number>): void {
  if (expression.kind === 'Var' && expression.levelsUp === 0) into.add(expression.attno);
  mapChildren(expression, (child) => {
    collectColumns(child, into);
    return child;
  });
}

/** References to the view's columns become the expressions they stand for. */
function replaceViewColumns(
  query: Query,
  viewIndex: number,
  newIndex: number,
  moved: Moved,
  context: RewriteContext,
  base: RelationRte,
): Query {
  const view = query.rangeTable[viewIndex - 1];
  return mapQueryDeep(query, (node, level) => {
    if (node.kind === 'CurrentOfExpr' && node.varno === viewIndex && level === 0) return { ...node, varno: newIndex };
    if (node.kind !== 'Var' || node.levelsUp !== level || node.varno !== viewIndex) return undefined;
    if (node.attno < 0) return { ...node, varno: newIndex };
    if (node.attno === 0) {
      const names = view?.eref.columns ?? [];
      return {
        kind: 'RowExpr',
        args: moved.columns.map((column) => shiftLevels(column, level)),
        type: node.type,
        form: 'implicitCast',
        columnNames: names,
        location: node.location,
      };
    }
    const column = moved.columns[node.attno - 1];
    if (column === undefined)
      throw notSupported(
        `a reference to column ${node.attno} of a view over ${context.catalog.relation(base.relation)?.name ?? ''}`,
      );
    return shiftLevels(column, level);
  });
}

function substituteTarget(
  joinTree: FromExpr,
  viewIndex: number,
  newIndex: number,
  commandType: Query['commandType'],
  qual: Expression | null,
): FromExpr {
  const substitute = (node: JoinTreeNode): JoinTreeNode => {
    if (node.kind === 'RangeTableRef') return node.rtIndex === viewIndex ? { ...node, rtIndex: newIndex } : node;
    if (node.kind === 'JoinExpr') return { ...node, left: substitute(node.left), right: substitute(node.right) };
    return { ...node, fromList: node.fromList.map(substitute) };
  };
  const fromList = joinTree.fromList.map(substitute);
  const quals = commandType === 'update' || commandType === 'delete' ? and(qual, joinTree.quals) : joinTree.quals;
  return { kind: 'FromExpr', fromList, quals };
}

function and(left: Expression | null, right: Expression | null): Expression | null {
  if (left === null) return right;
  if (right === null) return left;
  return { kind: 'BoolExpr', op: 'and', args: [left, right], location: -1 };
}

/** Assignments to view columns become assignments to the base relation's columns. */
function mapTargets(
  list: readonly TargetEntry[],
  columns: readonly Expression[],
  commandType: Query['commandType'],
  names: (attno: number) => string | null,
): TargetEntry[] {
  if (commandType !== 'insert' && commandType !== 'update' && commandType !== 'merge') return [...list];
  return list.map((entry) => {
    if (entry.junk) return entry;
    const column = columns[entry.resno - 1];
    if (column?.kind !== 'Var') throw new Error('invariant broken: an assignment to a column that is none');
    return { ...entry, resno: column.attno, name: names(column.attno) };
  });
}

function mapAction(
  action: MergeAction,
  columns: readonly Expression[],
  qual: Expression | null,
  names: (attno: number) => string | null,
): MergeAction {
  const targetList = mapTargets(action.targetList, columns, 'merge', names);
  const condition = action.match === 'notMatchedBySource' ? and(qual, action.condition) : action.condition;
  return { ...action, targetList, condition };
}

/** EXCLUDED was a row of the view: it becomes one of the base relation, seen through the same columns. */
function mapOnConflict(
  clause: OnConflict,
  columns: readonly Expression[],
  context: RewriteContext,
  base: RelationRte,
  newIndex: number,
): OnConflict {
  if (clause.action === 'nothing') return clause;
  const excluded = clause.excludedRtIndex;
  const overExcluded = (column: Expression): Expression =>
    mapExpressionDeep(column, (node, level) =>
      node.kind === 'Var' && node.levelsUp === level && node.varno === newIndex
        ? { ...node, varno: excluded }
        : undefined,
    );
  const moveExcluded = (expression: Expression): Expression =>
    mapExpressionDeep(expression, (node, level) => {
      if (node.kind !== 'Var' || node.levelsUp !== level || node.varno !== excluded || node.attno <= 0)
        return undefined;
      const column = columns[node.attno - 1];
      return column === undefined ? undefined : shiftLevels(overExcluded(column), level);
    });
  const relation = context.catalog.requireRelation(base.relation);
  const names = (attno: number): string | null => relation.attributes[attno - 1]?.name ?? null;
  return {
    ...clause,
    set: mapTargets(clause.set, columns, 'update', names).map((entry) => ({
      ...entry,
      expr: moveExcluded(entry.expr),
    })),
    where: clause.where === null ? null : moveExcluded(clause.where),
    excludedTargetList: relation.attributes.map(
      (attribute): TargetEntry => ({
        kind: 'TargetEntry',
        expr: {
          kind: 'Var',
          varno: excluded,
          attno: attribute.number,
          type: attribute.type,
          typmod: attribute.typmod,
          collation: attribute.collation,
          levelsUp: 0,
          nullingRels: [],
          location: -1,
        },
        resno: attribute.number,
        name: attribute.name,
        sortGroupRef: 0,
        originTable: 0,
        originColumn: 0,
        junk: false,
      }),
    ),
  };
}

/** WITH CHECK OPTION of this view, and what a cascaded one above it adds. Inner views' checks come first. */
function checkOptions(
  query: Query,
  view: RelationDescriptor,
  qual: Expression | null,
): { readonly withCheckOptions?: readonly ViewCheckOption[] } {
  if (query.commandType === 'delete') return {};
  const option = view.options.find((candidate) => candidate.startsWith('check_option='))?.slice('check_option='.length);
  const above = query.withCheckOptions ?? [];
  const cascadedAbove = above.some((check) => check.cascaded);
  if (qual === null && above.length === 0 && option === undefined) return {};
  const own: ViewCheckOption[] =
    qual !== null && (option !== undefined || cascadedAbove)
      ? [{ viewName: view.name, cascaded: option === 'cascaded' || cascadedAbove, qual }]
      : option === 'cascaded'
        ? [
            {
              viewName: view.name,
              cascaded: true,
              qual: { kind: 'Const', type: 16, typmod: -1, collation: 0, value: true, location: -1 },
            },
          ]
        : [];
  const all = [...own, ...above];
  return all.length === 0 ? {} : { withCheckOptions: all };
}
