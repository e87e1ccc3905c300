// Trigger functions that come with the server. suppress_redundant_updates_trigger skips updates that change nothing.
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import type { Row } from '../../types/value.js';
import type { TriggerCall } from '../services.js';
import { encodeRows } from '../spill/row-codec.js';

/** Calls a built-in trigger function. Throws 39P01 where it is called for the wrong event, 0A000 for those not built. */
export function callBuiltIn(call: TriggerCall): Row | null {
  const name = call.function.source;
  if (name === 'suppress_redundant_updates_trigger') return suppressRedundantUpdate(call);
  if (name.startsWith('RI_FKey_') || name === 'unique_key_recheck') {
    throw notSupported(`a trigger of the user's own with function ${name}`);
  }
  throw notSupported(`trigger function ${call.function.name}`);
}

function suppressRedundantUpdate(call: TriggerCall): Row | null {
  const protocol = (what: string): Error =>
    pgError(SqlState.eRIETriggerProtocolViolated, `suppress_redundant_updates_trigger: must be called ${what}`);
  const { oldRow, newRow } = call;
  if (call.operation !== 'update') throw protocol('on update');
  if (call.when !== 'before') throw protocol('before update');
  if (call.level !== 'row' || oldRow === null || newRow === null) throw protocol('for each row');
  if (newRow === oldRow) return null;
  return encodeRows([oldRow]).equals(encodeRows([newRow])) ? null : newRow;
}
