// Evaluates expressions outside of a plan: defaults, constant folding, EXECUTE arguments, SET values; and compiles stored
// expressions over a table's rows for those who run them many times.
import type { Expression } from '../trees/expression.js';
import type { Row, Value } from '../types/value.js';
import type { ExecutionContext } from './api.js';
import { type ScalarProgram, compileScalar } from './expressions/compile.js';
import { CompileUnit } from './expressions/unit.js';
import { checkExpression } from './permissions.js';
import { RunState } from './state.js';

/** The value of an expression without Vars; a Promise where it waits. Throws whatever its functions throw. */
export function evaluateExpression(expression: Expression, context: ExecutionContext): Value | Promise<Value> {
  if (expression.kind === 'Const') return expression.value;
  checkExpression(expression, context);
  const unit = new CompileUnit(context.catalog, context.catalog.version(), []);
  const x = new RunState(unit, context, null);
  return compileScalar(unit, expression).run(x, null);
}

/** An expression over rows of one relation (varno 1), compiled once for many rows. */
export interface RowExpression {
  evaluate(row: Row): Value | Promise<Value>;
}

export function rowExpression(expression: Expression, context: ExecutionContext): RowExpression {
  const unit = new CompileUnit(context.catalog, context.catalog.version(), []);
  const x = new RunState(unit, context, null);
  const program: ScalarProgram = compileScalar(unit, expression);
  return { evaluate: (row) => program.run(x, row) };
}
