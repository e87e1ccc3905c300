// Assignment, IF, CASE, EXIT and CONTINUE.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { AssignStatement, CaseStatement, ExitStatement, IfStatement } from '../tree.js';
import type { Value } from '../../types/value.js';
import { assign, store } from './assign.js';
import { compileSequence } from './block.js';
import type { CompiledFunction } from './compiled-function.js';
import { evaluateCondition, SqlExpression } from './expression.js';
import { again, exit, type Flow, type FunctionFrame, next, type Step } from './frame.js';

export function compileAssign(fn: CompiledFunction, { target, source }: AssignStatement): Step {
  const expression = new SqlExpression(fn, source);
  const datum = fn.datums[target];
  const put = (frame: FunctionFrame, value: Value): Awaitable<Flow> => {
    if (
      datum?.kind === 'variable' &&
      expression.type === datum.type.oid &&
      fits(expression.typmod, datum.type.typmod)
    ) {
      store(frame, datum, value);
      return next;
    }
    const wait = assign(frame, target, value, { type: expression.type, typmod: expression.typmod });
    return wait instanceof Promise ? wait.then(() => next) : next;
  };
  return (frame) => {
    const value = expression.evaluate(frame);
    return value instanceof Promise ? value.then((settled) => put(frame, settled)) : put(frame, value);
  };
}

function fits(typmod: number, wanted: number): boolean {
  return wanted === -1 || typmod === wanted;
}

interface Branch {
  readonly condition: SqlExpression;
  readonly body: Step;
}

export function compileIf(fn: CompiledFunction, statement: IfStatement): Step {
  const branches = statement.branches.map(({ condition, body }) => ({
    condition: new SqlExpression(fn, condition),
    body: compileSequence(fn, body),
  }));
  const otherwise = compileSequence(fn, statement.otherwise);
  return (frame) => choose(frame, branches, 0, otherwise);
}

/** Runs the body of the first branch whose condition holds. */
function choose(frame: FunctionFrame, branches: readonly Branch[], from: number, otherwise: Step): Awaitable<Flow> {
  for (let index = from; index < branches.length; index++) {
    const { condition, body } = branches[index] as Branch;
    const holds = evaluateCondition(frame, condition);
    if (holds instanceof Promise) {
      return holds.then((settled) => (settled ? body(frame) : choose(frame, branches, index + 1, otherwise)));
    }
    if (holds) return body(frame);
  }
  return otherwise(frame);
}

export function compileCase(fn: CompiledFunction, statement: CaseStatement): Step {
  const { subject, subjectVariable, otherwise } = statement;
  const branches = statement.branches.map(({ condition, body }) => ({
    condition: new SqlExpression(fn, condition),
    body: compileSequence(fn, body),
  }));
  const last: Step =
    otherwise === null
      ? () => {
          throw pgError(SqlState.caseNotFound, 'case not found', { hint: 'CASE statement is missing ELSE part.' });
        }
      : compileSequence(fn, otherwise);
  const subjectExpression = subject === null ? null : new SqlExpression(fn, subject);
  return (frame) => {
    if (subjectExpression === null) return choose(frame, branches, 0, last);
    const value = subjectExpression.evaluate(frame);
    const go = (settled: Value): Awaitable<Flow> => {
      takeSubject(fn, subjectVariable, subjectExpression);
      frame.values[subjectVariable] = settled;
      return choose(frame, branches, 0, last);
    };
    return value instanceof Promise ? value.then(go) : go(value);
  };
}

/** The subject's variable is of the subject's type. */
function takeSubject(fn: CompiledFunction, variable: number, { type, typmod }: SqlExpression): void {
  const datum = fn.datums[variable];
  if (datum?.kind !== 'variable') return;
  const known = fn.typeOf(datum);
  if (known.oid === type && known.typmod === typmod) return;
  fn.changeType(variable, { oid: type, typmod, collation: fn.host.catalog.typeByOid(type).collation });
}

export function compileExit(fn: CompiledFunction, { isExit, label, condition }: ExitStatement): Step {
  const flow = isExit ? exit : again;
  const go = (frame: FunctionFrame): Flow => {
    frame.exitLabel = label;
    return flow;
  };
  if (condition === null) return go;
  const expression = new SqlExpression(fn, condition);
  return (frame) => {
    const holds = evaluateCondition(frame, expression);
    if (holds instanceof Promise) return holds.then((settled) => (settled ? go(frame) : next));
    return holds ? go(frame) : next;
  };
}
