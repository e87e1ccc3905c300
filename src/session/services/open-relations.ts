// Relations that the session's own open statements use, and those with deferred checks that wait: DDL refuses both.
import type { OpenRelationsService } from '../../commands/services.js';
import { constraintModes } from '../../executor/services.js';
import type { Session } from '../session.js';

export function openRelationsOf(session: Session): OpenRelationsService {
  return {
    isInUse(relation) {
      for (const execution of session.openExecutions) if (execution.usedRelations().includes(relation)) return true;
      return false;
    },
    hasPendingTriggerEvents(relation) {
      const { current } = session.transactions;
      return current !== null && constraintModes(current).hasPending(relation);
    },
  };
}
