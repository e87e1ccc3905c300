// FunctionScan: functions in FROM, ROWS FROM in lockstep (shorter ones padded with nulls), WITH ORDINALITY.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import type { FunctionScan } from '../../trees/plan.js';
import type { FunctionRte } from '../../trees/query.js';
import { walkExpression } from '../../trees/walk.js';
import { PgRecord, type Row, type Value } from '../../types/value.js';
import { type BatchProgram, compileBatch } from '../expressions/compile.js';
import {
  type RowSource,
  type ScalarCall,
  type SetCall,
  compileScalarCall,
  compileSetCall,
  iterate,
} from '../set-returning.js';
import { typeOf } from '../expressions/type-of.js';
import { baseType } from '../operators.js';
import type { Batch, RunState } from '../state.js';
import { FilteredNode } from './filtered.js';

interface FunctionProgram {
  readonly rte: FunctionRte;
  readonly calls: readonly {
    readonly set: SetCall | null;
    readonly scalar: ScalarCall | null;
    readonly width: number;
    /** Places of a named row's live columns, where some were dropped; else null. */
    readonly live: readonly number[] | null;
    /** Column types of a column definition list, null where there is none. */
    readonly types: readonly number[] | null;
  }[];
  readonly program: BatchProgram | null;
  /** The functions may give other rows each time and look at nothing around them: they run once, whatever rescans. */
  readonly runsOnce: boolean;
}

interface Running {
  readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly width: number;
  readonly live: readonly number[] | null;
  readonly types: readonly number[] | null;
  readonly typeName: (oid: number) => string;
  readonly isComposite: boolean;
  ended: boolean;
}

export class FunctionScanNode extends FilteredNode {
  private readonly compiled: FunctionProgram;
  private running: readonly Running[] | null = null;
  private ordinal = 0n;
  /** Rows of functions that run once, and how many of them this scan has given. */
  private readonly kept: Batch = [];
  private given = 0;

  constructor(x: RunState, plan: FunctionScan) {
    const compiled = x.unit.cached(plan, () => compileFunctionScan(x, plan));
    super(x, compiled.program);
    this.compiled = compiled;
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    if (!this.compiled.runsOnce) return this.produce(rowCountMax);
    if (this.given < this.kept.length) {
      const batch = this.kept.slice(this.given, this.given + rowCountMax);
      this.given += batch.length;
      return batch;
    }
    const made = this.produce(rowCountMax);
    return made instanceof Promise ? made.then((batch) => this.keep(batch)) : this.keep(made);
  }

  private keep(batch: Batch | null): Batch | null {
    if (batch === null) return null;
    for (const row of batch) this.kept.push(row);
    this.given += batch.length;
    return batch;
  }

  private produce(rowCountMax: number): Batch | null | Promise<Batch | null> {
    const { running } = this;
    const [only] = running ?? [];
    if (running === null || running.length !== 1 || only === undefined || !isSync(only.iterator))
      return this.fetchSlow(rowCountMax);
    // One synchronous function: no await per row.
    const batch: Batch = [];
    while (batch.length < rowCountMax && !only.ended) {
      const item = only.iterator.next();
      if (item.done === true) only.ended = true;
      else batch.push(this.withOrdinality(columnsOf(item.value, only)));
    }
    return batch.length === 0 ? null : batch;
  }

  private async fetchSlow(rowCountMax: number): Promise<Batch | null> {
    this.running ??= await this.open();
    const batch: Batch = [];
    while (batch.length < rowCountMax) {
      const row: Value[] = [];
      let found = false;
      for (const source of this.running) {
        const item = source.ended ? null : await source.iterator.next();
        if (item === null || item.done === true) {
          source.ended = true;
          for (let n = 0; n < source.width; n++) row.push(null);
        } else {
          found = true;
          row.push(...columnsOf(item.value, source));
        }
      }
      if (!found) break;
      batch.push(this.withOrdinality(row));
    }
    return batch.length === 0 ? null : batch;
  }

  private withOrdinality(row: Row): Row {
    if (!this.compiled.rte.withOrdinality) return row;
    this.ordinal += 1n;
    return [...row, this.ordinal];
  }

  private async open(): Promise<readonly Running[]> {
    const opened: Running[] = [];
    for (const { set, scalar, width, live, types } of this.compiled.calls) {
      let source: RowSource = [];
      if (set !== null) {
        await this.x.ensureInit(set.args.initParams);
        source = await set.rows(this.x, await set.args.run(this.x, null));
      } else if (scalar !== null) {
        await this.x.ensureInit(scalar.program.initParams);
        source = [await scalar.program.run(this.x, null)];
      }
      opened.push({
        iterator: iterate(source),
        width,
        live,
        types,
        typeName: (oid) => this.x.io.names.toText('regtype', oid),
        isComposite: (set ?? scalar)?.isComposite ?? false,
        ended: false,
      });
    }
    return opened;
  }

  protected restart(): void {
    this.given = 0;
    if (this.compiled.runsOnce) return;
    this.close();
    this.ordinal = 0n;
  }

  close(): void {
    for (const source of this.running ?? []) if (!source.ended) void source.iterator.return?.();
    this.running = null;
  }
}

function isSync(iterator: Iterator<unknown> | AsyncIterator<unknown>): iterator is Iterator<unknown> {
  return !(Symbol.asyncIterator in iterator);
}

