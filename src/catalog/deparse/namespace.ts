// Names under which the deparser prints relations and their columns: unique aliases for range table entries, column
// names as they are now (a renamed column shows its new name), and for each query level what Vars refer to.
import type { Catalog } from '../api.js';
import type { Expression, TargetEntry, Var } from '../../trees/expression.js';
import type { CommonTableExpr, Query, RangeTableEntry } from '../../trees/query.js';
import { identifierBytesMax } from '../../base/limits.js';

/** One query level. Vars with levelsUp n refer to the nth outer one. */
export interface Namespace {
  readonly rangeTable: readonly RangeTableEntry[];
  /** Unique name of each entry, by RT index - 1; null where it has none (unnamed joins). */
  readonly names: readonly (string | null)[];
  readonly columns: readonly ColumnNames[];
  readonly ctes: readonly CommonTableExpr[];
  /** EXPLAIN: what a Var of the special numbers (outer, inner, index) stands for in the plan at hand. */
  readonly resolve?: (variable: Var) => { readonly expr: Expression; readonly namespace: Namespace } | null;
  /** EXPLAIN: what an exec Param stands for. */
  readonly resolveParam?: (id: number) => ParamSource | null;
}

/** The expression behind a Param, or a subplan of which it is the nth output column. */
export type ParamSource =
  | { readonly expr: Expression; readonly namespaces: readonly Namespace[] }
  | { readonly subPlan: string; readonly column: number };

export interface ColumnNames {
  /** By attribute number - 1; null where the column is gone. */
  readonly names: readonly (string | null)[];
  /** The names differ from those the relation itself gives: FROM must list them. */
  readonly printAliases: boolean;
}

/** Names for a query's range table. `outer`: enclosing levels, whose names are avoided. */
export function queryNamespace(catalog: Catalog, query: Query, outer: readonly Namespace[]): Namespace {
  const used = new Set(outer.flatMap((level) => level.names.filter((name) => name !== null)));
  return namespaceOf(catalog, query.rangeTable, query.ctes, used);
}

/** Names for a single relation, as in a check constraint or an index expression. */
export function relationNamespace(catalog: Catalog, relation: number): Namespace {
  const head = catalog.requireRelationHead(relation);
  const eref = { name: head.name, columns: catalog.attributeNames(relation).map((name) => name ?? '') };
  const entry: RangeTableEntry = {
    kind: 'relation',
    relation,
    relkind: head.kind,
    lockMode: 1,
    inherit: false,
    tableSample: null,
    permissions: null,
    alias: null,
    eref,
    lateral: false,
    inFromClause: true,
  };
  return namespaceOf(catalog, [entry], [], new Set());
}

/** Names for a plan's range table (EXPLAIN). */
export function planNamespace(catalog: Catalog, rangeTable: readonly RangeTableEntry[]): Namespace {
  return namespaceOf(catalog, rangeTable, [], new Set());
}

function namespaceOf(
  catalog: Catalog,
  rangeTable: readonly RangeTableEntry[],
  ctes: readonly CommonTableExpr[],
  used: Set<string>,
): Namespace {
  const names = rangeTable.map((entry) => {
    const wanted = relationName(catalog, entry);
    return wanted === null ? null : claim(wanted, used);
  });
  const columns: ColumnNames[] = [];
  const required = usingNames(rangeTable);
  rangeTable.forEach((entry, index) => {
    columns.push(columnNames(catalog, entry, required.get(index) ?? new Map(), columns, rangeTable));
  });
  return { rangeTable, names, columns, ctes };
}

/** The name an entry would have on its own: its alias, or its relation's present name. */
function relationName(catalog: Catalog, entry: RangeTableEntry): string | null {
  if (entry.alias) return entry.alias.name;
  switch (entry.kind) {
    case 'relation':
      return catalog.relationHead(entry.relation)?.name ?? entry.eref.name;
    case 'join':
      return null;
    default:
      return entry.eref.name;
  }
}

/** The name, or the name with the first free number behind it. */
function claim(wanted: string, used: Set<string>): string {
  let name = wanted;
  for (let number = 1; used.has(name); number++) {
    const suffix = `_${number}`;
    name = clip(wanted, identifierBytesMax - suffix.length) + suffix;
  }
  used.add(name);
  return name;
}

/** The text cut to so many bytes, never within a character. */
function clip(text: string, bytesMax: number): string {
  let clipped = text;
  while (Buffer.byteLength(clipped) > bytesMax) clipped = clipped.slice(0, -1);
  return clipped;
}

