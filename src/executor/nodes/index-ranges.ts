// From an index scan's conditions to key ranges. Equalities on leading columns make the prefix; the next column's
// bounds, null test or row comparison closes it; = ANY multiplies ranges. Conditions that can't narrow the range are
// left to the filter. A null comparison value means that nothing matches.
//   1. (compile) choose for each column the conditions that bound it, until one column is not fixed by equality
//   2. (run) evaluate their values, convert them to the column's type, write the bounds
import type { IndexDescriptor } from '../../catalog/descriptors.js';
import type { KeyRange } from '../../storage/api.js';
import type { Expression } from '../../trees/expression.js';
import type { IndexQual } from '../../trees/plan.js';
import type { PgArray, Row, Value } from '../../types/value.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import type { CompileUnit } from '../expressions/unit.js';
import { type KeyColumnCodec, encodeKey, keyColumns, withTag } from '../index-keys.js';
import { valueTag } from '../../storage/index-key.js';
import { baseType } from '../operators.js';
import type { RunState } from '../state.js';

interface BoundQual {
  readonly qual: IndexQual;
  /** Index into the evaluated values; -1 for null tests. */
  readonly slot: number;
  readonly fit: Fit;
}
/** How a value of the operator's type becomes one of the column's type. */
type Fit = 'same' | 'integer';

export interface RangeProgram {
  readonly columns: readonly KeyColumnCodec[];
  readonly values: RowProgram;
  /** Conditions by column: equalities first; the last column may hold bounds. */
  readonly byColumn: readonly (readonly BoundQual[])[];
  /** Conditions that the ranges don't enforce. */
  readonly leftOver: readonly Expression[];
  /** More than one range may come out. */
  readonly hasArrays: boolean;
}

export function compileRanges(unit: CompileUnit, index: IndexDescriptor, quals: readonly IndexQual[]): RangeProgram {
  const columns = keyColumns(unit.catalog, index);
  const values: Expression[] = [];
  const byColumn: BoundQual[][] = [];
  const used = new Set<IndexQual>();
  for (let n = 0; n < columns.length; n++) {
    const candidates = quals.filter((qual) => qual.column === n && qual.strategy !== 'row');
    const chosen = chooseBounds(unit, columns[n] as KeyColumnCodec, candidates);
    if (chosen.length === 0) break;
    byColumn.push(
      chosen.map(({ qual, fit }) => {
        used.add(qual);
        return { qual, fit, slot: qual.value === null ? -1 : values.push(qual.value) - 1 };
      }),
    );
    if (!chosen.every(({ qual }) => fixesColumn(qual))) break;
  }
  return {
    columns,
    values: compileRow(unit, values),
    byColumn,
    leftOver: quals.filter((qual) => !used.has(qual)).map((qual) => qual.clause),
    hasArrays: byColumn.some((column) => column.some(({ qual }) => qual.strategy === 'any')),
  };
}

function fixesColumn(qual: IndexQual): boolean {
  return qual.strategy === '=' || qual.strategy === 'any' || qual.strategy === 'isNull';
}

function chooseBounds(
  unit: CompileUnit,
  column: KeyColumnCodec,
  quals: readonly IndexQual[],
): { qual: IndexQual; fit: Fit }[] {
  const fitting = quals.flatMap((qual) => {
    const fit = fitOf(unit, column, qual);
    return fit === null ? [] : [{ qual, fit }];
  });
  const fixed = fitting.find(({ qual }) => qual.strategy === '=') ?? fitting.find(({ qual }) => fixesColumn(qual));
  if (fixed !== undefined) return [fixed];
  const lower = fitting.find(({ qual }) => qual.strategy === '>' || qual.strategy === '>=');
  const upper = fitting.find(({ qual }) => qual.strategy === '<' || qual.strategy === '<=');
  const bounds = [lower, upper].filter((bound) => bound !== undefined);
  if (bounds.length > 0) return bounds;
  return fitting.filter(({ qual }) => qual.strategy === 'isNotNull').slice(0, 1);
}

const integerInputs = new Set(['int2in', 'int4in', 'int8in']);
const stringInputs = new Set(['textin', 'varcharin', 'namein']);

function fitOf(unit: CompileUnit, column: KeyColumnCodec, qual: IndexQual): Fit | null {
  if (qual.value === null) return 'same';
  const valueType = baseType(unit.catalog, typeOf(qual.value, unit.catalog));
  const type = qual.strategy === 'any' ? baseType(unit.catalog, valueType.element) : valueType;
  const mine = column.type.behaviour.symbol;
  const theirs = type.behaviour.symbol;
  if (integerInputs.has(mine) && integerInputs.has(theirs)) return mine === theirs ? 'same' : 'integer';
  if (stringInputs.has(mine) && stringInputs.has(theirs)) return 'same';
  return mine === theirs ? 'same' : null;
}

