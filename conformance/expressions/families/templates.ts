// Formatting templates, regular expressions and other small languages inside strings: pieces put together at random.
import { pick } from '../constants.js';

type Random = () => number;

function several(list: readonly string[], countMax: number, random: Random): string {
  let text = '';
  for (let left = 1 + Math.floor(random() * countMax); left > 0; left--) text += pick(list, random);
  return text;
}

const dateFields =
  'HH HH12 HH24 MI SS MS US FF1 FF3 FF6 SSSS SSSSS AM a.m. pm P.M. Y,YYY YYYY YYY YY Y IYYY IYY IY I BC ad B.C. MONTH Month month MON Mon mon MM DAY Day day DY Dy dy DDD IDDD DD D ID W WW IW CC J Q RM rm TZ tz TZH TZM OF'.split(
    ' ',
  );
const separators = ['-', ' ', ':', '/', '.', ',', '', '', '"at"', '"x y"', '\\"', 'T', '  ', 'x'];

/** A template of to_char(timestamp) and its kin. */
export function dateTemplate(random: Random): string {
  let text = '';
  for (let left = 1 + Math.floor(random() * 5); left > 0; left--) {
    text +=
      (random() < 0.2 ? 'FM' : '') + pick(dateFields, random) + (random() < 0.15 ? pick(['TH', 'th'], random) : '');
    text += pick(separators, random);
  }
  return random() < 0.05 ? `FX${text}` : text;
}

/** A template with a text that may fit it, for to_date and to_timestamp. */
export function dateInput(random: Random): { readonly text: string; readonly template: string } {
  const number = (below: number, width: number) => String(Math.floor(random() * below)).padStart(width, '0');
  const fields: readonly (readonly [string, () => string])[] = [
    ['YYYY', () => number(9999, 4)],
    ['YY', () => number(99, 2)],
    ['Y,YYY', () => '2,017'],
    ['MM', () => number(14, 2)],
    ['DD', () => number(32, 2)],
    ['DDD', () => number(367, 3)],
    ['HH24', () => number(25, 2)],
    ['HH', () => number(13, 2)],
    ['MI', () => number(60, 2)],
    ['SS', () => number(61, 2)],
    ['MS', () => number(1000, 3)],
    ['US', () => number(1000000, 6)],
    ['FF3', () => number(1000, 3)],
    ['SSSSS', () => number(86400, 5)],
    ['Month', () => pick(['January', 'may', 'DECEMBER', 'Febr'], random)],
    ['Mon', () => pick(['Jan', 'feb', 'XXX', 'DEC'], random)],
    ['Day', () => pick(['Monday', 'sunday'], random)],
    ['Dy', () => pick(['Mon', 'sun', 'zzz'], random)],
    ['AM', () => pick(['am', 'PM', 'xx'], random)],
    ['B.C.', () => pick(['B.C.', 'a.d.'], random)],
    ['BC', () => pick(['BC', 'ad'], random)],
    ['IYYY', () => number(2500, 4)],
    ['IW', () => number(54, 2)],
    ['ID', () => number(9, 1)],
    ['WW', () => number(54, 2)],
    ['W', () => number(7, 1)],
    ['D', () => number(9, 1)],
    ['J', () => number(2500000, 7)],
    ['Q', () => number(5, 1)],
    ['CC', () => number(30, 2)],
    ['RM', () => pick(['I', 'xii', 'IV', 'Q'], random)],
    ['TZH', () => pick(['+05', '-08', '3'], random)],
    ['TZM', () => number(60, 2)],
    ['OF', () => pick(['+05', '-08:30', '+1'], random)],
    ['TZ', () => pick(['UTC', 'EST', 'PDT', 'XYZ', '+02'], random)],
  ];
  let text = '';
  let template = '';
  for (let left = 1 + Math.floor(random() * 5); left > 0; left--) {
    const [field, made] = pick(fields, random);
    const separator = pick(['-', ' ', ':', '/', '', '"x"', '  '], random);
    template += (random() < 0.1 ? 'FM' : '') + field + separator;
    text += made() + (random() < 0.85 ? separator.replaceAll('"', '') : pick(['-', ' ', ''], random));
  }
  if (random() < 0.05) template = `FX${template}`;
  return { text, template };
}

/** A template of to_char(number) and to_number. */
export function numberTemplate(random: Random): string {
  const pieces = [
    '9',
    '9',
    '99',
    '0',
    '000',
    '999',
    ',',
    'G',
    'S',
    'MI',
    'PL',
    'SG',
    'PR',
    'FM',
    'TH',
    'th',
    'L',
    ' ',
    '"x"',
  ];
  const rest = ['', '.99', 'D99', '.00', 'V99', '.9', 'EEEE', '.99EEEE', 'RN', 'PR', 'S', 'MI', '.'];
  return several(pieces, 4, random) + pick(rest, random);
}

