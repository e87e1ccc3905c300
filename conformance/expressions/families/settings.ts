// Session settings that change how values are read and printed; a round of statements runs under each choice.
import { pick } from '../constants.js';

const choices: Readonly<Record<string, readonly string[]>> = {
  DateStyle: [
    'ISO, MDY',
    'ISO, DMY',
    'ISO, YMD',
    'Postgres, MDY',
    'Postgres, DMY',
    'SQL, MDY',
    'SQL, DMY',
    'German, DMY',
    'German, YMD',
  ],
  IntervalStyle: ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'],
  TimeZone: [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'PST8PDT',
    'America/St_Johns',
    '-07:30',
    'Pacific/Apia',
  ],
  extra_float_digits: ['1', '0', '-3', '3', '-15'],
  bytea_output: ['hex', 'escape'],
  array_nulls: ['on', 'on', 'off'],
  backslash_quote: ['safe_encoding'],
  xmloption: ['content'],
};

/** SET statements for one round: each setting as the server starts it, or another value. */
export function roundSettings(random: () => number): readonly string[] {
  return Object.entries(choices).map(
    ([name, values]) => `set ${name} = '${random() < 0.4 ? values[0] : pick(values, random)}'`,
  );
}
