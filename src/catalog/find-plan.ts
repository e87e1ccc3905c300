// How rows of a catalog are found by some of their columns: the index to use, its leading columns that are given, and
// what is left to compare. Worked out once for each catalog and set of given columns.
import { defined } from '../errors/unreachable.js';
import type { CatalogName } from './generated/rows.js';
import { type CatalogIndexShape, catalogShapes } from './generated/schema.js';
import type { ColumnValue } from './row-form.js';

/** `names` and `positions` (0-based) are the index's given leading columns; `rest` are given columns it doesn't cover. */
export type FindPlan =
  | { readonly index: null }
  | {
      readonly index: CatalogIndexShape;
      readonly isWholeKey: boolean;
      readonly names: readonly string[];
      readonly positions: readonly number[];
      readonly rest: readonly string[];
      /** All given columns, as they were given. */
      readonly given: readonly string[];
      readonly signature: string;
    };

const plans = new Map<CatalogName, Map<string, FindPlan>>();

/** The plan for the columns of `wanted` that are given (undefined ones are not). */
export function findPlan(table: CatalogName, wanted: Readonly<Record<string, ColumnValue>>): FindPlan {
  let signature = '';
  // A null can't be looked up by an index: such a key has a plan of its own.
  for (const name in wanted)
    if (wanted[name] !== undefined) signature += wanted[name] === null ? `-${name} ` : `${name} `;
  let known = plans.get(table);
  if (known === undefined) {
    known = new Map();
    plans.set(table, known);
  }
  let plan = known.get(signature);
  if (plan === undefined) {
    plan = makePlan(table, wanted, signature);
    known.set(signature, plan);
  }
  return plan;
}

/** Name of a lookup in its catalog's cache; null where a value has no short text form. */
export function lookupName(
  plan: Exclude<FindPlan, { readonly index: null }>,
  wanted: Readonly<Record<string, ColumnValue>>,
): string | null {
  let name = plan.signature;
  for (const column of plan.given) {
    const value = wanted[column];
    if (typeof value === 'object' && value !== null) return null;
    name += `\0${value}`;
  }
  return name;
}

/** Names of all lookups, of the kinds made so far, that find or would have found this row. */
export function lookupNamesOf(table: CatalogName, row: object): string[] {
  const names: string[] = [];
  for (const plan of plans.get(table)?.values() ?? []) {
    if (plan.index === null) continue;
    const name = lookupName(plan, row as Readonly<Record<string, ColumnValue>>);
    if (name !== null) names.push(name);
  }
  return names;
}

/** The index with most leading columns given; a whole unique key wins. */
function makePlan(table: CatalogName, wanted: Readonly<Record<string, ColumnValue>>, signature: string): FindPlan {
  const { columns, indexes } = catalogShapes[table];
  const nameAt = (attribute: number): string => defined(columns[attribute - 1], `catalog column ${attribute}`)[0];
  let best: { readonly index: CatalogIndexShape; readonly prefix: number } | null = null;
  for (const index of indexes) {
    const missing = index.columns.findIndex((attribute) => (wanted[nameAt(attribute)] ?? null) === null);
    const prefix = missing < 0 ? index.columns.length : missing;
    if (prefix === 0) continue;
    if (index.isUnique && missing < 0) {
      best = { index, prefix };
      break;
    }
    if (best === null || prefix > best.prefix) best = { index, prefix };
  }
  if (best === null) return { index: null };
  const { index, prefix } = best;
  const used = index.columns.slice(0, prefix);
  const names = used.map(nameAt);
  const given = Object.keys(wanted).filter((name) => wanted[name] !== undefined);
  return {
    index,
    isWholeKey: prefix === index.columns.length,
    names,
    positions: used.map((attribute) => attribute - 1),
    rest: given.filter((name) => !names.includes(name)),
    given,
    signature,
  };
}