/** JOIN ... USING needs one name for the merged column on both sides: names required of an entry's columns. */
function usingNames(rangeTable: readonly RangeTableEntry[]): Map<number, Map<number, string>> {
  const required = new Map<number, Map<number, string>>();
  // Outer joins come later in the table: what they require of an inner join holds for that one's inputs too.
  for (let index = rangeTable.length - 1; index >= 0; index--) {
    const entry = rangeTable[index];
    if (entry?.kind !== 'join' || entry.mergedColumns === 0) continue;
    for (let column = 0; column < entry.mergedColumns; column++) {
      const name = required.get(index)?.get(column) ?? entry.eref.columns[column] ?? '';
      for (const variable of mergedInputs(entry.aliasVars[column] ?? null)) {
        const names = required.get(variable.varno - 1) ?? new Map<number, string>();
        names.set(variable.attno - 1, name);
        required.set(variable.varno - 1, names);
      }
    }
  }
  return required;
}

/** Input columns of a merged column: one Var, or COALESCE of two for FULL JOIN, coercions aside. */
function mergedInputs(expression: Expression | null): Var[] {
  if (!expression) return [];
  switch (expression.kind) {
    case 'Var':
      return [expression];
    case 'CoalesceExpr':
      return expression.args.flatMap((arg) => mergedInputs(arg));
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
      return mergedInputs(expression.arg);
    case 'FuncExpr':
      return expression.form === 'implicitCast' ? expression.args.slice(0, 1).flatMap((arg) => mergedInputs(arg)) : [];
    default:
      return [];
  }
}

function columnNames(
  catalog: Catalog,
  entry: RangeTableEntry,
  required: ReadonlyMap<number, string>,
  earlier: readonly ColumnNames[],
  rangeTable: readonly RangeTableEntry[],
): ColumnNames {
  if (entry.kind === 'join') return joinColumnNames(entry, required, earlier, rangeTable);
  const real = realNames(catalog, entry);
  const used = new Set<string>(required.values());
  let differs = false;
  const names = real.map((name, index) => {
    if (name === null || name === '') return null;
    const fixed = required.get(index);
    if (fixed !== undefined) {
      differs ||= fixed !== name;
      return fixed;
    }
    const wanted = entry.alias?.columns[index] || name;
    const chosen = claim(wanted, used);
    differs ||= chosen !== name;
    return chosen;
  });
  // A function's columns are always named in FROM; those of VALUES and CTEs where an alias list was written.
  const isListed = entry.kind === 'function' || (entry.kind !== 'relation' && (entry.alias?.columns.length ?? 0) > 0);
  const printAliases = isListed || differs;
  return { names, printAliases };
}

function realNames(catalog: Catalog, entry: RangeTableEntry): readonly (string | null)[] {
  if (entry.kind !== 'relation') return entry.eref.columns;
  return catalog.relationHead(entry.relation) ? catalog.attributeNames(entry.relation) : entry.eref.columns;
}

/** A join's columns have its inputs' names, kept unique; printed only where the join has an alias. */
function joinColumnNames(
  entry: Extract<RangeTableEntry, { kind: 'join' }>,
  required: ReadonlyMap<number, string>,
  earlier: readonly ColumnNames[],
  rangeTable: readonly RangeTableEntry[],
): ColumnNames {
  const used = new Set<string>(required.values());
  let differs = false;
  const names = entry.aliasVars.map((expression, index) => {
    if (expression === null) return null;
    const fixed = required.get(index);
    if (fixed !== undefined) return fixed;
    const input = mergedInputs(expression)[0];
    const real = (input ? inputName(input, earlier, rangeTable) : null) ?? entry.eref.columns[index] ?? '?column?';
    const wanted = entry.alias?.columns[index] || real;
    const chosen = entry.alias ? claim(wanted, used) : wanted;
    differs ||= chosen !== real;
    return chosen;
  });
  return { names, printAliases: entry.alias !== null && differs };
}

function inputName(
  variable: Var,
  earlier: readonly ColumnNames[],
  rangeTable: readonly RangeTableEntry[],
): string | null {
  return (
    earlier[variable.varno - 1]?.names[variable.attno - 1] ??
    rangeTable[variable.varno - 1]?.eref.columns[variable.attno - 1] ??
    null
  );
}

/** Target entries a subquery shows, by attribute number - 1. */
export function visibleTargets(list: readonly TargetEntry[]): readonly TargetEntry[] {
  return list.filter((entry) => !entry.junk);
}
