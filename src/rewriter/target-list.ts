// INSERT, UPDATE and MERGE target lists: assignments to parts of one column merged, defaults filled in, identity and
// generated columns guarded, DEFAULT in VALUES lists replaced. PostgreSQL's rewriteTargetListIU and rewriteValuesRTE.
import type { AttributeDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import type { Query, RangeTableEntry, ValuesRte } from '../trees/query.js';
import type { RewriteContext } from './context.js';
import { columnDefault, nullOf } from './defaults.js';

/** Completes all target lists of a data-modifying query. Throws 428C9, 42601. */
export function completeTargetLists(query: Query, relation: RelationDescriptor, context: RewriteContext): Query {
  switch (query.commandType) {
    case 'insert':
      return completeInsert(query, relation, context);
    case 'update':
      return { ...query, targetList: completeUpdate(query.targetList, relation, context) };
    case 'merge':
      return {
        ...query,
        mergeActions: query.mergeActions.map((action) => {
          if (action.command === 'insert') {
            return { ...action, targetList: insertList(action.targetList, relation, context, action.override, null) };
          }
          return action.command === 'update'
            ? { ...action, targetList: completeUpdate(action.targetList, relation, context) }
            : action;
        }),
      };
    default:
      return query;
  }
}

function completeInsert(query: Query, relation: RelationDescriptor, context: RewriteContext): Query {
  const values = valuesEntry(query);
  const defaulted = values === null ? null : { rtIndex: values.rtIndex, columns: columnsOfDefaults(values.entry) };
  const overridden = new Set<number>();
  const targetList = insertList(query.targetList, relation, context, query.override, defaulted, overridden);
  let rangeTable: readonly RangeTableEntry[] = query.rangeTable;
  if (values !== null) {
    const rows = fillValues(values.entry, values.rtIndex, query.targetList, relation, context, overridden);
    if (rows !== values.entry.rows) {
      rangeTable = rangeTable.map((entry) => (entry === values.entry ? { ...values.entry, rows } : entry));
    }
  }
  const onConflict =
    query.onConflict === null || query.onConflict.action !== 'update'
      ? query.onConflict
      : { ...query.onConflict, set: completeUpdate(query.onConflict.set, relation, context) };
  return { ...query, targetList, rangeTable, onConflict };
}

/** A multi-row VALUES source: its entry and RT index. */
function valuesEntry(query: Query): { readonly entry: ValuesRte; readonly rtIndex: number } | null {
  const [only] = query.joinTree.fromList;
  if (query.joinTree.fromList.length !== 1 || only?.kind !== 'RangeTableRef') return null;
  const entry = query.rangeTable[only.rtIndex - 1];
  return entry?.kind === 'values' ? { entry, rtIndex: only.rtIndex } : null;
}

/** Columns (0-based) of a VALUES list in which every row says DEFAULT. */
function columnsOfDefaults(entry: ValuesRte): Set<number> {
  const columns = new Set<number>();
  const width = entry.rows[0]?.length ?? 0;
  for (let column = 0; column < width; column++) {
    if (entry.rows.every((row) => row[column]?.kind === 'SetToDefault')) columns.add(column);
  }
  return columns;
}

function insertList(
  list: readonly TargetEntry[],
  relation: RelationDescriptor,
  context: RewriteContext,
  override: Query['override'],
  defaulted: { readonly rtIndex: number; readonly columns: ReadonlySet<number> } | null,
  overridden: Set<number> = new Set(),
): TargetEntry[] {
  const merged = mergeAssignments(list);
  const result: TargetEntry[] = [];
  for (const attribute of relation.attributes) {
    if (attribute.isDropped) continue;
    const entry = merged.get(attribute.number) ?? null;
    const isDefault = entry === null || entry.expr.kind === 'SetToDefault';
    const fromDefaults = entry !== null && isDefaultedColumn(entry.expr, defaulted);
    let useDefault = isDefault;
    if (attribute.identity === 'a' && !isDefault) {
      if (override === 'user') useDefault = true;
      else if (override !== 'system') {
        if (!fromDefaults) throw cannotInsert(attribute, 'an identity column defined as GENERATED ALWAYS', true);
        useDefault = true;
      }
    }
    if (attribute.identity === 'd' && override === 'user') useDefault = true;
    if (attribute.generated !== '') {
      if (!isDefault && !fromDefaults) throw cannotInsert(attribute, 'a generated column', false);
      if (entry !== null) noteOverridden(entry, overridden);
      continue;
    }
    if (!useDefault) {
      if (entry !== null) result.push(entry);
      continue;
    }
    if (entry !== null) noteOverridden(entry, overridden);
    // Views have no columns of their own: what they don't default is left to the base table.
    const expr =
      columnDefault(context.catalog, relation, attribute) ??
      (relation.kind === 'v' ? null : nullOf(context.catalog, attribute));
    if (expr !== null) result.push(assignment(attribute, expr));
  }
  return [...result, ...list.filter((entry) => entry.junk)];
}

function noteOverridden(entry: TargetEntry, overridden: Set<number>): void {
  if (entry.expr.kind === 'Var') overridden.add(entry.expr.attno - 1);
}

function isDefaultedColumn(
  expr: Expression,
  defaulted: { readonly rtIndex: number; readonly columns: ReadonlySet<number> } | null,
): boolean {
  return (
    defaulted !== null &&
    expr.kind === 'Var' &&
    expr.varno === defaulted.rtIndex &&
    defaulted.columns.has(expr.attno - 1)
  );
}

function cannotInsert(attribute: AttributeDescriptor, what: string, isIdentity: boolean): Error {
  return pgError(SqlState.generatedAlways, `cannot insert a non-DEFAULT value into column "${attribute.name}"`, {
    detail: `Column "${attribute.name}" is ${what}.`,
    hint: isIdentity ? 'Use OVERRIDING SYSTEM VALUE to override.' : undefined,
  });
}

function completeUpdate(
  list: readonly TargetEntry[],
  relation: RelationDescriptor,
  context: RewriteContext,
): TargetEntry[] {
  const merged = mergeAssignments(list);
  const result: TargetEntry[] = [];
  for (const attribute of relation.attributes) {
    const entry = merged.get(attribute.number);
    if (attribute.isDropped || entry === undefined) continue;
    const isDefault = entry.expr.kind === 'SetToDefault';
    const refuse = (what: string): Error =>
      pgError(SqlState.generatedAlways, `column "${attribute.name}" can only be updated to DEFAULT`, {
        detail: `Column "${attribute.name}" is ${what}.`,
      });
    if (attribute.identity === 'a' && !isDefault) throw refuse('an identity column defined as GENERATED ALWAYS');
    if (attribute.generated !== '') {
      if (!isDefault) throw refuse('a generated column');
      continue;
    }
    if (!isDefault) result.push(entry);
    else
      result.push(
        assignment(
          attribute,
          columnDefault(context.catalog, relation, attribute) ?? nullOf(context.catalog, attribute),
        ),
      );
  }
  return [...result, ...list.filter((entry) => entry.junk)];
}

function assignment(attribute: AttributeDescriptor, expr: Expression): TargetEntry {
  return {
    kind: 'TargetEntry',
    expr,
    resno: attribute.number,
    name: attribute.name,
    sortGroupRef: 0,
    originTable: 0,
    originColumn: 0,
    junk: false,
  };
}

/** One entry for each column: assignments to several fields or elements of one are nested into each other. */
function mergeAssignments(list: readonly TargetEntry[]): Map<number, TargetEntry> {
  const merged = new Map<number, TargetEntry>();
  for (const entry of list) {
    if (entry.junk) continue;
    const prior = merged.get(entry.resno);
    merged.set(entry.resno, prior === undefined ? entry : { ...entry, expr: nest(prior.expr, entry) });
  }
  return merged;
}

/** The later of two partial assignments with the earlier one as its input. Throws 42601 for two whole ones. */
function nest(prior: Expression, entry: TargetEntry): Expression {
  const priorInner = withoutDomain(prior);
  const inner = withoutDomain(entry.expr);
  const conflict = (): Error =>
    pgError(SqlState.syntaxError, `multiple assignments to same column "${entry.name ?? ''}"`);
  if (inputOf(priorInner) === null || inputOf(inner) === null) throw conflict();
  if (inner.kind === 'FieldStore') {
    if (priorInner.kind === 'FieldStore' && priorInner.type === inner.type) {
      return rewrap(entry.expr, {
        ...priorInner,
        newValues: [...priorInner.newValues, ...inner.newValues],
        fieldNumbers: [...priorInner.fieldNumbers, ...inner.fieldNumbers],
      });
    }
    return rewrap(entry.expr, { ...inner, arg: priorInner });
  }
  if (inner.kind === 'SubscriptingRef') return rewrap(entry.expr, { ...inner, container: priorInner });
  throw conflict();
}

function withoutDomain(expr: Expression): Expression {
  return expr.kind === 'CoerceToDomain' && inputOf(expr.arg) !== null ? expr.arg : expr;
}

function rewrap(original: Expression, inner: Expression): Expression {
  return original.kind === 'CoerceToDomain' && inputOf(original.arg) !== null ? { ...original, arg: inner } : inner;
}

function inputOf(expr: Expression): Expression | null {
  if (expr.kind === 'FieldStore') return expr.arg;
  return expr.kind === 'SubscriptingRef' && expr.assignment !== null ? expr.container : null;
}

/** Replaces DEFAULT in VALUES rows: by the column's default, or NULL where it has none or is overridden anyway. */
function fillValues(
  entry: ValuesRte,
  rtIndex: number,
  targetList: readonly TargetEntry[],
  relation: RelationDescriptor,
  context: RewriteContext,
  overridden: ReadonlySet<number>,
): ValuesRte['rows'] {
  if (!entry.rows.some((row) => row.some((cell) => cell.kind === 'SetToDefault'))) return entry.rows;
  const attributes = new Map<number, AttributeDescriptor>();
  for (const target of targetList) {
    const attribute = relation.attributes[target.resno - 1];
    if (target.expr.kind === 'Var' && target.expr.varno === rtIndex && attribute !== undefined) {
      attributes.set(target.expr.attno - 1, attribute);
    }
  }
  return entry.rows.map((row) =>
    row.map((cell, column) => {
      if (cell.kind !== 'SetToDefault') return cell;
      const attribute = attributes.get(column);
      if (attribute === undefined || overridden.has(column) || attribute.generated !== '') {
        return {
          kind: 'Const',
          type: cell.type,
          typmod: cell.typmod,
          collation: cell.collation,
          value: null,
          location: -1,
        } as const;
      }
      // A view's column without a default of its own waits for the base table's.
      const expr = columnDefault(context.catalog, relation, attribute);
      if (expr !== null) return expr;
      return relation.kind === 'v' ? cell : nullOf(context.catalog, attribute);
    }),
  );
}
