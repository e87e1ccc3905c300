// FunctionScan: functions in FROM, ROWS FROM in lockstep (shorter ones padded with nulls), WITH ORDINALITY.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { FunctionScan } from '../../trees/plan.js';
import type { FunctionRte } from '../../trees/query.js';
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
import type { Batch, RunState } from '../state.js';
import { FilteredNode } from './filtered.js';

interface FunctionProgram {
  readonly rte: FunctionRte;
  readonly calls: readonly {
    readonly set: SetCall | null;
    readonly scalar: ScalarCall | null;
    readonly width: number;
    /** Column types of a column definition list, null where there is none. */
    readonly types: readonly number[] | null;
  }[];
  readonly program: BatchProgram | null;
}

interface Running {
  readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly width: number;
  readonly types: readonly number[] | null;
  readonly typeName: (oid: number) => string;
  readonly isComposite: boolean;
  ended: boolean;
}

export class FunctionScanNode extends FilteredNode {
  private readonly compiled: FunctionProgram;
  private running: readonly Running[] | null = null;
  private ordinal = 0n;

  constructor(x: RunState, plan: FunctionScan) {
    const compiled = x.unit.cached(plan, () => compileFunctionScan(x, plan));
    super(x, compiled.program);
    this.compiled = compiled;
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
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
    for (const { set, scalar, width, types } of this.compiled.calls) {
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
        types,
        typeName: (oid) => this.x.io.names.toText('regtype', oid),
        isComposite: (set ?? scalar)?.isComposite ?? false,
        ended: false,
      });
    }
    return opened;
  }

  protected restart(): void {
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
    return { set, scalar: set === null ? compileScalarCall(x.unit, fn.expr) : null, width: fn.columnCount, types };
  });
  const width = rte.functions.reduce((sum, fn) => sum + fn.columnCount, 0) + (rte.withOrdinality ? 1 : 0);
  const isPhysical =
    plan.targetList.length === width &&
    plan.targetList.every(
      ({ expr }, n) => expr.kind === 'Var' && expr.varno === plan.scanRtIndex && expr.attno === n + 1,
    );
  const program = compileBatch(x.unit, { quals: plan.qual, targets: isPhysical ? null : plan.targetList });
  return { rte, calls, program };
}

/** One result of a function as its columns. */
function columnsOf(item: unknown, source: Running): Row {
  if (Array.isArray(item)) return item as Row;
  if (!source.isComposite) return [item as Value];
  if (item instanceof PgRecord) {
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
