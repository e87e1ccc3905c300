// DISCARD: back to a fresh session, whole or in part.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { DiscardStmt } from '@pgsql/types';
import type { Session } from '../session.js';

/** DISCARD ALL | PLANS | SEQUENCES | TEMP. */
export async function runDiscard(session: Session, statement: DiscardStmt): Promise<string> {
  switch (statement.target) {
    case 'DISCARD_PLANS':
      for (const prepared of session.statements.values()) prepared.forgetPlans();
      return 'DISCARD PLANS';
    case 'DISCARD_SEQUENCES':
      session.sequences.forgetAll();
      return 'DISCARD SEQUENCES';
    case 'DISCARD_TEMP':
      await session.temporaryTables.dropAll();
      return 'DISCARD TEMP';
    default:
      return discardAll(session);
  }
}

async function discardAll(session: Session): Promise<string> {
  if (session.transactions.isInAnyBlock) {
    throw pgError(SqlState.activeSqlTransaction, 'DISCARD ALL cannot run inside a transaction block');
  }
  session.transactions.commitAlone();
  for (const name of [...session.portals.keys()]) if (name !== '') await session.closePortal(name);
  session.switchUser('session_authorization', null, false);
  session.settings.resetAll({ isSuperuser: session.isSuperuser });
  session.dropNamedStatements();
  session.notifications.unlistenAll();
  session.locks.unlockAllAdvisory();
  session.sequences.forgetAll();
  await session.temporaryTables.dropAll();
  return 'DISCARD ALL';
}
