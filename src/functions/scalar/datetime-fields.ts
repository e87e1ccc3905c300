// Names of the fields that extract, date_part and date_trunc know.

export type ExtractField =
  | 'microseconds'
  | 'milliseconds'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium'
  | 'dow'
  | 'isodow'
  | 'doy'
  | 'isoyear'
  | 'julian'
  | 'epoch'
  | 'timezone'
  | 'timezone_hour'
  | 'timezone_minute';

const names = new Map<string, ExtractField>(
  Object.entries({
    microseconds: 'microseconds microsecond us usec usecs useconds usecond microsecon',
    milliseconds: 'milliseconds millisecond ms msec msecs mseconds msecond millisecon',
    second: 'second seconds s sec secs',
    minute: 'minute minutes m min mins',
    hour: 'hour hours h hr hrs',
    day: 'day days d',
    week: 'week weeks w',
    month: 'month months mon mons',
    quarter: 'quarter qtr',
    year: 'year years y yr yrs',
    decade: 'decade decades dec decs',
    century: 'century centuries c cent',
    millennium: 'millennium millennia mil mils',
    dow: 'dow',
    isodow: 'isodow',
    doy: 'doy',
    isoyear: 'isoyear',
    julian: 'julian j jd',
    epoch: 'epoch',
    timezone: 'timezone',
    timezone_hour: 'timezone_hour timezone_h',
    timezone_minute: 'timezone_minute timezone_m',
  }).flatMap(([field, words]) => words.split(' ').map((word) => [word, field as ExtractField] as const)),
);

/** A unit's name as errors show it: only ASCII letters change. */
export function asciiLower(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The field of a name in any case; null where there is none. */
export function extractField(name: string): ExtractField | null {
  const lower = asciiLower(name);
  return names.get(lower) ?? (lower.length > 10 ? (names.get(lower.slice(0, 10)) ?? null) : null);
}
