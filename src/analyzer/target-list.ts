// SELECT lists, RETURNING lists and assignments: stars expanded, columns named, origins traced, values coerced to the
// target column, assignments to array elements and fields of composite columns.
import type { Node, ResTarget } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import { stringOf } from '../trees/ast.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import { expressionLocation, expressionType } from '../trees/expression-type.js';
import type { Query, RangeTableEntry } from '../trees/query.js';
import { coerceType } from './coercion/coerce.js';
import { figureColumnName } from './column-names.js';
import { findQualifiedItem } from './expressions/column-ref.js';
import { analyzeExpr } from './expressions/expression.js';
import { analyzeIndirection } from './expressions/indirection.js';
import { requireRow, rowFields } from './functions/field.js';
import { missingItem } from './names.js';
import { type ExpressionKind, type Mutable, type ParseState, withKind } from './parse-state.js';
import { expandToTargets, markSelected } from './range-table.js';
import { recordColumns } from './record-columns.js';
import { makeTarget } from './target-entry.js';
import { typeOid } from './type-oids.js';

/** Binds a list of output columns (SELECT, RETURNING); stars are expanded. */
export function analyzeTargetList(state: ParseState, nodes: readonly Node[], kind: ExpressionKind): TargetEntry[] {
  return withKind(state, kind, () => {
    const targets: TargetEntry[] = [];
    for (const node of nodes) {
      if (!('ResTarget' in node)) continue;
      const target: ResTarget = node.ResTarget;
      if (target.val === undefined) continue;
      const expanded = kind === 'updateSource' ? null : expandStar(state, target.val);
      if (expanded !== null) targets.push(...expanded);
      else targets.push(targetEntry(state, target.val, target.name ?? null));
    }
    if (state.multiAssigns.length > 0) {
      for (const extra of state.multiAssigns) {
        (extra as Mutable<TargetEntry>).resno = state.nextResno++;
        targets.push(extra);
      }
      state.multiAssigns = [];
    }
    return targets;
  });
}

/** One output column; `name` null: figured out from the expression. */
export function targetEntry(state: ParseState, node: Node, name: string | null): TargetEntry {
  const expr = analyzeExpr(state, node);
  return makeTarget(expr, state.nextResno++, name ?? figureColumnName(node));
}

/** The columns that `*`, `t.*` or `(x).*` stand for; null where the node is no star. */
export function expandStar(state: ParseState, node: Node): TargetEntry[] | null {
  if ('ColumnRef' in node) {
    const fields = node.ColumnRef.fields ?? [];
    const last = fields[fields.length - 1];
    if (last === undefined || !('A_Star' in last)) return null;
    const location = node.ColumnRef.location ?? 0;
    return fields.length === 1 ? expandAll(state, location) : expandQualified(state, fields, location);
  }
  if ('A_Indirection' in node) {
    const parts = node.A_Indirection.indirection ?? [];
    const last = parts[parts.length - 1];
    if (last === undefined || !('A_Star' in last)) return null;
    const arg = node.A_Indirection.arg;
    const value = analyzeIndirection(state, { ...(arg === undefined ? {} : { arg }), indirection: parts.slice(0, -1) });
    return expandRow(state, value, expressionLocation(value));
  }
  return null;
}

function expandAll(state: ParseState, location: number): TargetEntry[] {
  const targets: TargetEntry[] = [];
  let any = false;
  for (const item of state.namespace) {
    if (!item.columnsVisible) continue;
    any = true;
    targets.push(...expandToTargets(state, item, 0, location));
  }
  if (!any) throw pgError(SqlState.syntaxError, 'SELECT * with no tables specified is not valid', { location });
  return targets;
}

function expandQualified(state: ParseState, fields: readonly Node[], location: number): TargetEntry[] {
  const names = fields.slice(0, -1).map(stringOf);
  const name = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? '') : null;
  if (names.length > 3) {
    throw pgError(SqlState.syntaxError, `improper qualified name (too many dotted names): ${names.join('.')}.*`, {
      location,
    });
  }
  if (names.length === 3 && names[0] !== state.context.catalog.databaseName) {
    throw pgError(SqlState.featureNotSupported, `cross-database references are not implemented: ${names.join('.')}.*`, {
      location,
    });
  }
  const found = findQualifiedItem(state, schema, name, location);
  if (found !== null) return expandToTargets(state, found.item, found.levelsUp, location);
  const resolved = state.context.resolveName?.(names, location) ?? null;
  if (resolved !== null) return expandRow(state, resolved, location);
  throw missingItem(state, schema === null ? { relname: name } : { relname: name, schemaname: schema }, location);
}

