// A session's settings over the server's: with those that the session computes from its own state.
import type { SessionSettings } from '../config/api.js';
import type { BaseSettings } from '../config/base-settings.js';
import type { SettingChecks } from '../config/checks.js';
import { createSessionSettings } from '../config/session-settings.js';
import { findTimeZone, fixedTimeZone } from '../types/datetime/time-zone.js';
import type { Session } from './session.js';

/** Makes them; `session` may still be under construction. */
export function createSettings(base: BaseSettings, session: Session): SessionSettings {
  const onOff = (value: boolean) => (value ? 'on' : 'off');
  const settings: SessionSettings = createSessionSettings(
    base,
    checks,
    new Map([
      ['is_superuser', () => onOff(session.users.isShownAsSuperuser)],
      [
        'transaction_isolation',
        () => session.transactions?.current?.isolation ?? settings.text('default_transaction_isolation'),
      ],
      [
        'transaction_read_only',
        () => onOff(session.transactions?.current?.readOnly ?? settings.bool('default_transaction_read_only')),
      ],
      [
        'transaction_deferrable',
        () => onOff(session.transactions?.current?.deferrable ?? settings.bool('default_transaction_deferrable')),
      ],
    ]),
  );
  return settings;
}

/** A week: the zone rules have no further offsets. */
const zoneHoursMax = 168;

const checks: SettingChecks = {
  timeZone(text) {
    // A number is hours east of UTC (manual, SET TIME ZONE).
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text)) {
      const hours = Number(text);
      return Math.abs(hours) < zoneHoursMax ? fixedTimeZone(Math.round(hours * 3600)).name : null;
    }
    return findTimeZone(text)?.name ?? null;
  },
};
