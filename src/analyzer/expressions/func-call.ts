// Function calls as written: arguments, WITHIN GROUP, FILTER, then the call's resolution.
import type { FuncCall } from '@pgsql/types';
import { stringsOf } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import { coerceToBoolean } from '../coercion/coerce.js';
import { analyzeCall } from '../functions/call.js';
import { type ParseState, withKind } from '../parse-state.js';
import { analyzeExpr } from './expression.js';

/** Binds a function call. `isProcedureCall`: CALL. */
export function analyzeFuncCall(state: ParseState, call: FuncCall, isProcedureCall = false): Expression {
  const lastSet = state.lastTargetSet;
  const args = (call.args ?? []).map((arg) => analyzeExpr(state, arg));
  let withinGroupCount = 0;
  if (call.agg_within_group === true) {
    for (const item of call.agg_order ?? []) {
      if (!('SortBy' in item) || item.SortBy.node === undefined) continue;
      const { node } = item.SortBy;
      args.push(withKind(state, 'orderBy', () => analyzeExpr(state, node)));
      withinGroupCount++;
    }
  }
  let filter: Expression | null = null;
  if (call.agg_filter !== undefined) {
    const raw = call.agg_filter;
    filter = withKind(state, 'filter', () => coerceToBoolean(state, analyzeExpr(state, raw), 'FILTER'));
  }
  const bound = analyzeCall(state, {
    names: stringsOf(call.funcname),
    args,
    raw: call,
    isProcedureCall,
    withinGroupCount,
    filter,
    lastSet,
    location: call.location ?? 0,
  });
  if (bound === null) throw new Error('invariant broken: a call that is neither bound nor refused');
  return bound;
}
