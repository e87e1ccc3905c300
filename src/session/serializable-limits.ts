// How much serializable transactions remember of what they read, from the settings of lock management.
import type { SessionSettings } from '../config/api.js';
import type { SerializableLimits } from '../storage/api.js';

/** The limits in force. */
export function serializableLimits(settings: SessionSettings): SerializableLimits {
  return {
    perTransaction: settings.int('max_pred_locks_per_transaction'),
    perRelation: settings.int('max_pred_locks_per_relation'),
    perPage: settings.int('max_pred_locks_per_page'),
    transactionCount: settings.int('max_connections') + settings.int('max_prepared_transactions'),
  };
}
