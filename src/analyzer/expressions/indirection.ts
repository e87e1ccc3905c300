// (x).f, x[1], x[1:2].f and so on: subscripts and field selections after a primary expression.
import type { A_Indices, A_Indirection } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expressionLocation, expressionType, expressionTypmod } from '../../trees/expression-type.js';
import { analyzeCall } from '../functions/call.js';
import { unknownField } from '../functions/field.js';
import type { ParseState } from '../parse-state.js';
import { analyzeOptional } from './expression.js';
import { subscript } from './subscript.js';

/** Binds an indirection. Throws 42703, 42804, 42809. */
export function analyzeIndirection(state: ParseState, node: A_Indirection): Expression {
  const lastSet = state.lastTargetSet;
  let result = analyzeOptional(state, node.arg);
  const location = expressionLocation(result);
  let indices: A_Indices[] = [];
  const flush = (): void => {
    if (indices.length > 0)
      result = subscript(state, result, expressionType(result), expressionTypmod(result), indices, null);
    indices = [];
  };
  for (const part of node.indirection ?? []) {
    if ('A_Indices' in part) {
      indices.push(part.A_Indices);
      continue;
    }
    flush();
    if ('A_Star' in part) {
      throw pgError(SqlState.featureNotSupported, 'row expansion via "*" is not supported here', { location });
    }
    const name = 'String' in part ? (part.String.sval ?? '') : '';
    const selected = analyzeCall(state, {
      names: [name],
      args: [result],
      raw: null,
      isProcedureCall: false,
      withinGroupCount: 0,
      filter: null,
      lastSet,
      location,
    });
    if (selected === null) throw unknownField(state, result, name, location);
    result = selected;
  }
  flush();
  return result;
}
