// Calls with OVER: plain window functions and aggregates used as such.
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { nameListText } from '../../trees/ast.js';
import { equalTrees } from '../../trees/equal.js';
import type { Expression } from '../../trees/expression.js';
import { expressionLocation } from '../../trees/expression-type.js';
import { someExpression } from '../../trees/walk.js';
import type { ParseState } from '../parse-state.js';
import type { CallSite } from './call.js';
import { windowRefusal } from './places.js';

/** Builds the WindowFunc and registers its window. Throws 42P20, 42704, 0A000. */
export function buildWindowCall(
  state: ParseState,
  parts: {
    readonly site: CallSite;
    readonly fn: FunctionDescriptor;
    readonly type: number;
    readonly args: readonly Expression[];
  },
): Expression {
  const { site, fn, args } = parts;
  const raw = site.raw;
  const over = raw?.over;
  const { location } = site;
  const unsupported = (message: string): Error => pgError(SqlState.featureNotSupported, message, { location });
  if (raw === null || over === undefined) throw new Error('invariant broken: a window function without OVER');
  if (raw.agg_distinct === true) throw unsupported('DISTINCT is not implemented for window functions');
  if (fn.kind === 'a' && args.length === 0 && raw.agg_star !== true) {
    throw pgError(
      SqlState.wrongObjectType,
      `${nameListText(site.names)}(*) must be used to call a parameterless aggregate function`,
      { location },
    );
  }
  if (raw.agg_order !== undefined) throw unsupported('aggregate ORDER BY is not implemented for window functions');
  if (fn.kind !== 'a' && raw.agg_filter !== undefined) {
    throw unsupported('FILTER is not implemented for non-aggregate window functions');
  }
  if (fn.returnsSet) {
    throw pgError(SqlState.invalidFunctionDefinition, 'window functions cannot return sets', { location });
  }
  for (const arg of args) checkArgument(arg);
  const refusal = windowRefusal(state.expressionKind);
  if (refusal !== null) {
    throw pgError(SqlState.windowingError, `window functions are not allowed in ${refusal}`, { location });
  }
  const windowRef = registerWindow(state, over);
  state.hasWindowFunctions = true;
  return {
    kind: 'WindowFunc',
    function: fn.oid,
    type: parts.type,
    collation: 0,
    inputCollation: 0,
    args,
    filter: site.filter,
    windowRef,
    star: raw.agg_star === true,
    isAggregate: fn.kind === 'a',
    location,
  };
}

function registerWindow(state: ParseState, over: ParseState['windowDefs'][number]): number {
  if (over.name !== undefined) {
    const index = state.windowDefs.findIndex((candidate) => candidate.name === over.name);
    if (index >= 0) return index + 1;
    throw pgError(SqlState.undefinedObject, `window "${over.name}" does not exist`, { location: over.location ?? 0 });
  }
  const same = state.windowDefs.findIndex((candidate) => candidate.name === undefined && equalTrees(candidate, over));
  if (same >= 0) return same + 1;
  state.windowDefs.push(over);
  return state.windowDefs.length;
}

function checkArgument(arg: Expression): void {
  someExpression(arg, (node) => {
    if (node.kind === 'WindowFunc') {
      throw pgError(SqlState.windowingError, 'window function calls cannot be nested', { location: node.location });
    }
    if ((node.kind === 'FuncExpr' || node.kind === 'OpExpr') && node.returnsSet) {
      throw pgError(SqlState.featureNotSupported, 'window function calls cannot contain set-returning function calls', {
        hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
        location: expressionLocation(node),
      });
    }
    return false;
  });
}
