// The functions of one session: compiled when first called, called for a value, for rows, as procedures, as triggers, as
// the anonymous function of DO.
import type { Awaitable } from '../base/awaitable.js';
import { functionDepthMax } from '../base/limits.js';
import { withContext } from '../errors/context.js';
import { PgError, pgError, SqlState } from '../errors/pg-error.js';
import type { Column, Host } from './host.js';
import { type FunctionSignature, parseFunction } from './parser/parse-function.js';
import { CompiledFunction, type ReturnShape } from './run/compiled-function.js';
import { type CallSetting, type Flow, FunctionFrame, leave, next } from './run/frame.js';
import { requireSameColumns, takeVariable } from './run/returns.js';
import { shapeOf } from './run/assign.js';
import { PgRecord, type Value } from '../types/value.js';

/** A function to be called, as the session resolved it. */
export interface FunctionToCall extends FunctionSignature {
  /** Same function, same types: the key of its compiled form. */
  readonly key: string;
  readonly oid: number;
  readonly title: string;
  readonly isRow: boolean;
  /** Columns of its rows, where they are known. */
  readonly columns: readonly Column[] | null;
}

const voidType = 2278;
const compiledMax = 1000;

export class Functions {
  private readonly compiled = new Map<string, CompiledFunction>();
  private depth = 0;

  constructor(private readonly host: Host) {}

  /** No call is under way. */
  reset(): void {
    this.depth = 0;
  }

  /** The compiled form; made when first asked for, and anew where a type that it was made with is gone. */
  compile(fn: FunctionToCall): CompiledFunction {
    const known = this.compiled.get(fn.key);
    if (known?.isCurrent() === true) return known;
    const { parsed } = parseToRun(fn, this.host);
    const made = new CompiledFunction(parsed, this.host, fn.title, fn.oid, returnShape(fn, parsed.outVariable >= 0));
    if (fn.kind === 'inline') return made;
    if (this.compiled.size >= compiledMax) {
      const oldest = this.compiled.keys().next();
      if (!oldest.done) this.compiled.delete(oldest.value);
    }
    this.compiled.set(fn.key, made);
    return made;
  }

  /** Calls a function for its value. */
  call(fn: FunctionToCall, args: readonly Value[], setting: CallSetting): Awaitable<Value> {
    const frame = this.frame(fn, args, setting);
    const done = this.run(frame);
    return done instanceof Promise ? done.then(() => this.result(frame)) : this.result(frame);
  }

  /** Rows of a set-returning function: values, or arrays of column values. */
  async rows(fn: FunctionToCall, args: readonly Value[], setting: CallSetting): Promise<readonly unknown[]> {
    const frame = this.frame(fn, args, setting);
    await this.run(frame);
    return frame.rows;
  }

  /** Runs the body of a frame made with `frame`, under its line of CONTEXT. */
  run(frame: FunctionFrame): Awaitable<void> {
    const { host } = this;
    if (this.depth >= functionDepthMax) throw stackDepthExceeded(host);
    this.depth += 1;
    host.clock.now += 1;
    const pop = host.pushContext(frame);
    const end = (): void => {
      this.depth -= 1;
      pop();
    };
    const fail = (error: unknown): never => {
      end();
      throw withContext(error, frame.line());
    };
    try {
      const flow = frame.fn.body(frame);
      if (flow instanceof Promise) return flow.then((settled) => this.ended(frame, settled)).then(end, fail);
      const wait = this.ended(frame, flow);
      if (wait instanceof Promise) return wait.then(end, fail);
    } catch (error) {
      return fail(error);
    }
    end();
  }

  frame(fn: FunctionToCall, args: readonly Value[], setting: CallSetting): FunctionFrame {
    const compiled = this.compile(fn);
    const frame = new FunctionFrame(compiled, setting);
    compiled.parsed.argumentVariables.forEach((variable, index) => {
      frame.values[variable] = args[index] ?? null;
    });
    frame.values[compiled.foundVariable] = false;
    frame.expected = fn.columns;
    return frame;
  }

