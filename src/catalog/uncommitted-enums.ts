// Enum values that a transaction added to a type it did not make itself: they must not be used before the commit, because
// indexes could keep them although the transaction rolls back (manual, ALTER TYPE, notes).
import type { Transaction } from '../transaction/api.js';

interface Uncommitted {
  readonly types: Set<number>;
  readonly values: Set<number>;
}

const byTransaction = new WeakMap<Transaction, Uncommitted>();

function stateOf(transaction: Transaction): Uncommitted {
  let state = byTransaction.get(transaction);
  if (state === undefined) {
    state = { types: new Set(), values: new Set() };
    byTransaction.set(transaction, state);
  }
  return state;
}

/** The transaction makes an enum: its values are safe, whenever they are added. */
export function noteEnumType(transaction: Transaction, type: number): void {
  stateOf(transaction).types.add(type);
}

/** The transaction adds a value to an enum. */
export function noteEnumValue(transaction: Transaction, type: number, value: number): void {
  const state = stateOf(transaction);
  if (!state.types.has(type)) state.values.add(value);
}

/** True for a value that may not be used yet. */
export function isUnsafeEnumValue(transaction: Transaction | null, value: number): boolean {
  return transaction !== null && (byTransaction.get(transaction)?.values.has(value) ?? false);
}