const atoms = [
  'a', 'b', 'c', '.', '[abc]', '[^a]', '[a-c]', '[[:alpha:]]', '[[:digit:]_]', '\\d', '\\w', '\\s', '\\D', '\\W', '\\S',
  '(a)', '(b|c)', '(?:ab)', '(a|b|)', '()', '\\1', '\\2', '^', '$', '\\m', '\\M', '\\y', '\\Y', '\\A', '\\Z', '(?=a)',
  '(?!b)', '(?<=a)', '(?<!b)', '[[.a.]]', '[[=a=]]', '\\x61', '\\u0062', '\\.', 'é', '[[:<:]]', '[]a]', '[a\\d]', '\\n',
  '{', '}', 'x', '1', '((a)b)', '(a*)', '(.)', '[[:foo:]]', '\\', '(', ')', '[',
]; // biome-ignore format: a table
const quantifiers = [
  '',
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{1,}',
  '{0,2}',
  '{1,2}?',
  '{0}',
  '{2,1}',
  '**',
];

/** An advanced regular expression, now and then a broken one. */
export function regularExpression(random: Random): string {
  let text = '';
  for (let left = 1 + Math.floor(random() * 5); left > 0; left--) {
    text += pick(atoms, random) + pick(quantifiers, random) + (random() < 0.12 ? '|' : '');
  }
  if (random() < 0.06)
    text = pick(['***=', '***:', '(?i)', '(?x)', '(?n)', '(?q)', '(?e)', '(?b)', '(?s)'], random) + text;
  return text;
}

/** A subject that such expressions may match. */
export function regexSubject(random: Random): string {
  return several(['a', 'b', 'c', 'ab', 'abc', 'aa', ' ', 'A', 'é', '1', '_', '\n', 'x', 'bca', '.'], 6, random);
}

/** Flags of the regexp_ functions. */
export function regexFlags(random: Random): string {
  return several(['i', 'g', 'n', 's', 'x', 'c', 'e', 'q', 'm', 'p', 'w', 'b', 'z'], 2, random);
}

/** A pattern of LIKE or SIMILAR TO. */
export function likePattern(random: Random): string {
  return several(['a', 'b', '%', '_', '\\%', '\\\\', 'ab', '#', '#%', 'A', '\\'], 5, random);
}

export function similarPattern(random: Random): string {
  return several(
    ['a', 'b', '%', '_', '(a|b)', '[ab]', '*', '+', '?', '{2}', '|', '(', ')', '#"', '\\%', '.', '^', '$'],
    5,
    random,
  );
}

/** A string for format(). */
export function formatString(random: Random): string {
  return several(
    ['%s', '%I', '%L', '%%', 'x', '%1$s', '%2$L', '%-5s', '%5s', '%*s', '%-*1$s', '%3$I', '%d', '%', '%0$s'],
    4,
    random,
  );
}

/** Date and time texts in the many accepted shapes, now and then broken. */
export function dateTimeText(random: Random): string {
  const dates = [
    '2024-02-29', '20240229', '240229', '02/29/2024', '29/02/2024', '29.02.2024', 'Feb 29 2024', '29 Feb 2024',
    'February 29, 2024', '2024.060', '2024060', 'J2460370', '99-01-08', '08-Jan-99', 'Jan-08-1999', '1999-Jan-08',
    'epoch', 'infinity', '-infinity', '2024-13-01', '2024-02-30', '0000-01-01', 'Thu 29 Feb 2024', 'y2024m02d29',
    '1/8/99', '2024-2-9', '44-03-15 BC', '12345-06-07', 'allballs',
  ]; // biome-ignore format: a table
  const times = [
    '', '04:05:06', '04:05', '040506', '04:05:06.789', '04:05:06.1234567', '04:05 AM', '04:05 PM', '12:00 am', '13:00 pm',
    'T04:05:06', '24:00:00', '23:59:60', '25:00', '04:05:06 PST', '040506-08', 'T040506Z', '0405', '04:05:06,789', '00:60',
  ]; // biome-ignore format: a table
  const zones = [
    '', '', '+00', '-8', '+05:30', 'Z', 'UTC', 'EST', 'PST8PDT', 'America/New_York', 'zulu', '-08:00:01', '+16', '+15:59:59',
    'DST', 'EST DST', 'europe/berlin', 'XYZ', '+0530', 'z BC', ' AD', 'PDT', 'MSK', '@', '+24:00',
  ]; // biome-ignore format: a table
  const parts = [pick(dates, random), pick(times, random), pick(zones, random)];
  if (random() < 0.3) parts.shift();
  return parts.join(pick([' ', ' ', '', '  ', ','], random));
}

/** Interval texts in the many accepted shapes. */
export function intervalText(random: Random): string {
  const pieces = [
    '1 year', '2 mons', '-3 days', '4 hours', '5:06', '-7:08:09.10', '1.5 days', '0.3 months', '1 week', '1.5 weeks', 'ago',
    '@', '1 century', '2 decades', '1 millennium', '100 ms', '200 us', '3 sec', '1-2', '-1-2', '4 5:06', '1y', '2mon', '3d',
    '4h', '5m', '6s', '+1', '7', '1 quarter', 'infinity', '1e3 sec', '0.1 year', '1.2.3 days', '99999999999 days', '1 foo',
  ]; // biome-ignore format: a table
  const iso = [
    'P1Y2M3DT4H5M6S',
    'P1W',
    'PT1.5H',
    'P0001-02-03T04:05:06',
    'P-1Y',
    'PT',
    'P',
    'P1.5Y',
    'PT-1M-2.5S',
    'P20240102T030405',
    'P1Y2',
  ];
  if (random() < 0.2) return pick(iso, random);
  let text = pick(pieces, random);
  for (let left = Math.floor(random() * 3); left > 0; left--) text += ` ${pick(pieces, random)}`;
  return text;
}