  /** The body has ended: what OUT parameters hold is the result; a function may have to have said RETURN. */
  private ended(frame: FunctionFrame, flow: Flow): Awaitable<void> {
    const { fn } = frame;
    frame.statement = null;
    if (flow === next || (flow === leave && fn.returns.kind === 'procedure')) {
      if (!fn.returns.endsFreely) {
        throw pgError(
          SqlState.sREFunctionExecutedNoReturnStatement,
          fn.returns.kind === 'trigger'
            ? 'control reached end of trigger procedure without RETURN'
            : 'control reached end of function without RETURN',
        );
      }
      const { outVariable } = fn.parsed;
      if (outVariable >= 0 && !fn.returns.isSet) takeVariable(frame, outVariable);
      else if (fn.returns.type === voidType) frame.result = '';
    }
    if (fn.returns.isSet) return;
    return this.castResult(frame);
  }

  private castResult(frame: FunctionFrame): Awaitable<void> {
    const { result, resultType, fn } = frame;
    const { returns } = fn;
    if (resultType === null || returns.type === voidType || returns.kind !== 'function') return;
    frame.phase = "while casting return value to function's return type";
    frame.phaseLine = 0;
    if (returns.isRow) {
      if (result !== null) frame.result = this.castRow(frame, result as PgRecord);
      frame.phase = null;
      return;
    }
    const cast = this.host.castTypes(resultType.type, resultType.typmod, returns.type, -1);
    const value = cast === null ? result : cast(result);
    const put = (settled: Value): void => {
      frame.result = settled;
      frame.phase = null;
    };
    return value instanceof Promise ? value.then(put) : put(value);
  }

  /** A composite result is of the declared type; a record is what it is. */
  private castRow(frame: FunctionFrame, record: PgRecord): Value {
    const { returns } = frame.fn;
    const { catalog } = this.host;
    if (returns.type === 2249) return record;
    const base = catalog.baseType(returns.type);
    if (record.type === base) return record;
    const { attributes } = catalog.typeByOid(base);
    requireSameColumns(
      frame,
      shapeOf(frame, record),
      attributes,
      'returned record type does not match expected record type',
    );
    return new PgRecord(base, record.values, attributes);
  }

  private result(frame: FunctionFrame): Value {
    return frame.result;
  }
}

/** Errors of a stored function's body point into its source. */
function parseToRun(fn: FunctionToCall, host: Host) {
  try {
    return parseFunction(fn, host, fn.kind === 'inline');
  } catch (error) {
    const isPlaced = fn.kind !== 'inline' && error instanceof PgError && error.fields.position !== undefined;
    if (isPlaced) {
      const { position, ...fields } = error.fields;
      error.fields = { ...fields, internalPosition: position, internalQuery: fn.source };
    }
    throw error;
  }
}

function returnShape(fn: FunctionToCall, hasOut: boolean): ReturnShape {
  return {
    kind: fn.kind,
    type: fn.returnType,
    isSet: fn.returnsSet,
    isRow: fn.isRow,
    endsFreely:
      hasOut || fn.returnType === voidType || fn.returnsSet || fn.kind === 'procedure' || fn.kind === 'eventTrigger',
  };
}

function stackDepthExceeded(host: Host): Error {
  const depth = host.setting('max_stack_depth') ?? '2MB';
  return pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
    hint: `Increase the configuration parameter "max_stack_depth" (currently ${kilobytes(depth)}kB), after ensuring the platform's stack depth limit is adequate.`,
  });
}

function kilobytes(text: string): number {
  const match = /^(\d+)(kB|MB|GB)?$/.exec(text);
  const unit = { kB: 1, MB: 1024, GB: 1024 * 1024 }[match?.[2] ?? 'kB'] ?? 1;
  return Number(match?.[1] ?? 2048) * unit;
}
