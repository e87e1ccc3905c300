// ORDER BY, DISTINCT and the matching of sort and group items with the target list: by name, by position (SQL92) or as an
// expression (SQL99); what isn't in the list is added as a junk entry.
import type { Node, SortBy } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { rawLocation, stringOf, stringsOf } from '../../trees/ast.js';
import { equalExpressions } from '../../trees/equal.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import type { SortGroupClause } from '../../trees/query.js';
import { someExpression } from '../../trees/walk.js';
import { coerceType } from '../coercion/coerce.js';
import { analyzeExpr } from '../expressions/expression.js';
import { findColumn } from '../names.js';
import { binaryOperator, requireSortOperators, sortOperators } from '../operators.js';
import { expressionKindName, type ExpressionKind, type Mutable, type ParseState, withKind } from '../parse-state.js';
import { makeTarget } from '../target-entry.js';
import { atLocation, formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';

/** Binds ORDER BY over a target list, to which it may add junk entries. `sql99`: no names or positions. */
export function sortClause(
  state: ParseState,
  items: readonly Node[],
  targets: TargetEntry[],
  kind: ExpressionKind,
  sql99: boolean,
): SortGroupClause[] {
  const sorted: SortGroupClause[] = [];
  for (const item of items) {
    if (!('SortBy' in item) || item.SortBy.node === undefined) continue;
    const find = sql99 ? findTargetSql99 : findTargetSql92;
    const entry = find(state, item.SortBy.node, targets, kind);
    addSortTarget(state, targets, targets.indexOf(entry), sorted, item.SortBy);
  }
  return sorted;
}

/** The target entry that an ORDER BY / GROUP BY / DISTINCT ON item means: an output name, a position, or an expression. */
export function findTargetSql92(
  state: ParseState,
  node: Node,
  targets: TargetEntry[],
  kind: ExpressionKind,
): TargetEntry {
  if ('ColumnRef' in node && node.ColumnRef.fields?.length === 1) {
    const found = findByName(state, stringOf(node.ColumnRef.fields[0]), targets, kind, node.ColumnRef.location ?? 0);
    if (found !== null) return found;
  }
  if ('A_Const' in node) return findByPosition(node, targets, kind);
  return findTargetSql99(state, node, targets, kind);
}

function findByName(
  state: ParseState,
  name: string,
  targets: readonly TargetEntry[],
  kind: ExpressionKind,
  location: number,
): TargetEntry | null {
  if (name === '') return null;
  // GROUP BY prefers a column of FROM to an output name.
  if (kind === 'groupBy' && findColumn(state, name, true, location) !== null) return null;
  let found: TargetEntry | null = null;
  for (const target of targets) {
    if (target.junk || target.name !== name) continue;
    if (found === null) found = target;
    else if (!equalExpressions(found.expr, target.expr)) {
      throw pgError(SqlState.ambiguousColumn, `${expressionKindName(kind)} "${name}" is ambiguous`, { location });
    }
  }
  if (found !== null) checkTarget(found, kind, location);
  return found;
}

function findByPosition(
  node: Node & { A_Const: unknown },
  targets: readonly TargetEntry[],
  kind: ExpressionKind,
): TargetEntry {
  const constant = 'A_Const' in node ? (node.A_Const as { ival?: { ival?: number }; location?: number }) : {};
  const location = constant.location ?? 0;
  if (constant.ival === undefined) {
    throw pgError(SqlState.syntaxError, `non-integer constant in ${expressionKindName(kind)}`, { location });
  }
  const position = constant.ival.ival ?? 0;
  const target = targets.filter((candidate) => !candidate.junk)[position - 1];
  if (target === undefined) {
    throw pgError(
      SqlState.invalidColumnReference,
      `${expressionKindName(kind)} position ${position} is not in select list`,
      { location },
    );
  }
  checkTarget(target, kind, location);
  return target;
}

/** GROUP BY an output column must not mean an aggregate or window function. */
function checkTarget(target: TargetEntry, kind: ExpressionKind, location: number): void {
  if (kind !== 'groupBy') return;
  someExpression(target.expr, (node) => {
    if (node.kind === 'Aggref' && node.levelsUp === 0) {
      throw pgError(SqlState.groupingError, 'aggregate functions are not allowed in GROUP BY', {
        location: node.location >= 0 ? node.location : location,
      });
    }
    if (node.kind === 'WindowFunc') {
      throw pgError(SqlState.windowingError, 'window functions are not allowed in GROUP BY', {
        location: node.location >= 0 ? node.location : location,
      });
    }
    return false;
  });
}

/** The target entry equal to an expression, or a new junk one. */
export function findTargetSql99(
  state: ParseState,
  node: Node,
  targets: TargetEntry[],
  kind: ExpressionKind,
): TargetEntry {
  const expr = withKind(state, kind, () => analyzeExpr(state, node));
  for (const target of targets) {
    if (equalExpressions(expr, stripImplicit(target.expr))) return target;
  }
  const added = makeTarget(expr, state.nextResno++, null, true);
  targets.push(added);
  return added;
}

/** The expression beneath unwritten coercions. */
export function stripImplicit(expression: Expression): Expression {
  switch (expression.kind) {
    case 'FuncExpr':
      return expression.form === 'implicitCast' && expression.args[0] !== undefined
        ? stripImplicit(expression.args[0])
        : expression;
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'ConvertRowtypeExpr':
    case 'CoerceToDomain':
      return expression.form === 'implicitCast' ? stripImplicit(expression.arg) : expression;
    default:
      return expression;
  }
}

/** Adds a sort item for the target at `index`; unknown literals become text. */
export function addSortTarget(
  state: ParseState,
  targets: TargetEntry[],
  index: number,
  sorted: SortGroupClause[],
  sortBy: SortBy,
): void {
  const target = targets[index];
  if (target === undefined) throw new Error('invariant broken: sort target is not in its list');
  unknownToText(state, target);
  const catalog = state.context.catalog;
  const type = expressionType(target.expr);
  let location = sortBy.location ?? -1;
  if (location < 0) location = rawLocation(sortBy.node);
  try {
    let less = 0;
    let equal = 0;
    let hashable = false;
    let descending = false;
    if (sortBy.sortby_dir === 'SORTBY_USING') {
      const using = orderingOperator(state, stringsOf(sortBy.useOp), type, location);
      less = using.sortOperator;
      equal = using.equal;
      descending = using.descending;
      hashable = sortOperators(catalog, type).hashable;
    } else {
      descending = sortBy.sortby_dir === 'SORTBY_DESC';
      const found = requireSortOperators(catalog, type, { less: !descending, equal: true, greater: descending });
      less = descending ? found.greater : found.less;
      equal = found.equal;
      hashable = found.hashable;
    }
    if (isSorted(target, less, sorted)) return;
    const nulls = sortBy.sortby_nulls ?? 'SORTBY_NULLS_DEFAULT';
    sorted.push({
      sortGroupRef: assignSortRef(target, targets),
      equalityOperator: equal,
      sortOperator: less,
      descending,
      nullsFirst: nulls === 'SORTBY_NULLS_DEFAULT' ? descending : nulls === 'SORTBY_NULLS_FIRST',
      hashable,
    });
  } catch (error) {
    throw atLocation(error, location);
  }
}

function orderingOperator(
  state: ParseState,
  names: readonly string[],
  type: number,
  location: number,
): { readonly sortOperator: number; readonly equal: number; readonly descending: boolean } {
  const catalog = state.context.catalog;
  const operator = binaryOperator(catalog, names, type, type, location);
  for (const member of catalog.operatorFamilies(operator.oid)) {
    if (member.accessMethod !== 'btree' || (member.strategy !== 1 && member.strategy !== 5)) continue;
    const equal = catalog.familyOperator(member.family, member.left, member.right, 3);
    if (equal !== 0) return { sortOperator: operator.oid, equal, descending: member.strategy === 5 };
  }
  throw pgError(SqlState.wrongObjectType, `operator ${names.join('.')} is not a valid ordering operator`, {
    hint: 'Ordering operators must be "<" or ">" members of btree operator families.',
    location,
  });
}

/** Adds a grouping item for a target that is not grouped yet, taking the order from ORDER BY where it has one. */
export function addGroupTarget(
  state: ParseState,
  targets: TargetEntry[],
  target: TargetEntry,
  grouped: SortGroupClause[],
  location: number,
): void {
  unknownToText(state, target);
  if (isSorted(target, 0, grouped)) return;
  const type = expressionType(target.expr);
  try {
    const found = requireSortOperators(state.context.catalog, type, { less: false, equal: true, greater: false });
    grouped.push({
      sortGroupRef: assignSortRef(target, targets),
      equalityOperator: found.equal,
      sortOperator: found.less,
      descending: false,
      nullsFirst: false,
      hashable: found.hashable,
    });
  } catch (error) {
    throw atLocation(error, location);
  }
}

/** SELECT DISTINCT: the sort columns first, then all others. */
export function distinctClause(
  state: ParseState,
  targets: TargetEntry[],
  sorted: readonly SortGroupClause[],
): SortGroupClause[] {
  return distinctColumns(state, targets, sorted, {
    notListed: 'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
    none: 'SELECT DISTINCT must have at least one column',
  });
}

/** The sort columns, then all others. `texts`: what to say where a sort column is not listed, or nothing is. */
function distinctColumns(
  state: ParseState,
  targets: TargetEntry[],
  sorted: readonly SortGroupClause[],
  texts: { readonly notListed: string; readonly none: string },
): SortGroupClause[] {
  const result: SortGroupClause[] = [];
  for (const item of sorted) {
    const target = targets.find((candidate) => candidate.sortGroupRef === item.sortGroupRef);
    if (target === undefined) continue;
    if (target.junk) {
      throw pgError(SqlState.invalidColumnReference, texts.notListed, { location: expressionLocation(target.expr) });
    }
    result.push(item);
  }
  for (const target of targets) {
    if (!target.junk) addGroupTarget(state, targets, target, result, expressionLocation(target.expr));
  }
  if (result.length === 0) throw pgError(SqlState.syntaxError, texts.none);
  return result;
}

/** Aggregates with DISTINCT: as distinctClause, but every column must be sortable. */
export function distinctOfAggregate(
  state: ParseState,
  targets: TargetEntry[],
  sorted: readonly SortGroupClause[],
): SortGroupClause[] {
  const result = distinctColumns(state, targets, sorted, {
    notListed: 'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
    none: 'an aggregate with DISTINCT must have at least one argument',
  });
  for (const item of result) {
    if (item.sortOperator !== 0) continue;
    const target = targets.find((candidate) => candidate.sortGroupRef === item.sortGroupRef);
    const expr = target?.expr;
    throw pgError(
      SqlState.undefinedFunction,
      `could not identify an ordering operator for type ${formatType(state.context.catalog, expr === undefined ? 0 : expressionType(expr))}`,
      { detail: 'Aggregates with DISTINCT must be able to sort their inputs.', location: expressionLocation(expr) },
    );
  }
  return result;
}

/** SELECT DISTINCT ON (...): must agree with the start of ORDER BY. */
export function distinctOnClause(
  state: ParseState,
  items: readonly Node[],
  targets: TargetEntry[],
  sorted: readonly SortGroupClause[],
): SortGroupClause[] {
  const refs = items.map((item) => assignSortRef(findTargetSql92(state, item, targets, 'distinctOn'), targets));
  const result: SortGroupClause[] = [];
  const mismatch = (location: number): Error =>
    pgError(SqlState.invalidColumnReference, 'SELECT DISTINCT ON expressions must match initial ORDER BY expressions', {
      location,
    });
  let skipped = false;
  for (const item of sorted) {
    if (!refs.includes(item.sortGroupRef)) {
      skipped = true;
      continue;
    }
    if (skipped) throw mismatch(locationOfRef(items, refs, item.sortGroupRef));
    result.push(item);
  }
  items.forEach((item, index) => {
    const target = targets.find((candidate) => candidate.sortGroupRef === refs[index]);
    if (target === undefined || isSorted(target, 0, result)) return;
    if (skipped) throw mismatch(rawLocation(item));
    addGroupTarget(state, targets, target, result, rawLocation(item));
  });
  return result;
}

function locationOfRef(items: readonly Node[], refs: readonly number[], ref: number): number {
  return rawLocation(items[refs.indexOf(ref)]);
}

/** The entry's sort reference, given a new one where it has none. */
export function assignSortRef(target: TargetEntry, targets: readonly TargetEntry[]): number {
  if (target.sortGroupRef === 0) {
    let max = 0;
    for (const entry of targets) max = Math.max(max, entry.sortGroupRef);
    (target as Mutable<TargetEntry>).sortGroupRef = max + 1;
  }
  return target.sortGroupRef;
}

/** True where the target is in the list already: by the same operator (or its commutator), or with 0 by any. */
export function isSorted(target: TargetEntry, operator: number, list: readonly SortGroupClause[]): boolean {
  if (target.sortGroupRef === 0) return false;
  return list.some(
    (item) => item.sortGroupRef === target.sortGroupRef && (operator === 0 || item.sortOperator === operator),
  );
}

function unknownToText(state: ParseState, target: TargetEntry): void {
  if (expressionType(target.expr) !== typeOid.unknown) return;
  (target as Mutable<TargetEntry>).expr = coerceType(state, target.expr, typeOid.text, -1, {
    context: 'implicit',
    form: 'implicitCast',
    location: -1,
  });
}
