// DML on views with INSTEAD OF triggers: the view stays the target, its triggers get each row. For UPDATE, DELETE and MERGE
// the target is a new range table entry: the one that the query refers to is expanded like any view in FROM.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { TargetEntry } from '../trees/expression.js';
import type { Query, RangeTableEntry, RelationRte } from '../trees/query.js';
import { mapExpressionDeep, someExpressionDeep } from '../trees/walk.js';

/** pg_trigger.tgtype bits. */
const bits = { instead: 64, insert: 4, delete: 8, update: 16 } as const;

/** True where triggers do all that the query says. */
export function changesByTriggers(query: Query, view: RelationDescriptor): boolean {
  if (query.commandType === 'select') return false;
  if (query.commandType !== 'merge') return hasInsteadOf(view, query.commandType);
  const commands = mergeCommands(query);
  return commands.every((command) => hasInsteadOf(view, command));
}

/** A MERGE's commands, in the order of its actions. */
export function mergeCommands(query: Query): readonly ('insert' | 'update' | 'delete')[] {
  return query.mergeActions.flatMap(({ command }) => (command === 'nothing' ? [] : command));
}

export function hasInsteadOf(view: RelationDescriptor, command: 'insert' | 'update' | 'delete'): boolean {
  return view.triggers.some(({ type }) => (type & bits.instead) !== 0 && (type & bits[command]) !== 0);
}

/** 0A000 for a MERGE into an updatable view that has triggers for some of the actions. */
export function refusePartialMerge(query: Query, view: RelationDescriptor): void {
  if (query.commandType !== 'merge' || !mergeCommands(query).some((command) => hasInsteadOf(view, command))) return;
  throw pgError(SqlState.featureNotSupported, `cannot merge into view "${view.name}"`, {
    detail: 'MERGE is not supported for views with INSTEAD OF triggers for some actions but not all.',
    hint: 'To enable merging into the view, either provide a full set of INSTEAD OF triggers or drop the existing INSTEAD OF triggers.',
  });
}

/** The query as the planner takes it. Throws 0A000 for WHERE CURRENT OF. */
export function rewriteTriggeredView(query: Query, view: RelationDescriptor): Query {
  if (query.commandType === 'insert') return { ...query, rangeTable: query.rangeTable.map(withoutDefaults) };
  const viewSource = query.resultRelation;
  const source = query.rangeTable[viewSource - 1];
  if (source?.kind !== 'relation') throw new Error(`invariant broken: no entry of view ${view.name}`);
  refuseCurrentOf(query);
  const resultRelation = query.rangeTable.length + 1;
  const returning = query.returningList.map((entry) => ({
    ...entry,
    expr: mapExpressionDeep(entry.expr, (node, level) =>
      node.kind === 'Var' && node.levelsUp === level && node.varno === viewSource
        ? { ...node, varno: resultRelation }
        : undefined,
    ),
  }));
  const read: RelationRte = { ...source, lockMode: 1, inFromClause: true, permissions: null };
  const target: RelationRte = { ...source, inFromClause: false };
  return {
    ...query,
    targetList: [...query.targetList, wholeRow(view, viewSource, query.targetList.length + 1)],
    rangeTable: [...query.rangeTable.map((entry) => (entry === source ? read : entry)), target],
    resultRelation,
    returningList: returning,
    viewSource,
  };
}

/** The view's old row, for its triggers. */
function wholeRow(view: RelationDescriptor, rtIndex: number, resno: number): TargetEntry {
  return {
    kind: 'TargetEntry',
    expr: {
      kind: 'Var',
      varno: rtIndex,
      attno: 0,
      type: view.rowType,
      typmod: -1,
      collation: 0,
      levelsUp: 0,
      nullingRels: [],
      location: -1,
    },
    resno,
    name: 'wholerow',
    sortGroupRef: 0,
    originTable: 0,
    originColumn: 0,
    junk: true,
  };
}

function refuseCurrentOf({ joinTree }: Query): void {
  const { quals } = joinTree;
  if (quals === null || !someExpressionDeep(quals, (node) => node.kind === 'CurrentOfExpr')) return;
  throw pgError(SqlState.featureNotSupported, 'WHERE CURRENT OF on a view is not implemented');
}

/** DEFAULT in VALUES that no default of the view has replaced: the triggers get NULL. */
function withoutDefaults(entry: RangeTableEntry): RangeTableEntry {
  if (entry.kind !== 'values') return entry;
  if (!entry.rows.some((row) => row.some(({ kind }) => kind === 'SetToDefault'))) return entry;
  return {
    ...entry,
    rows: entry.rows.map((row) =>
      row.map((cell) => {
        if (cell.kind !== 'SetToDefault') return cell;
        const { type, typmod, collation } = cell;
        return { kind: 'Const', type, typmod, collation, value: null, location: -1 };
      }),
    ),
  };
}