function expandRow(state: ParseState, value: Expression, location: number): TargetEntry[] {
  if (value.kind === 'Var' && value.attno === 0) {
    const item = itemOf(state, value.varno, value.levelsUp);
    if (item !== null) return expandToTargets(state, item, value.levelsUp, location);
  }
  requireRow(state, value, location);
  if (expressionType(value) === typeOid.record && recordColumns(state, value) === null) {
    throw pgError(SqlState.wrongObjectType, 'record type has not been registered', { location });
  }
  if (value.kind === 'Var') markSelected(state, value);
  return rowFields(state, value).map((field) =>
    makeTarget(
      {
        kind: 'FieldSelect',
        arg: value,
        fieldNumber: field.number,
        type: field.type,
        typmod: field.typmod,
        collation: field.collation,
      },
      state.nextResno++,
      field.name,
    ),
  );
}

function itemOf(state: ParseState, varno: number, levelsUp: number): ParseState['namespace'][number] | null {
  let level: ParseState | null = state;
  for (let up = levelsUp; up > 0 && level !== null; up--) level = level.parent;
  return level?.namespace.find((item) => item.rtIndex === varno) ?? null;
}

/** Unknown literals in an output list become text. */
export function resolveUnknowns(state: ParseState, targets: readonly TargetEntry[]): void {
  for (const target of targets) {
    if (expressionType(target.expr) === typeOid.unknown) {
      (target as Mutable<TargetEntry>).expr = coerceType(state, target.expr, typeOid.text, -1, {
        context: 'implicit',
        form: 'implicitCast',
        location: -1,
      });
    }
  }
}

/** Records from which table column each plain output column comes. */
export function markOrigins(state: ParseState, targets: readonly TargetEntry[]): void {
  for (const target of targets) {
    const origin = originOf(state, target.expr, state.rangeTable, 0);
    if (origin === null) continue;
    const entry = target as Mutable<TargetEntry>;
    entry.originTable = origin.table;
    entry.originColumn = origin.column;
  }
}

interface Origin {
  readonly table: number;
  readonly column: number;
}

function originOf(
  state: ParseState,
  expr: Expression,
  rangeTable: readonly RangeTableEntry[],
  levelsUp: number,
): Origin | null {
  if (expr.kind !== 'Var') return null;
  let level: ParseState | null = state;
  for (let up = expr.levelsUp + levelsUp; up > 0 && level !== null; up--) level = level.parent;
  if (level === null) return null;
  const entry = (expr.levelsUp === 0 ? rangeTable : level.rangeTable)[expr.varno - 1];
  if (entry === undefined) return null;
  switch (entry.kind) {
    case 'relation':
      return { table: entry.relation, column: expr.attno };
    case 'subquery': {
      const column = visibleColumns(entry.subquery)[expr.attno - 1];
      return column === undefined || column.originTable === 0
        ? null
        : { table: column.originTable, column: column.originColumn };
    }
    case 'join': {
      const alias = entry.aliasVars[expr.attno - 1];
      return alias
        ? originOf(
            level,
            { ...alias, ...(alias.kind === 'Var' ? { levelsUp: 0 } : {}) } as Expression,
            level.rangeTable,
            0,
          )
        : null;
    }
    case 'cte': {
      if (entry.selfReference) return null;
      let owner: ParseState | null = level;
      for (let up = entry.cteLevelsUp; up > 0 && owner !== null; up--) owner = owner.parent;
      const cte = owner?.ctes.find((candidate) => candidate.name === entry.cteName);
      if (cte === undefined || !cte.analyzed) return null;
      const column = visibleColumns(cte.expr.query)[expr.attno - 1];
      return column === undefined || column.originTable === 0
        ? null
        : { table: column.originTable, column: column.originColumn };
    }
    default:
      return null;
  }
}

function visibleColumns(query: Query): readonly TargetEntry[] {
  return (query.commandType === 'select' ? query.targetList : query.returningList).filter((entry) => !entry.junk);
}
