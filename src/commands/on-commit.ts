// ON COMMIT DELETE ROWS and DROP of temporary tables: what happens to them at the end of each transaction. The list is the
// session's; the session asks for its actions before each commit.
import type { OnCommitAction } from '@pgsql/types';
import { serviceKey } from '../functions/call-info.js';
import type { CommandContext } from './api.js';

/** The session's list of temporary tables with an ON COMMIT action. */
export interface OnCommitService {
  /** `action` runs before the session's next commit: DROP (once), DELETE ROWS (at every commit). A table that is dropped
   *  or whose creation rolls back leaves the list. */
  register(relation: number, action: 'delete' | 'drop'): void;
  forget(relation: number): void;
}
export const onCommitService = serviceKey<OnCommitService>('onCommit');

/** Notes a new temporary table's ON COMMIT action. */
export function registerOnCommit(context: CommandContext, relation: number, action: OnCommitAction | undefined): void {
  if (action === 'ONCOMMIT_DROP') context.session.service(onCommitService).register(relation, 'drop');
  else if (action === 'ONCOMMIT_DELETE_ROWS') context.session.service(onCommitService).register(relation, 'delete');
}
