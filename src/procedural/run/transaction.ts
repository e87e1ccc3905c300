// COMMIT and ROLLBACK within procedures and DO.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { TransactionEnd } from '../tree.js';
import type { CompiledFunction } from './compiled-function.js';
import { next, type Step } from './frame.js';

export function compileTransactionEnd(fn: CompiledFunction, { commit, chain }: TransactionEnd): Step {
  return async (frame) => {
    if (frame.isAtomic) throw pgError(SqlState.invalidTransactionTermination, 'invalid transaction termination');
    if (fn.host.inSubtransaction()) {
      const message = commit
        ? 'cannot commit while a subtransaction is active'
        : 'cannot roll back while a subtransaction is active';
      throw pgError(SqlState.invalidTransactionTermination, message);
    }
    await fn.host.endTransaction(commit, chain);
    return next;
  };
}
