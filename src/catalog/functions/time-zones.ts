// pg_timezone_names and pg_timezone_abbrevs: zones and abbreviations with their offset as of the transaction's start.
import type { CallInfo } from '../../functions/call-info.js';
import { tableFn } from '../../functions/registry.js';
import { fixedAbbreviations, zoneAbbreviations } from '../../types/datetime/generated/abbreviations.js';
import { findTimeZone, offsetAtTimestamp, timeZoneNames } from '../../types/datetime/time-zone.js';
import type { ZoneOffset } from '../../types/datetime/tzif.js';
import type { Interval } from '../../types/value.js';

const interval = (seconds: number): Interval => ({ months: 0, days: 0, microseconds: BigInt(seconds) * 1000000n });

tableFn('pg_timezone_names', {
  *rows(info: CallInfo) {
    for (const name of timeZoneNames()) {
      const zone = findTimeZone(name);
      if (zone === null) continue;
      const { offset, isDst, abbreviation } = offsetAtTimestamp(zone, info.io.transactionTimestamp);
      yield [name, abbreviation, interval(offset), isDst];
    }
  },
});

/** Half a year in steps of a month: what an abbreviation of a zone stood for most recently. */
const monthSeconds = 30 * 86400;

tableFn('pg_timezone_abbrevs', {
  *rows(info: CallInfo) {
    for (const [name, fixed] of Object.entries(fixedAbbreviations))
      if (fixed !== undefined) yield [name.toUpperCase(), interval(fixed[0]), fixed[1]];
    for (const [name, zoneName] of Object.entries(zoneAbbreviations)) {
      const meaning = zoneName === undefined ? null : abbreviationMeaning(name, zoneName, info.io.transactionTimestamp);
      if (meaning !== null) yield [name.toUpperCase(), interval(meaning.offset), meaning.isDst];
    }
  },
});

/** The zone's offset under that abbreviation, looking back from the moment; its present one where it never had it. */
function abbreviationMeaning(abbreviation: string, zoneName: string, timestamp: bigint): ZoneOffset | null {
  const zone = findTimeZone(zoneName);
  if (zone === null) return null;
  const now = offsetAtTimestamp(zone, timestamp);
  const months = 12 * 130;
  for (let back = 0; back < months; back++) {
    const then = offsetAtTimestamp(zone, timestamp - BigInt(back * monthSeconds) * 1000000n);
    if (then.abbreviation.toLowerCase() === abbreviation) return then;
  }
  return now;
}
