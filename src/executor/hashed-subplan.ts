// x IN (uncorrelated subquery) by a hash table of the subquery's rows, with SQL's null rules: no match is false only where
// no row with nulls could have matched.
import type { Catalog } from '../catalog/api.js';
import type { Expression, SubPlan } from '../trees/expression.js';
import { type MemoryAccount, watchTable } from '../types/memory.js';
import { rowBytes } from '../types/value-size.js';
import type { Row, Value } from '../types/value.js';
import { typeOf } from './expressions/type-of.js';
import { type HashKeyOf, crossTypeHashKey, hashKeyOf, keyPart } from './operators.js';
import { hashEntryBytes } from './row-order.js';
import type { RunState } from './state.js';
import { subPlanState } from './subplan.js';

interface HashedTable {
  readonly keys: Set<unknown>;
  /** Rows with a null among their columns. */
  readonly withNulls: readonly Row[];
  readonly rows: number;
  /** All rows, kept for several columns only: a probe with nulls must look at each. */
  readonly all: readonly Row[];
}

export interface HashedSubPlan {
  /** Left sides of the comparison, evaluated for each probe. */
  readonly outer: readonly Expression[];
  table(x: RunState): HashedTable | Promise<HashedTable>;
  probe(table: HashedTable, values: readonly Value[], x: RunState): boolean | null;
}

/** How to run a SubPlan by hash; null where its comparison is not made of plain hashable equalities. */
export function hashedSubPlan(subPlan: SubPlan, catalog: Catalog): HashedSubPlan | null {
  const columns = equalities(subPlan, catalog);
  if (columns === null) return null;
  const accounts = new WeakMap<RunState, MemoryAccount>();
  const tables = new WeakMap<RunState, { readonly version: number; readonly table: HashedTable }>();
  // What the subquery reads of levels further out may change while the plan runs: its rows do then.
  const versionOf = (x: RunState): number => x.versionOf(x.planned?.subplans[subPlan.planId - 1]?.externParams ?? []);
  const keyOfRow = (row: readonly Value[], side: 'outerKey' | 'innerKey', x: RunState): unknown => {
    const [only] = columns;
    if (columns.length === 1 && only !== undefined) return only[side](row[0] as Value, x.ioFor(only.collation));
    return columns.map((column, n) => keyPart(row[n] as Value, column[side], x.ioFor(column.collation))).join('');
  };
  const build = async (x: RunState): Promise<HashedTable> => {
    const state = subPlanState(x, subPlan);
    state.start([]);
    // The table stays until the statement ends, or is made anew.
    const held = accounts.get(x) ?? x.memory.child('Subplan HashTable Context');
    accounts.set(x, held);
    held.clear();
    const keys = new Set<unknown>();
    const withNulls: Row[] = [];
    const all: Row[] = [];
    let rows = 0;
    for (let batch = await state.next(4096); batch !== null; batch = await state.next(4096)) {
      for (const row of batch) {
        rows += 1;
        // Behind the compared columns others may stand that only the subquery itself needed.
        const hasNulls = columns.some((_, n) => row[n] === null);
        if (hasNulls) withNulls.push(row);
        else addKey(keys, keyOfRow(row, 'innerKey', x), held);
        if (columns.length > 1) all.push(row);
        if (columns.length > 1 || hasNulls) held.charge(rowBytes(row));
      }
      x.context.checkInterrupts();
      await x.context.yieldToEventLoop();
    }
    const table = { keys, withNulls, rows, all };
    if (subPlan.parameterIds.length === 0) tables.set(x, { version: versionOf(x), table });
    return table;
  };
  const couldMatch = (row: Row, values: readonly Value[], x: RunState): boolean =>
    columns.every((column, n) => {
      const [left, right] = [values[n] as Value, row[n] as Value];
      if (left === null || right === null) return true;
      const io = x.ioFor(column.collation);
      return column.outerKey(left, io) === column.innerKey(right, io);
    });
  const { unknownEqualsFalse } = subPlan;
  return {
    outer: columns.map((column) => column.outer),
    table: (x) => {
      const known = tables.get(x);
      return known !== undefined && known.version === versionOf(x) ? known.table : build(x);
    },
    probe: (table, values, x) => {
      if (table.rows === 0) return false;
      // An EXISTS asked as IN, or a place where null and false mean the same: only a match counts.
      if (unknownEqualsFalse) return !values.includes(null) && table.keys.has(keyOfRow(values, 'outerKey', x));
      if (values.includes(null)) {
        if (columns.length === 1) return null;
        return table.all.some((row) => couldMatch(row, values, x)) ? null : false;
      }
      if (table.keys.has(keyOfRow(values, 'outerKey', x))) return true;
      return table.withNulls.some((row) => couldMatch(row, values, x)) ? null : false;
    },
  };
}

function addKey(keys: Set<unknown>, key: unknown, held: MemoryAccount): void {
  if (keys.has(key)) return;
  keys.add(key);
  watchTable(keys.size);
  held.charge(hashEntryBytes(key));
}

interface HashedColumn {
  readonly outer: Expression;
  readonly outerKey: HashKeyOf;
  readonly innerKey: HashKeyOf;
  readonly collation: number;
}

function equalities(subPlan: SubPlan, catalog: Catalog): readonly HashedColumn[] | null {
  const tests = subPlan.test?.kind === 'BoolExpr' && subPlan.test.op === 'and' ? subPlan.test.args : [subPlan.test];
  const columns: HashedColumn[] = [];
  for (const [n, test] of tests.entries()) {
    if (test?.kind !== 'OpExpr' || test.args.length !== 2) return null;
    const [outer, inner] = test.args as readonly [Expression, Expression];
    const param = inner.kind === 'RelabelType' ? inner.arg : inner;
    if (param.kind !== 'Param' || param.id !== subPlan.paramIds[n]) return null;
    const [left, right] = [typeOf(outer, catalog), typeOf(inner, catalog)];
    if (!catalog.requireOperator(test.operator).canHash) return null;
    if (hashKeyOf(catalog, left) === null || hashKeyOf(catalog, right) === null) return null;
    columns.push({
      outer,
      outerKey: crossTypeHashKey(catalog, left, right),
      innerKey: crossTypeHashKey(catalog, right, left),
      collation: test.inputCollation,
    });
  }
  return columns;
}
