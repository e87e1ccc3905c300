// Time zones as they stand in date/time input: offsets, abbreviations, names.
import { fixedAbbreviations, zoneAbbreviations } from './generated/abbreviations.js';
import { fault } from './input-errors.js';
import { findTimeZone, offsetAtTimestamp, zoneByAbbreviation } from './time-zone.js';
import type { TimeZone } from './time-zone.js';

export type ZoneChoice =
  | { readonly kind: 'offset' /** Seconds east of UTC. */; readonly offset: number }
  /** Rules decide once the date is known. */
  | { readonly kind: 'zone'; readonly zone: TimeZone };

/** Largest offset PostgreSQL takes: just under 16 hours. */
const offsetMaxSeconds = 15 * 3600 + 59 * 60 + 59;

/** +hh, +hhmm, +hh:mm, +hh:mm:ss as seconds east. Throws a displacement or format problem. */
export function parseZoneOffset(text: string): number {
  const match = /^([+-])(\d+)(?::(\d+)(?::(\d+))?)?$/.exec(text);
  if (!match) throw fault('format');
  const [, sign, first = '', minuteText, secondText] = match;
  let hours = Number(first);
  let minutes = Number(minuteText ?? 0);
  if (minuteText === undefined && first.length > 2) {
    hours = Math.trunc(Number(first) / 100);
    minutes = Number(first) % 100;
  }
  const seconds = Number(secondText ?? 0);
  if (hours > 15 || minutes > 59 || seconds > 59) throw fault('displacement');
  const total = (hours * 60 + minutes) * 60 + seconds;
  if (total > offsetMaxSeconds) throw fault('displacement');
  return sign === '-' ? -total : total;
}

/** A zone by abbreviation or name, in lower case; null where there is none. */
export function findZoneWord(word: string): ZoneChoice | null {
  const abbreviation = findAbbreviation(word);
  if (abbreviation) return abbreviation;
  const zone = findTimeZone(word);
  return zone ? { kind: 'zone', zone } : null;
}

/** A zone by abbreviation alone, in lower case; null where there is none. */
export function findAbbreviation(word: string): ZoneChoice | null {
  const fixed = Object.hasOwn(fixedAbbreviations, word) ? fixedAbbreviations[word] : undefined;
  if (fixed) return { kind: 'offset', offset: fixed[0] };
  const alias = Object.hasOwn(zoneAbbreviations, word) ? zoneAbbreviations[word] : undefined;
  const zone = alias === undefined ? null : findTimeZone(alias);
  return zone ? { kind: 'zone', zone: zoneByAbbreviation(zone, word.toUpperCase()) } : null;
}

/** The zone that AT TIME ZONE and SET TIME ZONE name: abbreviations, names and offsets. Null where there is none. */
export function zoneForConversion(text: string): ZoneChoice | null {
  const abbreviation = findAbbreviation(text.toLowerCase());
  if (abbreviation) return abbreviation;
  const zone = findTimeZone(text);
  return zone ? { kind: 'zone', zone } : null;
}

/** The offset of a choice at a moment. */
export function offsetOfChoice(choice: ZoneChoice, microseconds: bigint): number {
  return choice.kind === 'offset' ? choice.offset : offsetAtTimestamp(choice.zone, microseconds).offset;
}
