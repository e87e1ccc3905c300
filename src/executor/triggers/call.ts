// Fires one trigger: counts how deep triggers run within each other, times it for EXPLAIN ANALYZE, finds who runs its
// function.
import { type Awaitable, chain } from '../../base/awaitable.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { triggerDepthMax } from '../../base/limits.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { triggerDepth } from '../../functions/trigger-depth.js';
import type { Row } from '../../types/value.js';
import type { ExecutionContext } from '../api.js';
import { type TriggerCall, procedureRunner } from '../services.js';
import { callBuiltIn } from './built-in.js';

/** Runs a trigger's function; null where it returned NULL. Throws 54001 where triggers fire each other endlessly. */
export function callTrigger(context: ExecutionContext, call: TriggerCall): Awaitable<Row | null> {
  const nesting = triggerDepth(context.session);
  if (nesting.depth >= triggerDepthMax) throw tooDeep();
  context.checkInterrupts();
  nesting.depth += 1;
  let result: Awaitable<Row | null>;
  try {
    result = run(context, call);
  } catch (error) {
    nesting.depth -= 1;
    throw error;
  }
  if (!(result instanceof Promise)) {
    nesting.depth -= 1;
    return result;
  }
  return result.finally(() => {
    nesting.depth -= 1;
  });
}

function run(context: ExecutionContext, call: TriggerCall): Awaitable<Row | null> {
  const { language } = call.function;
  if (language === 'internal' || language === 'c') return callBuiltIn(call);
  const runner = context.session.service(procedureRunner);
  const { newRow, oldRow } = call;
  if (call.when !== 'before' || newRow === null || oldRow === null) return runner.trigger(call, context);
  const shown = withoutGenerated(call.relation, newRow);
  if (shown === newRow) return runner.trigger(call, context);
  return chain(runner.trigger({ ...call, newRow: shown }, context), (row) => (row === shown ? newRow : row));
}

/** Generated columns are computed after BEFORE triggers: NEW must not show what the old row had in them. */
function withoutGenerated(relation: RelationDescriptor, row: Row): Row {
  if (!relation.attributes.some(({ generated }) => generated === 's')) return row;
  return row.map((value, n) => (relation.attributes[n]?.generated === 's' ? null : value));
}

function tooDeep(): Error {
  return pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
}
