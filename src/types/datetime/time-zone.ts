// Time zones by name: IANA zones, POSIX specifications, plain offsets. A zone maps moments to local time and back.
import { addon } from '../../base/addon.js';
import { epochShiftSeconds, floorDivide, microsecondsPerSecond, secondsPerDay } from './calendar.js';
import { parsePosixZone, posixOffset } from './posix-zone.js';
import { abbreviatedOffset, offsetAt, parseTzif } from './tzif.js';
import type { ZoneOffset } from './tzif.js';

export interface TimeZone {
  /** Canonical name, as SHOW TimeZone prints it. */
  readonly name: string;
  at(unixSeconds: number): ZoneOffset;
  /** Where a local time's offset isn't found by looking at moments around it: seconds east at that local time. */
  localOffset?(localUnixSeconds: number): number;
  /** What an abbreviation of this zone means around a moment; null where the zone doesn't know it. */
  abbreviated?(abbreviation: string, unixSeconds: number): ZoneOffset | null;
}

const zones = new Map<string, TimeZone | null>();

/** The zone of that name in any case; null where there is none. */
export function findTimeZone(name: string): TimeZone | null {
  const key = name.toLowerCase();
  let zone = zones.get(key);
  if (zone === undefined) {
    zone = load(name);
    zones.set(key, zone);
  }
  return zone;
}

/** Names of all IANA zones. */
export function timeZoneNames(): readonly string[] {
  return addon.timeZoneNames();
}

/** Old names that since tzdata 2024b mean a place's time, all of its history included. */
const places: Readonly<Record<string, string | undefined>> = {
  est: 'America/Panama',
  mst: 'America/Phoenix',
  hst: 'Pacific/Honolulu',
  est5edt: 'America/New_York',
  cst6cdt: 'America/Chicago',
  mst7mdt: 'America/Denver',
  pst8pdt: 'America/Los_Angeles',
  wet: 'Europe/Lisbon',
  cet: 'Europe/Brussels',
  met: 'Europe/Brussels',
  eet: 'Europe/Athens',
};

function load(name: string): TimeZone | null {
  const place = places[name.toLowerCase()];
  const named = addon.timeZoneData(name);
  const data = named && place !== undefined ? { ...named, tzif: addon.timeZoneData(place)?.tzif ?? named.tzif } : named;
  if (data) {
    const rules = parseTzif(data.tzif);
    return {
      name: data.name,
      at: (unixSeconds) => offsetAt(rules, unixSeconds),
      abbreviated: (abbreviation, unixSeconds) => abbreviatedOffset(rules, abbreviation, unixSeconds),
    };
  }
  const specification = name.toUpperCase();
  const rule = parsePosixZone(specification);
  return rule ? { name: specification, at: (unixSeconds) => posixOffset(rule, unixSeconds) } : null;
}

/** The zone as one of its abbreviations sees it: MSK is the offset that MSK stood for at or last before a moment. */
export function zoneByAbbreviation(zone: TimeZone, abbreviation: string): TimeZone {
  const at = (unixSeconds: number) => zone.abbreviated?.(abbreviation, unixSeconds) ?? zone.at(unixSeconds);
  return { name: zone.name, at, localOffset: (local) => at(local - localOffset(zone, local)).offset };
}

/** A zone with one offset for ever; `offset` in seconds east of UTC. Named in POSIX's style, as PostgreSQL does. */
export function fixedTimeZone(offset: number): TimeZone {
  const abbreviation = isoOffsetText(offset);
  const zone: ZoneOffset = { offset, isDst: false, abbreviation };
  return { name: `<${abbreviation}>${isoOffsetText(-offset)}`, at: () => zone };
}

/** +hh[:mm[:ss]] */
export function isoOffsetText(offset: number): string {
  const size = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, '0');
  let text = `${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 3600))}`;
  if (size % 3600 !== 0) text += `:${two(Math.trunc(size / 60) % 60)}`;
  if (size % 60 !== 0) text += `:${two(size % 60)}`;
  return text;
}

/** The offset at a timestamp (microseconds since 2000-01-01 UTC). */
export function offsetAtTimestamp(zone: TimeZone, microseconds: bigint): ZoneOffset {
  return zone.at(Number(floorDivide(microseconds, microsecondsPerSecond)) + epochShiftSeconds);
}

/** Local microseconds of a moment. */
export function toLocal(zone: TimeZone, microseconds: bigint): bigint {
  return microseconds + BigInt(offsetAtTimestamp(zone, microseconds).offset) * microsecondsPerSecond;
}

/** The moment of a local time; see `localOffset` for times that come twice or never. */
export function fromLocal(zone: TimeZone, local: bigint): bigint {
  const seconds = Number(floorDivide(local, microsecondsPerSecond)) + epochShiftSeconds;
  return local - BigInt(localOffset(zone, seconds)) * microsecondsPerSecond;
}

/** Offset (seconds east) that holds at a local time. In the gap of a spring change the offset before it is used, in the
 *  overlap of an autumn change the one after it, as PostgreSQL does. */
export function localOffset(zone: TimeZone, localUnixSeconds: number): number {
  if (zone.localOffset !== undefined) return zone.localOffset(localUnixSeconds);
  const before = zone.at(localUnixSeconds - secondsPerDay).offset;
  const after = zone.at(localUnixSeconds + secondsPerDay).offset;
  const fitsBefore = zone.at(localUnixSeconds - before).offset === before;
  const fitsAfter = zone.at(localUnixSeconds - after).offset === after;
  if (before === after) return fitsBefore ? before : zone.at(localUnixSeconds - before).offset;
  if (fitsBefore && !fitsAfter) return before;
  if (fitsAfter && !fitsBefore) return after;
  return after > before ? before : after;
}
