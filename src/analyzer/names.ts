// Looking names up in the namespace: relation names, column names, system columns, and PostgreSQL's errors and hints for
// those that are not there.
import type { RangeVar } from '@pgsql/types';
import { type ErrorFields, type PgError, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { editDistance } from './edit-distance.js';
import { makeVar, type NamespaceItem, type ParseState } from './parse-state.js';
import { markSelected } from './range-table.js';

/** A relation name found in the namespace. */
export interface FoundItem {
  readonly item: NamespaceItem;
  readonly levelsUp: number;
}

/** Finds a visible relation name, innermost query first; null where there is none. Throws 42P09 where it is ambiguous
 *  and 42P10 where it may not be used there. `relation` is the oid that a schema-qualified name means, 0 without one. */
export function findItem(state: ParseState, name: string, relation: number, location: number): FoundItem | null {
  let levelsUp = 0;
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    const item = scanForItem(level, name, relation, location);
    if (item !== null) return { item, levelsUp };
    levelsUp++;
  }
  return null;
}

function scanForItem(level: ParseState, name: string, relation: number, location: number): NamespaceItem | null {
  let found: NamespaceItem | null = null;
  for (const item of level.namespace) {
    if (!item.relationVisible) continue;
    if (item.lateralOnly && !level.lateralActive) continue;
    if (relation === 0 ? item.names.name !== name : !isUnaliased(item, relation)) continue;
    if (found !== null) {
      const what = relation === 0 ? `table reference "${name}"` : `table reference ${relation}`;
      throw pgError(SqlState.ambiguousAlias, `${what} is ambiguous`, { location });
    }
    checkLateral(level, item, location);
    found = item;
  }
  return found;
}

function isUnaliased(item: NamespaceItem, relation: number): boolean {
  return item.rte.kind === 'relation' && item.rte.relation === relation && item.rte.alias === null;
}

function checkLateral(level: ParseState, item: NamespaceItem, location: number): void {
  if (!item.lateralOnly || item.lateralOk) return;
  const name = item.names.name;
  throw pgError(SqlState.invalidColumnReference, `invalid reference to FROM-clause entry for table "${name}"`, {
    ...(level.targetItem === item
      ? { hint: `There is an entry for table "${name}", but it cannot be referenced from this part of the query.` }
      : { detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.' }),
    location,
  });
}

/** The expression for an unqualified column name; null where no item has it. Throws 42702 where it is ambiguous. */
export function findColumn(state: ParseState, name: string, localOnly: boolean, location: number): Expression | null {
  let levelsUp = 0;
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    let found: Expression | null = null;
    for (const item of level.namespace) {
      if (!item.columnsVisible) continue;
      if (item.lateralOnly && !level.lateralActive) continue;
      const expr = scanItem(state, item, levelsUp, name, location);
      if (expr === null) continue;
      if (found !== null) {
        throw pgError(SqlState.ambiguousColumn, `column reference "${name}" is ambiguous`, { location });
      }
      checkLateral(level, item, location);
      found = expr;
    }
    if (found !== null) return found;
    if (localOnly) return null;
    levelsUp++;
  }
  return null;
}

/** The Var for a column of one item (system columns included); null where it has none of that name. */
export function scanItem(
  state: ParseState,
  item: NamespaceItem,
  levelsUp: number,
  name: string,
  location: number,
): Expression | null {
  let found = -1;
  const names = item.names.columns;
  for (let index = 0; index < names.length; index++) {
    if (names[index] !== name || item.columns[index]?.varno === 0) continue;
    if (item.columns[index] === undefined) continue;
    if (found >= 0) throw pgError(SqlState.ambiguousColumn, `column reference "${name}" is ambiguous`, { location });
    found = index;
  }
  const column = item.columns[found];
  if (column !== undefined) {
    const variable = makeVar(state, column, levelsUp, location);
    markSelected(state, variable);
    return variable;
  }
  return systemColumn(state, item, levelsUp, name, location);
}

/** System columns of tables: name, attribute number, type. */
export const systemColumns: Readonly<Record<string, readonly [attno: number, type: number]>> = {
  ctid: [-1, 27],
  xmin: [-2, 28],
  cmin: [-3, 29],
  xmax: [-4, 28],
  cmax: [-5, 29],
  tableoid: [-6, 26],
};

function systemColumn(
  state: ParseState,
  item: NamespaceItem,
  levelsUp: number,
  name: string,
  location: number,
): Expression | null {
  if (item.rte.kind !== 'relation' || !Object.hasOwn(systemColumns, name)) return null;
  const system = systemColumns[name];
  if (system === undefined) return null;
  const [attno, type] = system;
  if (item.rte.relkind === 'v' || item.rte.relkind === 'c') return null;
  if (state.expressionKind === 'checkConstraint' && attno !== -6) {
    throw pgError(SqlState.invalidColumnReference, `system column "${name}" reference in check constraint is invalid`, {
      location,
    });
  }
  if (state.expressionKind === 'generatedColumn' && attno !== -6) {
    throw pgError(
      SqlState.invalidColumnReference,
      `cannot use system column "${name}" in column generation expression`,
      {
        location,
      },
    );
  }
  if (state.expressionKind === 'mergeWhen' && attno !== -6) {
    throw pgError(SqlState.invalidColumnReference, `cannot use system column "${name}" in MERGE WHEN condition`, {
      location,
    });
  }
  const variable = makeVar(
    state,
    { varno: item.rtIndex, attno, type, typmod: -1, collation: 0, hidden: false },
    levelsUp,
    location,
  );
  markSelected(state, variable);
  return variable;
}

/** 42P01 for a qualifier that names no FROM item, with PostgreSQL's hints. */
export function missingItem(state: ParseState, name: RangeVar, location: number): PgError {
  const shown = name.relname ?? '';
  const hidden = searchHidden(state, name);
  const bad = hidden !== null && hidden.kind === 'renamed' ? hidden : null;
  let fields: ErrorFields = { location };
  if (hidden?.kind === 'notReferable') {
    return pgError(SqlState.undefinedTable, `invalid reference to FROM-clause entry for table "${shown}"`, {
      ...(hidden.lateral
        ? {
            detail: `There is an entry for table "${shown}", but it cannot be referenced from this part of the query.`,
            hint: 'To reference that table, you must mark this subquery with LATERAL.',
          }
        : {
            detail: `There is an entry for table "${shown}", but it cannot be referenced from this part of the query.`,
          }),
      location,
    });
  }
  if (bad !== null) {
    fields = { hint: `Perhaps you meant to reference the table alias "${bad.alias}".`, location };
    return pgError(SqlState.undefinedTable, `invalid reference to FROM-clause entry for table "${shown}"`, fields);
  }
  const qualified = name.schemaname === undefined ? shown : `${name.schemaname}.${shown}`;
  return pgError(
    SqlState.undefinedTable,
    `missing FROM-clause entry for table "${qualified.split('.').pop()}"`,
    fields,
  );
}

type Hidden =
  | { readonly kind: 'renamed'; readonly alias: string }
  | { readonly kind: 'notReferable'; readonly lateral: boolean };

/** Looks for what the user may have meant: a relation hidden by its alias, or one that is out of reach here. */
function searchHidden(state: ParseState, name: RangeVar): Hidden | null {
  const catalog = state.context.catalog;
  const relation = catalog.findRelation(name.schemaname ?? null, name.relname ?? '');
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    for (const entry of level.rangeTable) {
      if (entry.kind === 'relation' && relation !== null && entry.relation === relation.oid) {
        if (entry.alias !== null && entry.alias.name !== name.relname)
          return { kind: 'renamed', alias: entry.alias.name };
        return { kind: 'notReferable', lateral: canBeLateral(state, level, entry) };
      }
      if (entry.kind === 'cte' && entry.cteName === name.relname && name.schemaname === undefined) {
        if (entry.alias !== null && entry.alias.name !== name.relname)
          return { kind: 'renamed', alias: entry.alias.name };
      }
      if (name.schemaname === undefined && entry.eref.name === name.relname && entry.kind !== 'join') {
        return { kind: 'notReferable', lateral: canBeLateral(state, level, entry) };
      }
    }
  }
  return null;
}

