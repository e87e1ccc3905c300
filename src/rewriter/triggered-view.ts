// DML on views with INSTEAD OF triggers: the view stays the target, its triggers get each row. UPDATE, DELETE and MERGE
// read the view's rows from a second range table entry, which is expanded like any view in FROM.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { JoinTreeNode, Query, RangeTableEntry, RelationRte } from '../trees/query.js';
import { mapQueryDeep } from '../trees/walk.js';

/** pg_trigger.tgtype bits. */
const bits = { instead: 64, insert: 4, delete: 8, update: 16 } as const;

/** True where triggers do what the query says. Throws 0A000 for a MERGE that has triggers for some of its actions. */
export function changesByTriggers(query: Query, view: RelationDescriptor): boolean {
  const has = (command: keyof typeof bits): boolean =>
    view.triggers.some(({ type }) => (type & bits.instead) !== 0 && (type & bits[command]) !== 0);
  if (query.commandType === 'select') return false;
  if (query.commandType !== 'merge') return has(query.commandType);
  const commands = query.mergeActions.flatMap(({ command }) => (command === 'nothing' ? [] : command));
  const covered = commands.filter(has);
  if (covered.length === 0) return false;
  if (covered.length === commands.length) return true;
  throw pgError(SqlState.featureNotSupported, `cannot merge into view "${view.name}"`, {
    detail: 'MERGE is not supported for views with INSTEAD OF triggers for some actions but not all.',
    hint: 'To enable merging into the view, either provide a full set of INSTEAD OF triggers or drop the existing INSTEAD OF triggers.',
  });
}

/** The query as the planner takes it. */
export function rewriteTriggeredView(query: Query, view: RelationDescriptor): Query {
  if (query.commandType === 'insert') return { ...query, rangeTable: query.rangeTable.map(withoutDefaults) };
  const viewIndex = query.resultRelation;
  const target = query.rangeTable[viewIndex - 1];
  if (target?.kind !== 'relation') throw new Error(`invariant broken: no entry of view ${view.name}`);
  const viewSource = query.rangeTable.length + 1;
  const source: RelationRte = { ...target, lockMode: 1, inFromClause: true, permissions: null };
  const { returningList } = query;
  const read = mapQueryDeep({ ...query, returningList: [] }, (node, level) => {
    if (node.kind !== 'Var' || node.levelsUp !== level || node.varno !== viewIndex) return undefined;
    return { ...node, varno: viewSource };
  });
  const moved = (node: JoinTreeNode): JoinTreeNode => {
    if (node.kind === 'RangeTableRef') return node.rtIndex === viewIndex ? { ...node, rtIndex: viewSource } : node;
    if (node.kind === 'JoinExpr') return { ...node, left: moved(node.left), right: moved(node.right) };
    return { ...node, fromList: node.fromList.map(moved) };
  };
  return {
    ...read,
    rangeTable: [...read.rangeTable, source],
    joinTree: { ...read.joinTree, fromList: read.joinTree.fromList.map(moved) },
    returningList,
    viewSource,
  };
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
