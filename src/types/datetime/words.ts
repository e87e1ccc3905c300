// Words of date, time and interval input: months, days, units, special values (manual, appendix B.1).

export type Unit =
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium';

export type Word =
  | { readonly kind: 'month'; readonly month: number }
  | { readonly kind: 'weekday'; readonly day: number }
  | {
      readonly kind: 'special';
      readonly value: 'epoch' | 'infinity' | '-infinity' | 'now' | 'today' | 'tomorrow' | 'yesterday' | 'allballs';
    }
  | { readonly kind: 'meridiem'; readonly pm: boolean }
  | { readonly kind: 'era'; readonly bc: boolean }
  | { readonly kind: 'julian' }
  | { readonly kind: 'isoTime' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'dst' };

/** PostgreSQL compares words by their first ten characters. */
export const wordLengthMax = 10;

const months: Readonly<Record<string, number>> = {
  jan: 1,
  january: 1,
  feb: 2,
  february: 2,
  mar: 3,
  march: 3,
  apr: 4,
  april: 4,
  may: 5,
  jun: 6,
  june: 6,
  jul: 7,
  july: 7,
  aug: 8,
  august: 8,
  sep: 9,
  sept: 9,
  september: 9,
  oct: 10,
  october: 10,
  nov: 11,
  november: 11,
  dec: 12,
  december: 12,
};

const weekdays: Readonly<Record<string, number>> = {
  sun: 0,
  sunday: 0,
  mon: 1,
  monday: 1,
  tue: 2,
  tues: 2,
  tuesday: 2,
  wed: 3,
  weds: 3,
  wednesday: 3,
  thu: 4,
  thur: 4,
  thurs: 4,
  thursday: 4,
  fri: 5,
  friday: 5,
  sat: 6,
  saturday: 6,
};

const others: Readonly<Record<string, Word>> = {
  epoch: { kind: 'special', value: 'epoch' },
  infinity: { kind: 'special', value: 'infinity' },
  '+infinity': { kind: 'special', value: 'infinity' },
  '-infinity': { kind: 'special', value: '-infinity' },
  now: { kind: 'special', value: 'now' },
  today: { kind: 'special', value: 'today' },
  tomorrow: { kind: 'special', value: 'tomorrow' },
  yesterday: { kind: 'special', value: 'yesterday' },
  allballs: { kind: 'special', value: 'allballs' },
  am: { kind: 'meridiem', pm: false },
  pm: { kind: 'meridiem', pm: true },
  ad: { kind: 'era', bc: false },
  bc: { kind: 'era', bc: true },
  j: { kind: 'julian' },
  jd: { kind: 'julian' },
  julian: { kind: 'julian' },
  t: { kind: 'isoTime' },
  at: { kind: 'ignored' },
  on: { kind: 'ignored' },
  dst: { kind: 'dst' },
};

const table = new Map<string, Word>([
  ...Object.entries(months).map(([word, month]) => [word, { kind: 'month', month }] as const),
  ...Object.entries(weekdays).map(([word, day]) => [word, { kind: 'weekday', day }] as const),
  ...Object.entries(others),
]);

/** A word of date input, in lower case. */
export function dateWord(word: string): Word | undefined {
  return table.get(word.slice(0, wordLengthMax));
}

const unitWords = new Map<string, Unit>(
  Object.entries({
    microsecond: 'us usec usecs useconds microseconds microsecond usecond microsecon',
    millisecond: 'ms msec msecs mseconds milliseconds millisecond msecond millisecon',
    second: 's sec secs second seconds',
    minute: 'm min mins minute minutes',
    hour: 'h hr hrs hour hours',
    day: 'd day days',
    week: 'w week weeks',
    month: 'mon mons month months',
    year: 'y yr yrs year years',
    decade: 'dec decs decade decades',
    century: 'c cent century centuries',
    millennium: 'mil mils millennium millennia',
  }).flatMap(([unit, words]) => words.split(' ').map((word) => [word, unit as Unit] as const)),
);

/** An interval unit by any of its names, in lower case. */
export function unitWord(word: string): Unit | undefined {
  return unitWords.get(word.slice(0, wordLengthMax)) ?? unitWords.get(word);
}
