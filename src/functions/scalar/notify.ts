// Notifications between sessions (manual: NOTIFY; section 9.26).
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { notificationService } from '../server-services.js';

fn('pg_notify', {
  impl(channel: string | null, payload: string | null, info: CallInfo) {
    info.session.service(notificationService).notify(channel ?? '', payload ?? '');
    return null;
  },
});

tableFn('pg_listening_channels', {
  rows: (info: CallInfo) => info.session.service(notificationService).listening,
});

fn('pg_notification_queue_usage', {
  impl: (info: CallInfo) => info.session.service(notificationService).queueUsage(),
});
