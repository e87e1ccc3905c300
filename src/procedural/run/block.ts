// Blocks: their variables set up, their statements in order, their exception handlers.
import type { Awaitable } from '../../base/awaitable.js';
import { markContextComplete, withContext } from '../../errors/context.js';
import { type PgError, SqlState } from '../../errors/pg-error.js';
import { matchesCondition } from '../conditions.js';
import type { Block, Handler, RecordVariable, Statement, Variable } from '../tree.js';
import { assign } from './assign.js';
import type { CompiledFunction } from './compiled-function.js';
import { SqlExpression } from './expression.js';
import { exit, type Flow, type FunctionFrame, next, type Step } from './frame.js';
import { compileStatement } from './statement.js';

export function compileBlock(fn: CompiledFunction, block: Block): Step {
  const variables = block.variables.flatMap((number) => {
    const datum = fn.datums[number];
    if (datum?.kind !== 'variable' && datum?.kind !== 'record') return [];
    return [{ datum, initial: datum.initial === null ? null : new SqlExpression(fn, datum.initial) }];
  });
  const body = compileSequence(fn, block.body);
  const inner: Step = block.handlers === null ? body : guarded(fn, block, body);
  return (frame) => {
    const ready = initialize(frame, variables, 0);
    const run = () => {
      const flow = inner(frame);
      return flow instanceof Promise
        ? flow.then((settled) => afterBlock(frame, block, settled))
        : afterBlock(frame, block, flow);
    };
    return ready instanceof Promise ? ready.then(run) : run();
  };
}

/** EXIT with the block's label ends it. */
function afterBlock(frame: FunctionFrame, block: Block, flow: Flow): Flow {
  if (flow !== exit || frame.exitLabel === null || frame.exitLabel !== block.label) return flow;
  frame.exitLabel = null;
  return next;
}

interface Initialized {
  readonly datum: Variable | RecordVariable;
  readonly initial: SqlExpression | null;
}

function initialize(frame: FunctionFrame, variables: readonly Initialized[], from: number): Awaitable<void> {
  if (from >= variables.length) {
    frame.phase = null;
    return;
  }
  for (let index = from; index < variables.length; index++) {
    const { datum, initial } = variables[index] as Initialized;
    frame.phase = 'during statement block local variable initialization';
    frame.phaseLine = datum.line;
    const wait = initializeOne(frame, datum, initial);
    if (wait instanceof Promise) return wait.then(() => initialize(frame, variables, index + 1));
  }
  frame.phase = null;
}

function initializeOne(
  frame: FunctionFrame,
  datum: Variable | RecordVariable,
  initial: SqlExpression | null,
): Awaitable<void> {
  if (initial === null) {
    frame.values[datum.number] = null;
    const { catalog } = frame.fn.host;
    // A domain may not allow null.
    if (catalog.typeByOid(datum.type.oid).kind !== 'd') return;
    return assign(frame, datum.number, null, { type: 705, typmod: -1 });
  }
  const value = initial.evaluate(frame);
  const put = (settled: Awaited<typeof value>) =>
    assign(frame, datum.number, settled, { type: initial.type, typmod: initial.typmod });
  return value instanceof Promise ? value.then(put) : put(value);
}

/** Statements one after the other; the first that does not simply go on ends them. */
export function compileSequence(fn: CompiledFunction, statements: readonly Statement[]): Step {
  const steps = statements.map((statement) => compileStatement(fn, statement));
  const [only] = steps;
  const [statement] = statements;
  if (steps.length === 0) return () => next;
  if (steps.length === 1 && only !== undefined && statement !== undefined) return placed(statement, only);
  const run = (frame: FunctionFrame, from: number, outer: Statement | null): Awaitable<Flow> => {
    for (let index = from; index < steps.length; index++) {
      frame.statement = statements[index] as Statement;
      const flow = (steps[index] as Step)(frame);
      if (flow === next) continue;
      if (flow instanceof Promise) {
        return flow.then((settled) => (settled === next ? run(frame, index + 1, outer) : settled));
      }
      frame.statement = outer;
      return flow;
    }
    frame.statement = outer;
    return next;
  };
  return (frame) => run(frame, 0, frame.statement);
}

function placed(statement: Statement, step: Step): Step {
  return (frame) => {
    const outer = frame.statement;
    frame.statement = statement;
    const flow = step(frame);
    if (flow instanceof Promise) {
      return flow.then((settled) => {
        frame.statement = outer;
        return settled;
      });
    }
    frame.statement = outer;
    return flow;
  };
}

interface CompiledHandler {
  readonly conditions: readonly string[];
  readonly body: Step;
}

/** A block with handlers runs in a subtransaction; an error undoes it and goes to the first handler that fits. */
function guarded(fn: CompiledFunction, block: Block, body: Step): Step {
  const handlers = (block.handlers ?? []).map((handler: Handler) => ({
    conditions: handler.conditions,
    body: compileSequence(fn, handler.body),
  }));
  return async (frame) => {
    frame.phaseLine = block.line;
    frame.phase = 'during statement block entry';
    const subtransaction = fn.host.beginSubtransaction();
    frame.phase = null;
    frame.subtransactionDepth += 1;
    let caught: PgError;
    let handler: CompiledHandler;
    try {
      const flow = await body(frame);
      frame.phase = 'during statement block exit';
      frame.subtransactionDepth -= 1;
      subtransaction.release();
      frame.phase = null;
      return flow;
    } catch (error) {
      const error_ = fn.host.asError(error);
      if (frame.phase !== 'during statement block exit') frame.subtransactionDepth -= 1;
      const found = error_ === null ? undefined : handlers.find(({ conditions }) => catches(conditions, error_));
      if (error_ !== null && found !== undefined) withContext(error_, frame.line());
      frame.phase = found === undefined ? frame.phase : null;
      subtransaction.rollback();
      if (error_ === null || found === undefined) throw error;
      addOuterContext(fn, error_);
      caught = error_;
      handler = found;
    }
    return handle(frame, block, handler, caught);
  };
}

function addOuterContext(fn: CompiledFunction, error: PgError): void {
  const outer = fn.host.outerContext();
  if (outer !== '') withContext(error, outer);
  markContextComplete(error);
}

async function handle(frame: FunctionFrame, block: Block, handler: CompiledHandler, caught: PgError): Promise<Flow> {
  const before = frame.error;
  frame.statement = block;
  frame.error = caught;
  frame.values[block.sqlstateVariable] = caught.code;
  frame.values[block.sqlerrmVariable] = caught.message;
  try {
    return await handler.body(frame);
  } finally {
    frame.error = before;
  }
}

/** OTHERS leaves cancellation and failed assertions alone. */
function catches(conditions: readonly string[], error: PgError): boolean {
  return conditions.some((condition) => {
    if (condition === 'others') {
      return error.code !== SqlState.queryCanceled && error.code !== SqlState.assertFailure;
    }
    return matchesCondition(condition, error.code);
  });
}