function compileFunctionScan(x: RunState, plan: FunctionScan): FunctionProgram {
  const rte = x.unit.rangeTable[plan.scanRtIndex - 1];
  if (rte?.kind !== 'function') throw new Error('FunctionScan without its functions');
  const calls = rte.functions.map((fn) => {
    const set = compileSetCall(x.unit, fn.expr, {}, fn.hasDefinitionList ? fn : null);
    const types = fn.hasDefinitionList ? fn.columnTypes : null;
    const scalar = set === null ? compileScalarCall(x.unit, fn.expr) : null;
    return { set, scalar, width: fn.columnCount, live: liveColumns(x, fn.expr, fn.columnCount), types };
  });
  const width = rte.functions.reduce((sum, fn) => sum + fn.columnCount, 0) + (rte.withOrdinality ? 1 : 0);
  const isPhysical =
    plan.targetList.length === width &&
    plan.targetList.every(
      ({ expr }, n) => expr.kind === 'Var' && expr.varno === plan.scanRtIndex && expr.attno === n + 1,
    );
  for (const column of usedColumns(plan)) requireAsItWas(x, rte, column);
  const program = compileBatch(x.unit, { quals: plan.qual, targets: isPhysical ? null : plan.targetList });
  return { rte, calls, program, runsOnce: rte.functions.every((fn) => runsOnce(x, fn.expr)) };
}

/** Attribute numbers that the plan reads of the functions' rows. */
function usedColumns(plan: FunctionScan): ReadonlySet<number> {
  const used = new Set<number>();
  for (const expr of [...plan.targetList.map((target) => target.expr), ...plan.qual]) {
    walkExpression(expr, (node) => {
      if (node.kind === 'Var' && node.varno === plan.scanRtIndex && node.attno > 0) used.add(node.attno);
      return undefined;
    });
  }
  return used;
}

/** Throws 42703 and 42804 for a column of a row type that was dropped or has another type since the query was stored. */
function requireAsItWas(x: RunState, { functions }: FunctionRte, column: number): void {
  let before = 0;
  for (const { expr, columnCount, columnTypes, hasDefinitionList } of functions) {
    const number = column - before;
    before += columnCount;
    if (number > columnCount) continue;
    const { kind, attributes } = baseType(x.context.catalog, typeOf(expr, x.context.catalog));
    if (kind !== 'c' || hasDefinitionList || number < 1) return;
    const attribute = attributes.find((one) => one.number === number);
    if (attribute === undefined)
      throw pgError(SqlState.undefinedColumn, `attribute ${number} of type record has been dropped`);
    const expected = columnTypes[number - 1] ?? attribute.type;
    if (attribute.type === expected) return;
    const name = (oid: number) => x.io.names.toText('regtype', oid);
    throw pgError(SqlState.datatypeMismatch, `attribute ${number} of type record has wrong type`, {
      detail: `Table has type ${name(attribute.type)}, but query expects ${name(expected)}.`,
    });
  }
}

function liveColumns(x: RunState, call: Expression, width: number): readonly number[] | null {
  const { kind, attributes } = baseType(x.context.catalog, typeOf(call, x.context.catalog));
  return kind === 'c' && attributes.length < width ? attributes.map(({ number }) => number - 1) : null;
}

function runsOnce(x: RunState, call: Expression): boolean {
  let isVolatile = false;
  let isAlone = true;
  walkExpression(call, (node) => {
    if (node.kind === 'FuncExpr' && x.context.catalog.function(node.function)?.volatility === 'v') isVolatile = true;
    if (node.kind === 'Var' || node.kind === 'SubPlan') isAlone = false;
    if (node.kind === 'Param' && node.paramKind !== 'extern') isAlone = false;
    return undefined;
  });
  return isVolatile && isAlone;
}

/** One result of a function as its columns. */
function columnsOf(item: unknown, source: Running): Row {
  if (Array.isArray(item)) return inPlace(item as Row, source);
  if (!source.isComposite) return [item as Value];
  if (item instanceof PgRecord) {
    if (source.live !== null) return inPlace(item.values, source);
    if (item.values.length !== source.width) {
      throw pgError(SqlState.datatypeMismatch, 'function return row and query-specified return row do not match', {
        detail: `Returned row contains ${item.values.length} attribute${item.values.length === 1 ? '' : 's'}, but query expects ${source.width}.`,
      });
    }
    checkTypes(item, source);
    return item.values;
  }
  if (item === null || item === undefined) return new Array<Value>(source.width).fill(null);
  return [item as Value];
}

/** Live columns where they stand among the dropped ones, which are null. */
function inPlace(values: Row, { live, width }: Running): Row {
  if (live === null || values.length !== live.length) return values;
  const row = new Array<Value>(width).fill(null);
  live.forEach((place, index) => {
    row[place] = values[index] ?? null;
  });
  return row;
}

// A record brings its own description: it must be what the column definition list says.
function checkTypes(record: PgRecord, source: Running): void {
  if (source.types === null) return;
  for (const [at, expected] of source.types.entries()) {
    const returned = record.fields[at]?.type ?? expected;
    if (returned === expected || returned === unknownType) continue;
    throw pgError(SqlState.datatypeMismatch, 'function return row and query-specified return row do not match', {
      detail: `Returned type ${source.typeName(returned)} at ordinal position ${at + 1}, but query expects ${source.typeName(expected)}.`,
    });
  }
}

/** Literals that nobody gave a type are text in a row. */
const unknownType = 705;
