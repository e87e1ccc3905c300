// CALL: the procedure and its arguments, those of OUT parameters too. PostgreSQL's transformCallStmt.
import type { CallStmt } from '@pgsql/types';
import { completeArguments } from '../../catalog/expand-arguments.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { expandArguments } from '../../catalog/expand-arguments.js';
import { defined } from '../../errors/unreachable.js';
import { expressionType } from '../../trees/expression-type.js';
import type { Expression } from '../../trees/expression.js';
import type { BoundCall } from '../../trees/statement.js';
import { assignExpressionCollations } from '../collations.js';
import type { AnalyzerContext } from '../context.js';
import { analyzeFuncCall } from '../expressions/func-call.js';
import { makeParseState, withKind } from '../parse-state.js';

/** Binds a CALL. Throws 42883, 42809, 0A000 for subqueries. */
export function bindCall(statement: CallStmt, context: AnalyzerContext): BoundCall {
  const state = makeParseState(null, context);
  const call = defined(statement.funccall, 'the call of a CALL');
  const bound = withKind(state, 'call', () => analyzeFuncCall(state, call, true));
  if (bound.kind !== 'FuncExpr') throw new Error('invariant broken: CALL calls a procedure');
  assignExpressionCollations(state, bound);
  const fn = context.catalog.requireFunction(bound.function);
  const all = completeArguments(asCalled(fn), bound.args).map((arg) => expandArguments(context.catalog, arg));
  const modes = fn.argModes ?? all.map(() => 'i');
  const isInput = (mode: string | undefined): boolean => mode !== 'o' && mode !== 't';
  const outputs = all.flatMap((expression, index) => {
    const mode = modes[index];
    if (mode !== 'o' && mode !== 'b') return [];
    return [{ name: outputName(fn, index), type: expressionType(expression), expression }];
  });
  return {
    function: fn.oid,
    args: all.filter((_, index): boolean => isInput(modes[index])) as readonly Expression[],
    outputs,
    resultType: bound.type,
    collation: bound.inputCollation,
  };
}

function asCalled(fn: FunctionDescriptor): FunctionDescriptor {
  if (fn.allArgTypes === null) return fn;
  return { ...fn, argTypes: fn.allArgTypes, argModes: fn.allArgTypes.map(() => 'i') };
}

function outputName(fn: FunctionDescriptor, index: number): string {
  const name = fn.argNames?.[index] ?? '';
  return name === '' ? `column${index + 1}` : name;
}
