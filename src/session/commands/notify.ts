// LISTEN, UNLISTEN and NOTIFY: noted for the end of the transaction.
import type { ListenStmt, NotifyStmt, UnlistenStmt } from '@pgsql/types';
import type { Session } from '../session.js';

/** LISTEN channel. */
export function runListen(session: Session, statement: ListenStmt): string {
  session.notifications.listen(statement.conditionname ?? '');
  return 'LISTEN';
}

/** UNLISTEN channel, or UNLISTEN *. */
export function runUnlisten(session: Session, statement: UnlistenStmt): string {
  if (statement.conditionname === undefined || statement.conditionname === '') session.notifications.unlistenAll();
  else session.notifications.unlisten(statement.conditionname);
  return 'UNLISTEN';
}

/** NOTIFY channel [, payload]. */
export function runNotify(session: Session, statement: NotifyStmt): string {
  session.notifications.notify(statement.conditionname ?? '', statement.payload ?? '');
  return 'NOTIFY';
}
