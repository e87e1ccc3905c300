// Subqueries in expressions (EXISTS, scalar, ANY/ALL, ARRAY, row comparison, multi-column assignment): the program
// evaluates the outer values, hands them to the subplan's state, and combines the rows that come back.
import { batchRowsMax } from '../../base/limits.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { SubPlan } from '../../trees/expression.js';
import { valueBytes } from '../../types/value-size.js';
import { PgArray, type Row, type Value } from '../../types/value.js';
import type { RunState } from '../state.js';
import { type SubPlanState, subPlanState } from '../subplan.js';
import { hashedSubPlan } from '../hashed-subplan.js';
import type { Emitter, Operand } from './emitter.js';
import { requireElements, watchGrowth } from '../../types/memory.js';

export function emitSubPlan(expr: SubPlan, m: Emitter): Operand {
  if (expr.linkType === 'cte') throw new Error('a CTE subplan in an expression');
  if (expr.useHashTable && expr.linkType === 'any') {
    const hashed = emitHashed(expr, m);
    if (hashed !== null) return hashed;
  }
  const args = expr.args.map((arg) => m.emit(arg).code).join(', ');
  m.isAsync = true;
  const state = m.assign(`${m.slot(subPlanState)}(x, ${m.slot(expr)})`);
  m.line(`${state}.start([${args}]);`);
  switch (expr.linkType) {
    case 'any':
    case 'all':
      return emitQuantified(expr, state, m);
    case 'rowcompare':
      return emitRowComparison(expr, state, m);
    default: {
      const run = singleResults[expr.linkType];
      return { code: m.assign(`await ${m.slot(run)}(x, ${state})`), nullable: expr.linkType !== 'exists' };
    }
  }
}

type SingleResult = (x: RunState, state: SubPlanState) => Promise<Value>;

const singleResults: Record<'exists' | 'expr' | 'array' | 'multiexpr', SingleResult> = {
  exists: async (_, state) => (await state.next(1)) !== null,
  expr: async (_, state) => {
    const row = await onlyRow(state);
    return row === null ? null : (row[0] ?? null);
  },
  array: async (x, state) => {
    const held = x.memory.child('ExprContext');
    const elements: Value[] = [];
    for (let batch = await state.next(batchRowsMax); batch !== null; batch = await state.next(batchRowsMax)) {
      for (const row of batch) {
        const element = row[0] ?? null;
        watchGrowth(elements);
        elements.push(element);
        held.charge(8 + valueBytes(element));
      }
    }
    held.clear();
    return arrayOf(x, state.subPlan.firstType, elements);
  },
  multiexpr: async (x, state) => {
    const row = await onlyRow(state);
    state.subPlan.setParams.forEach((param, n) => {
      x.p[param] = row === null ? null : (row[n] ?? null);
    });
    return null;
  },
};

/** ARRAY(subquery): of arrays it makes an array with one more dimension. */
export function arrayOf(x: RunState, firstType: number, elements: readonly Value[]): PgArray {
  const type = x.context.catalog.typeByOid(firstType);
  if (type.category !== 'A' || type.element === 0) return PgArray.of(firstType, elements);
  const arrays = elements as readonly (PgArray | null)[];
  const [first] = arrays;
  if (first === undefined || first === null) return PgArray.of(type.element, []);
  const values: Value[] = [];
  for (const array of arrays) {
    if (array === null || array.dimensions.join() !== first.dimensions.join()) {
      throw pgError(SqlState.arraySubscriptError, 'cannot accumulate arrays of different dimensionality');
    }
    requireElements(values.length + array.elements.length);
    for (const element of array.elements) values.push(element);
  }
  if (first.dimensions.length === 0) return PgArray.of(type.element, []);
  return new PgArray(type.element, [arrays.length, ...first.dimensions], [1, ...first.lowerBounds], values);
}

/** The subquery's single row, null where it is empty; throws 21000 on a second one. */
export async function onlyRow(state: { next(max: number): Promise<readonly Row[] | null> }): Promise<Row | null> {
  const batch = await state.next(2);
  if (batch === null) return null;
  if (batch.length > 1 || (await state.next(1)) !== null) throw tooManyRows();
  return batch[0] ?? null;
}

function tooManyRows(): Error {
  return pgError(SqlState.cardinalityViolation, 'more than one row returned by a subquery used as an expression');
}

function setParameters(expr: SubPlan, row: string, m: Emitter): void {
  expr.paramIds.forEach((param, n) => {
    m.line(`x.p[${param}] = ${row}[${n}];`);
  });
}

/** ANY is OR over the rows, ALL is AND: stop at the deciding value, remember nulls. */
function emitQuantified(expr: SubPlan, state: string, m: Emitter): Operand {
  if (expr.test === null) throw new Error('ANY/ALL without a comparison');
  const decisive = expr.linkType === 'any' ? 'true' : 'false';
  const result = m.assign(expr.linkType === 'any' ? 'false' : 'true');
  const batch = m.temp();
  const n = m.temp();
  m.line(`L${result}: for (;;) {`);
  m.line(`var ${batch} = await ${state}.next(4096);`);
  m.line(`if (${batch} === null) break;`);
  m.line(`for (var ${n} = 0; ${n} < ${batch}.length; ${n}++) {`);
  setParameters(expr, `${batch}[${n}]`, m);
  const outcome = m.emit(expr.test);
  m.line(`if (${outcome.code} === ${decisive}) { ${result} = ${decisive}; break L${result}; }`);
  m.line(`if (${outcome.code} === null) ${result} = null;`);
  m.line('} }');
  return { code: result, nullable: true };
}

function emitRowComparison(expr: SubPlan, state: string, m: Emitter): Operand {
  if (expr.test === null) throw new Error('row comparison without a test');
  const result = m.assign('null');
  const row = m.assign(`await ${m.slot(onlyRow)}(${state})`);
  m.line(`if (${row} !== null) {`);
  setParameters(expr, row, m);
  const outcome = m.emit(expr.test);
  m.line(`${result} = ${outcome.code}; }`);
  return { code: result, nullable: true };
}

function emitHashed(expr: SubPlan, m: Emitter): Operand | null {
  const hashed = hashedSubPlan(expr, m.catalog);
  if (hashed === null) return null;
  const values = hashed.outer.map((outer) => m.emit(outer).code).join(', ');
  m.isAsync = true;
  const table = m.assign(`${m.slot(hashed.table)}(x)`);
  m.line(`if (${table} instanceof Promise) ${table} = await ${table};`);
  return { code: m.assign(`${m.slot(hashed.probe)}(${table}, [${values}], x)`), nullable: true };
}