function canBeLateral(state: ParseState, level: ParseState, entry: ParseState['rangeTable'][number]): boolean {
  for (const item of level.namespace) {
    if (item.rte !== entry) continue;
    return item.lateralOnly && item.lateralOk && !level.lateralActive && state !== level;
  }
  return false;
}

/** 42703 for a column that is not there, with "Perhaps you meant ..." hints. `qualifier` null: unqualified. */
export function missingColumn(state: ParseState, qualifier: string | null, name: string, location: number): PgError {
  const message = qualifier === null ? `column "${name}" does not exist` : `column ${qualifier}.${name} does not exist`;
  const matches = fuzzyMatches(state, qualifier, name);
  if (matches.exact !== null) {
    const { item, lateral } = matches.exact;
    const detail = `There is a column named "${name}" in table "${item}", but it cannot be referenced from this part of the query.`;
    return pgError(SqlState.undefinedColumn, message, {
      detail,
      hint: lateral
        ? 'To reference that column, you must mark this subquery with LATERAL.'
        : 'To reference that column, you must use a table-qualified name.',
      location,
    });
  }
  const [first, second] = matches.near;
  if (first !== undefined && second !== undefined) {
    return pgError(SqlState.undefinedColumn, message, {
      hint: `Perhaps you meant to reference the column "${first}" or the column "${second}".`,
      location,
    });
  }
  if (first !== undefined) {
    return pgError(SqlState.undefinedColumn, message, {
      hint: `Perhaps you meant to reference the column "${first}".`,
      location,
    });
  }
  return pgError(SqlState.undefinedColumn, message, { location });
}

interface Fuzzy {
  readonly exact: { readonly item: string; readonly lateral: boolean } | null;
  readonly near: readonly string[];
}

const fuzzyDistanceMax = 3;

function fuzzyMatches(state: ParseState, qualifier: string | null, name: string): Fuzzy {
  let best = fuzzyDistanceMax + 1;
  let near: string[] = [];
  let exact: Fuzzy['exact'] = null;
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    for (const entry of level.rangeTable) {
      // Joins hold no columns of their own: their inputs are looked at.
      if (entry.kind === 'join') continue;
      const table = entry.eref.name;
      const penalty =
        qualifier === null ? 0 : editDistance(qualifier, entry.alias?.name ?? table, fuzzyDistanceMax + 1);
      if (penalty > fuzzyDistanceMax) continue;
      for (const column of entry.eref.columns) {
        if (column === '') continue;
        if (column === name && penalty === 0) {
          if (exact === null) exact = { item: table, lateral: isLateralItem(state, level, entry) };
          continue;
        }
        const distance = penalty + editDistance(name, column, fuzzyDistanceMax + 1);
        if (distance > name.length / 2 || distance > fuzzyDistanceMax) continue;
        if (distance < best) {
          best = distance;
          near = [`${table}.${column}`];
        } else if (distance === best) near.push(`${table}.${column}`);
      }
    }
  }
  return { exact, near: near.length > 2 ? [] : near };
}

function isLateralItem(state: ParseState, level: ParseState, entry: ParseState['rangeTable'][number]): boolean {
  return canBeLateral(state, level, entry);
}