/** Key ranges in ascending key order, disjoint. */
export function keyRanges(program: RangeProgram, values: Row, x: RunState): KeyRange[] {
  let prefixes: Value[][] = [[]];
  for (const column of program.byColumn) {
    const [first] = column;
    if (first === undefined) break;
    if (!fixesColumn(first.qual)) return boundedRanges(program, prefixes, column, values, x);
    const choices = fixedChoices(program.columns[prefixes[0]?.length ?? 0] as KeyColumnCodec, first, values);
    if (choices.length === 0) return [];
    prefixes =
      choices.length === 1
        ? prefixes.map((p) => [...p, choices[0] as Value])
        : prefixes.flatMap((p) => choices.map((choice) => [...p, choice]));
  }
  const ioFor = (collation: number) => x.ioFor(collation);
  const keys = prefixes.map((prefix) => encodeKey(program.columns, prefix, ioFor));
  return sortedUnique(keys).map(exactly);
}

function exactly(key: Buffer): KeyRange {
  if (key.length === 0) return { lower: null, lowerInclusive: true, upper: null, upperInclusive: true };
  return { lower: key, lowerInclusive: true, upper: key, upperInclusive: true };
}

function sortedUnique(keys: Buffer[]): Buffer[] {
  if (keys.length < 2) return keys;
  keys.sort(Buffer.compare);
  return keys.filter((key, n) => n === 0 || !key.equals(keys[n - 1] as Buffer));
}

/** Values that an equality, = ANY or IS NULL allows. */
function fixedChoices(column: KeyColumnCodec, bound: BoundQual, values: Row): readonly Value[] {
  if (bound.qual.strategy === 'isNull') return [null];
  const value = values[bound.slot] as Value;
  if (value === null) return [];
  const candidates = bound.qual.strategy === 'any' ? (value as PgArray).elements : [value];
  const fitted: Value[] = [];
  for (const candidate of candidates) {
    if (candidate === null) continue;
    const fit = bound.fit === 'integer' ? fitInteger(column, candidate) : candidate;
    if (fit !== 'below' && fit !== 'above') fitted.push(fit);
  }
  return fitted;
}

const integerRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int2in: [-32768n, 32767n],
  int4in: [-2147483648n, 2147483647n],
  int8in: [-9223372036854775808n, 9223372036854775807n],
};

function fitInteger(column: KeyColumnCodec, value: Value): Value | 'below' | 'above' {
  const symbol = column.type.behaviour.symbol;
  const exact = BigInt(value as number | bigint);
  const [min, max] = integerRanges[symbol] as readonly [bigint, bigint];
  if (exact < min) return 'below';
  if (exact > max) return 'above';
  return symbol === 'int8in' ? exact : Number(exact);
}

interface Edge {
  readonly key: Buffer;
  readonly inclusive: boolean;
}

function boundedRanges(
  program: RangeProgram,
  prefixes: readonly (readonly Value[])[],
  bounds: readonly BoundQual[],
  values: Row,
  x: RunState,
): KeyRange[] {
  const ioFor = (collation: number) => x.ioFor(collation);
  const column = program.columns[prefixes[0]?.length ?? 0] as KeyColumnCodec;
  const ranges: KeyRange[] = [];
  for (const prefix of prefixes) {
    const base = encodeKey(program.columns, prefix, ioFor);
    // Without a bound on one side the range still ends at the nulls.
    const whole: Edge = { key: withTag(base, valueTag), inclusive: true };
    let [low, high]: [Edge, Edge] = [whole, whole];
    for (const bound of bounds) {
      if (bound.qual.strategy === 'isNotNull') continue;
      const value = values[bound.slot] as Value;
      if (value === null) return [];
      const fitted = bound.fit === 'integer' ? fitInteger(column, value) : value;
      const isUpper = bound.qual.strategy === '<' || bound.qual.strategy === '<=';
      if (fitted === 'below' || fitted === 'above') {
        if ((fitted === 'below') === isUpper) return [];
        continue;
      }
      const key = encodeKey(program.columns, [...prefix, fitted], ioFor);
      const edge = { key, inclusive: bound.qual.strategy === '<=' || bound.qual.strategy === '>=' };
      if (isUpper !== column.key.descending) high = edge;
      else low = edge;
    }
    ranges.push({ lower: low.key, lowerInclusive: low.inclusive, upper: high.key, upperInclusive: high.inclusive });
  }
  return ranges.sort((a, b) => Buffer.compare(a.lower as Buffer, b.lower as Buffer));
}
