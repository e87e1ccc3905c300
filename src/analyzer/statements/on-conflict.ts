// ON CONFLICT: what decides (columns, expressions, a constraint), and DO UPDATE with EXCLUDED.
import type { IndexElem, InferClause, OnConflictClause } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { stringsOf } from '../../trees/ast.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { InferenceElement, OnConflict } from '../../trees/query.js';
import { condition } from '../clauses/limit.js';
import { analyzeExpr } from '../expressions/expression.js';
import { makeVar, type Mutable, type NamespaceColumn, type ParseState, withKind } from '../parse-state.js';
import { acl, addItemToQuery, addRelation } from '../range-table.js';
import { makeTarget } from '../target-entry.js';
import { resolveCollation, resolveOpclass } from '../type-names.js';
import type { TargetTable } from './target-table.js';
import { updateTargetList } from './update.js';

/** Binds an ON CONFLICT clause; the target is the only item in the namespace. */
export function analyzeOnConflict(state: ParseState, clause: OnConflictClause, target: TargetTable): OnConflict {
  const updates = clause.action === 'ONCONFLICT_UPDATE';
  if (updates && clause.infer === undefined) {
    throw pgError(SqlState.syntaxError, 'ON CONFLICT DO UPDATE requires inference specification or constraint name', {
      hint: 'For example, ON CONFLICT (column_name).',
      location: clause.location ?? 0,
    });
  }
  if (target.relation.schemaName === 'pg_catalog') {
    throw pgError(SqlState.featureNotSupported, 'ON CONFLICT is not supported with system catalog tables', {
      location: clause.location ?? 0,
    });
  }
  const arbiter = bindArbiter(state, clause.infer, target);
  if (!updates) {
    return { action: 'nothing', ...arbiter, set: [], where: null, excludedRtIndex: 0, excludedTargetList: [] };
  }
  const excluded = addRelation(state, target.relation, {
    alias: { name: 'excluded', columns: [] },
    inherit: false,
    inFromClause: false,
    lockMode: 3,
  });
  const entry = excluded.rte as Mutable<typeof excluded.rte & { kind: 'relation' }>;
  entry.relkind = 'c';
  const permissions = state.permissions[excluded.rtIndex - 1];
  if (permissions) permissions.required = 0;
  const excludedTargetList = excludedColumns(state, excluded.columns, excluded.names.columns, excluded.rtIndex, target);
  addItemToQuery(state, excluded, { join: false, relationName: true, columns: true });
  const set = updateTargetList(state, clause.targetList ?? [], target);
  const where = condition(state, clause.whereClause, 'where', 'WHERE');
  // Reading EXCLUDED needs no privilege of its own: its columns count as read from the target.
  if (permissions) {
    for (const attno of permissions.selected) target.permissions.selected.add(attno);
    if (permissions.selected.size > 0) target.permissions.required |= acl.select;
    permissions.required = 0;
    permissions.selected.clear();
  }
  return { action: 'update', ...arbiter, set, where, excludedRtIndex: excluded.rtIndex, excludedTargetList };
}

interface Arbiter {
  readonly arbiterElements: readonly InferenceElement[];
  readonly arbiterWhere: Expression | null;
  readonly constraint: number;
}

function bindArbiter(state: ParseState, infer: InferClause | undefined, target: TargetTable): Arbiter {
  if (infer === undefined) return { arbiterElements: [], arbiterWhere: null, constraint: 0 };
  if (infer.conname !== undefined) {
    const constraint = target.relation.constraints.find((candidate) => candidate.name === infer.conname);
    if (constraint === undefined) {
      throw pgError(
        SqlState.undefinedObject,
        `constraint "${infer.conname}" for table "${target.relation.name}" does not exist`,
      );
    }
    for (const attno of constraint.keys) target.permissions.selected.add(attno);
    target.permissions.required |= acl.select;
    return { arbiterElements: [], arbiterWhere: null, constraint: constraint.oid };
  }
  const arbiterElements = (infer.indexElems ?? []).flatMap((node) =>
    'IndexElem' in node ? [bindElement(state, node.IndexElem, infer.location ?? 0)] : [],
  );
  const arbiterWhere = condition(state, infer.whereClause, 'indexPredicate', 'WHERE');
  return { arbiterElements, arbiterWhere, constraint: 0 };
}

function bindElement(state: ParseState, element: IndexElem, location: number): InferenceElement {
  const catalog = state.context.catalog;
  if (element.ordering !== undefined && element.ordering !== 'SORTBY_DEFAULT') {
    throw pgError(SqlState.invalidColumnReference, 'ASC/DESC is not allowed in ON CONFLICT clause', { location });
  }
  if (element.nulls_ordering !== undefined && element.nulls_ordering !== 'SORTBY_NULLS_DEFAULT') {
    throw pgError(SqlState.invalidColumnReference, 'NULLS FIRST/LAST is not allowed in ON CONFLICT clause', {
      location,
    });
  }
  const node = element.expr ?? { ColumnRef: { fields: [{ String: { sval: element.name ?? '' } }], location } };
  const expr = withKind(state, 'indexExpression', () => analyzeExpr(state, node));
  const collation =
    element.collation === undefined ? 0 : resolveCollation(catalog, stringsOf(element.collation), location);
  const opclass = element.opclass === undefined ? 0 : resolveOpclass(catalog, stringsOf(element.opclass), 0, 'btree');
  return { expr, collation, opclass };
}

/** EXCLUDED's columns as entries: dropped ones are null, and the whole row comes last. */
function excludedColumns(
  state: ParseState,
  columns: readonly NamespaceColumn[],
  names: readonly string[],
  rtIndex: number,
  target: TargetTable,
): TargetEntry[] {
  const entries = columns.map((column, index) => {
    const expr: Expression =
      column.varno === 0
        ? { kind: 'Const', type: 23, typmod: -1, collation: 0, value: null, location: -1 }
        : makeVar(state, column, 0, -1);
    return makeTarget(expr, index + 1, names[index] === '' ? null : (names[index] ?? null));
  });
  const whole: Expression = {
    kind: 'Var',
    varno: rtIndex,
    attno: 0,
    type: target.relation.rowType,
    typmod: -1,
    collation: 0,
    levelsUp: 0,
    nullingRels: [],
    location: -1,
  };
  entries.push(makeTarget(whole, 0, null, true));
  return entries;
}
