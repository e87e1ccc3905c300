// LOOP, WHILE, FOR over integers, FOREACH: one driver runs their turns. It goes on without awaiting as long as nothing
// waits, looks for cancellation and lets other sessions run when the time slice is over.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type {
  ForEachStatement,
  IntegerForStatement,
  LoopStatement,
  SqlText,
  Statement,
  WhileStatement,
} from '../tree.js';
import { PgArray, PgRecord, type Value } from '../../types/value.js';
import { assign, assignColumns, shapeOf } from './assign.js';
import { compileSequence } from './block.js';
import type { CompiledFunction } from './compiled-function.js';
import { evaluateAs, evaluateCondition, SqlExpression } from './expression.js';
import { again, exit, type Flow, type FunctionFrame, next, type Step } from './frame.js';

/** Turns between two looks at the clock. */
const turnsPerCheck = 128;

export interface LoopBody {
  readonly statement: Statement & { readonly label: string | null };
  /** Prepares the next turn; false: there is none. */
  readonly advance: () => Awaitable<boolean>;
  readonly body: Step;
}

/** Runs a loop to its end. */
export function runLoop(frame: FunctionFrame, loop: LoopBody): Awaitable<Flow> {
  const { host } = frame.fn;
  let turns = 0;
  for (;;) {
    frame.statement = loop.statement;
    const more = loop.advance();
    if (more instanceof Promise) return finishLoop(frame, loop, more, null);
    if (!more) return next;
    turns += 1;
    if (turns % turnsPerCheck === 0) {
      host.checkInterrupts();
      const wait = host.yieldToEventLoop();
      if (wait !== undefined)
        return finishLoop(
          frame,
          loop,
          wait.then(() => true),
          null,
        );
    }
    const flow = loop.body(frame);
    if (flow instanceof Promise) return finishLoop(frame, loop, null, flow);
    const outcome = afterTurn(frame, loop.statement.label, flow);
    if (outcome !== null) return outcome;
  }
}

/** The same once something had to be waited for: the turn in hand first. */
async function finishLoop(
  frame: FunctionFrame,
  loop: LoopBody,
  pendingMore: Promise<boolean> | null,
  pendingFlow: Promise<Flow> | null,
): Promise<Flow> {
  const { host } = frame.fn;
  let turns = 0;
  let more: Awaitable<boolean> | null = pendingMore;
  let flow: Awaitable<Flow> | null = pendingFlow;
  for (;;) {
    if (flow === null) {
      frame.statement = loop.statement;
      more ??= loop.advance();
      if (!(more instanceof Promise ? await more : more)) return next;
      more = null;
      turns += 1;
      if (turns % turnsPerCheck === 0) {
        host.checkInterrupts();
        const wait = host.yieldToEventLoop();
        if (wait !== undefined) await wait;
      }
      flow = loop.body(frame);
    }
    const outcome = afterTurn(frame, loop.statement.label, flow instanceof Promise ? await flow : flow);
    flow = null;
    if (outcome !== null) return outcome;
  }
}

/** What a turn's end means for its loop: null: the next turn; else how the loop ends. */
function afterTurn(frame: FunctionFrame, label: string | null, flow: Flow): Flow | null {
  if (flow === next) return null;
  if (flow !== exit && flow !== again) return flow;
  const isOurs = frame.exitLabel === null || frame.exitLabel === label;
  if (!isOurs) return flow;
  frame.exitLabel = null;
  return flow === exit ? next : null;
}

export function compileLoop(fn: CompiledFunction, statement: LoopStatement): Step {
  const body = compileSequence(fn, statement.body);
  const loop: LoopBody = { statement, advance: () => true, body };
  return (frame) => runLoop(frame, loop);
}

export function compileWhile(fn: CompiledFunction, statement: WhileStatement): Step {
  const condition = new SqlExpression(fn, statement.condition);
  const body = compileSequence(fn, statement.body);
  return (frame) => runLoop(frame, { statement, advance: () => evaluateCondition(frame, condition), body });
}

const int4Min = -2147483648;
const int4Max = 2147483647;

