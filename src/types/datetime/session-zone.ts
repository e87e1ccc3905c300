// The session's time zone: its TimeZone setting as rules, remembered by the setting's text.
import type { IoContext } from '../io-context.js';
import { fixedTimeZone, findTimeZone } from './time-zone.js';
import type { TimeZone } from './time-zone.js';

const byText = new Map<string, TimeZone>();

/** Never fails: the setting was checked when it was set, and unknown text reads as UTC. */
export function sessionZone(io: Pick<IoContext, 'timeZone'>): TimeZone {
  const text = io.timeZone;
  let zone = byText.get(text);
  if (zone === undefined) {
    zone = findTimeZone(text) ?? fixedTimeZone(0);
    byText.set(text, zone);
  }
  return zone;
}
