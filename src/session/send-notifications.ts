// Notifications on their way to the client: before ReadyForQuery, or at once while the session is idle, never inside of a
// transaction block (manual, section 53.2.7).
import { notificationBytesMax } from '../base/limits.js';
import { writeNotification } from '../wire/backend.js';
import { reportError } from './report-error.js';
import type { Session } from './session.js';

/** Writes what has come for the session, up to about notificationBytesMax; true where it wrote any. */
export function sendNotifications(session: Session): boolean {
  const { notifications, connection } = session;
  if (notifications.listening.length === 0 || session.transactions.isInBlock) return false;
  const taken = notifications.take(notificationBytesMax);
  for (const { processId, channel, payload } of taken) {
    const begin = connection.out.length;
    try {
      writeNotification(connection.out, processId, channel, payload);
    } catch (error) {
      // It can't be said in the client's encoding.
      connection.out.truncate(begin);
      reportError(session, error);
    }
  }
  return taken.length > 0;
}