export function compileForInteger(fn: CompiledFunction, statement: IntegerForStatement): Step {
  const body = compileSequence(fn, statement.body);
  const make = (sql: SqlText) => new SqlExpression(fn, sql);
  const lower = make(statement.lower);
  const upper = make(statement.upper);
  const step = statement.step === null ? null : make(statement.step);
  const { variable, reverse } = statement;
  return async (frame) => {
    const first = await bound(frame, lower, 'lower bound');
    const last = await bound(frame, upper, 'upper bound');
    const by = step === null ? 1 : await bound(frame, step, 'BY value');
    if (by <= 0) {
      throw pgError(SqlState.invalidParameterValue, 'BY value of FOR loop must be greater than zero');
    }
    let current = first;
    let started = false;
    const advance = (): boolean => {
      if (started) current = reverse ? current - by : current + by;
      started = true;
      if (reverse ? current < last || current < int4Min : current > last || current > int4Max) return false;
      any = true;
      frame.values[variable] = current;
      return true;
    };
    let any = false;
    const flow = await runLoop(frame, { statement, advance, body });
    frame.found = any;
    return flow;
  };
}

async function bound(frame: FunctionFrame, expression: SqlExpression, what: string): Promise<number> {
  const value = await evaluateAs(frame, expression, 23);
  if (value === null) throw pgError(SqlState.nullValueNotAllowed, `${what} of FOR loop cannot be null`);
  return value as number;
}

export function compileForEach(fn: CompiledFunction, statement: ForEachStatement): Step {
  const body = compileSequence(fn, statement.body);
  const expression = new SqlExpression(fn, statement.array);
  return async (frame) => {
    const array = await expression.evaluate(frame);
    if (array === null) throw pgError(SqlState.nullValueNotAllowed, 'FOREACH expression must not be null');
    if (!(array instanceof PgArray)) {
      const shown = fn.host.catalog.formatType(expression.type);
      throw pgError(SqlState.datatypeMismatch, `FOREACH expression must yield an array, not type ${shown}`);
    }
    requireSlice(frame, statement, array);
    const items = slicesOf(array, statement.slice);
    const elementType = statement.slice > 0 ? fn.host.catalog.baseType(expression.type) : array.elementType;
    let index = -1;
    const advance = (): Awaitable<boolean> => {
      index += 1;
      const item = items[index];
      if (item === undefined) return false;
      const wait = assignItem(frame, statement.target, item, elementType);
      return wait instanceof Promise ? wait.then(() => true) : true;
    };
    const flow = await runLoop(frame, { statement, advance, body });
    frame.found = items.length > 0;
    return flow;
  };
}

function assignItem(frame: FunctionFrame, target: number, item: Value, type: number): Awaitable<void> {
  const datum = frame.fn.datums[target];
  if (datum?.kind === 'list' && item instanceof PgRecord)
    return assignColumns(frame, target, item.values, shapeOf(frame, item));
  return assign(frame, target, item, { type, typmod: -1 });
}

function requireSlice(frame: FunctionFrame, { slice, target }: ForEachStatement, array: PgArray): void {
  if (slice < 0 || slice > array.dimensions.length) {
    throw pgError(
      SqlState.arraySubscriptError,
      `slice dimension (${slice}) is out of the valid range 0..${array.dimensions.length}`,
    );
  }
  const datum = frame.fn.datums[target];
  const type = datum?.kind === 'variable' ? datum.type.oid : 0;
  const descriptor = type === 0 ? null : frame.fn.host.catalog.typeByOid(frame.fn.host.catalog.baseType(type));
  const isArray = descriptor !== null && descriptor.category === 'A' && descriptor.element !== 0;
  if (slice > 0 && !isArray)
    throw pgError(SqlState.datatypeMismatch, 'FOREACH ... SLICE loop variable must be of an array type');
  if (slice === 0 && isArray)
    throw pgError(SqlState.datatypeMismatch, 'FOREACH loop variable must not be of an array type');
}

/** The array's elements, or its parts of `slice` dimensions. */
function slicesOf(array: PgArray, slice: number): readonly Value[] {
  if (slice === 0) return array.elements;
  const dimensions = array.dimensions.slice(array.dimensions.length - slice);
  const bounds = array.lowerBounds.slice(array.lowerBounds.length - slice);
  const size = dimensions.reduce((product, length) => product * length, 1);
  const parts: Value[] = [];
  for (let at = 0; size > 0 && at < array.elements.length; at += size)
    parts.push(new PgArray(array.elementType, dimensions, bounds, array.elements.slice(at, at + size)));
  return parts;
}
