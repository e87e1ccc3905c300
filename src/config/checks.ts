// Rules of single settings beyond their type: which texts they take, and the canonical form they are shown in.
import { encodingName } from '../base/encoding-names.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { splitNames } from './list-syntax.js';
import { invalidValue } from './parse-value.js';

/** What checks need from rooms that config doesn't know. */
export interface SettingChecks {
  /** Canonical name of a time zone, null where there is none such. */
  timeZone(text: string): string | null;
}

/** Time zones by the runtime's own database: for the configuration file, before sessions exist. */
export const runtimeChecks: SettingChecks = {
  timeZone(text) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: text });
      return text;
    } catch {
      return null;
    }
  },
};

/** The canonical text of a string setting, or null where its name has no rule. Throws 22023. `current` is the value it
 *  replaces (DateStyle changes only what is named). */
export function checkString(name: string, text: string, current: string, checks: SettingChecks): string | null {
  switch (name) {
    case 'DateStyle':
      return dateStyle(text, current);
    case 'TimeZone':
    case 'log_timezone':
      return timeZone(name, text, checks);
    case 'client_encoding':
      return clientEncoding(text);
    case 'search_path':
    case 'temp_tablespaces':
    case 'session_preload_libraries':
    case 'local_preload_libraries':
      if (splitNames(text) === null) throw invalidValue(name, text, { detail: 'List syntax is invalid.' });
      return text;
    case 'createrole_self_grant':
      return selfGrant(text);
    case 'plpgsql.extra_errors':
    case 'plpgsql.extra_warnings':
      return extraChecks(name, text);
    case 'application_name':
    case 'cluster_name':
      return printable(text);
    case 'default_tablespace':
      if (text !== '' && text !== 'pg_default' && text !== 'pg_global') {
        throw invalidValue(name, text, { detail: `Tablespace "${text}" does not exist.` });
      }
      return text;
    case 'lc_messages':
    case 'lc_monetary':
    case 'lc_numeric':
    case 'lc_time':
      if (!/^(?:C|POSIX|C\.(?:UTF-?8|utf-?8)|)$|^[a-z]{2,3}_[A-Z]{2}(?:[.@].*)?$/.test(text))
        throw invalidValue(name, text);
      return text;
    default:
      return null;
  }
}

/** createrole_self_grant: SET and INHERIT, in any order. */
function selfGrant(text: string): string {
  const words = splitNames(text);
  if (words === null) throw invalidValue('createrole_self_grant', text, { detail: 'List syntax is invalid.' });
  const unknown = words.find((word) => !['set', 'inherit'].includes(word.toLowerCase()));
  if (unknown === undefined) return text;
  throw invalidValue('createrole_self_grant', text, { detail: `Unrecognized key word: "${unknown}".` });
}

/** application_name: everything but printable ASCII is shown as bytes in hexadecimal. */
function printable(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  let result = '';
  for (const byte of Buffer.from(text)) {
    result += byte >= 32 && byte <= 126 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return result;
}

const dateOutputs: Readonly<Record<string, string>> = { iso: 'ISO', sql: 'SQL', german: 'German' };

/** Reads DateStyle's key words; what isn't named stays as in `current`. */
function dateStyle(text: string, current: string): string {
  const words = splitNames(text);
  if (words === null) throw invalidValue('DateStyle', text, { detail: 'List syntax is invalid.' });
  let style: string | null = null;
  let order: string | null = null;
  const conflict = () => invalidValue('DateStyle', text, { detail: 'Conflicting "datestyle" specifications.' });
  const [currentStyle = 'ISO', currentOrder = 'MDY'] = current.split(', ');
  for (const word of words) {
    const named = namedStyle(word);
    const ordered = namedOrder(word);
    if (named !== null) {
      if (style !== null && style !== named) throw conflict();
      style = named;
      if (named === 'German' && order === null) order = 'DMY';
    } else if (ordered !== null) {
      if (order !== null && order !== ordered && !(style === 'German' && order === 'DMY')) throw conflict();
      order = ordered;
    } else if (word === 'default') {
      style ??= 'ISO';
      order ??= 'MDY';
    } else {
      throw invalidValue('DateStyle', text, { detail: `Unrecognized key word: "${word}".` });
    }
  }
  return `${style ?? currentStyle}, ${order ?? currentOrder}`;
}

function namedStyle(word: string): string | null {
  return dateOutputs[word] ?? (word.startsWith('postgres') ? 'Postgres' : null);
}

function namedOrder(word: string): string | null {
  if (word === 'ymd') return 'YMD';
  if (word === 'dmy' || word.startsWith('euro')) return 'DMY';
  if (word === 'mdy' || word === 'us' || word.startsWith('noneuro')) return 'MDY';
  return null;
}

function timeZone(name: string, text: string, checks: SettingChecks): string {
  const found = checks.timeZone(text);
  if (found === null) throw invalidValue(name, text);
  return found;
}

function clientEncoding(text: string): string {
  const name = encodingName(text);
  if (name === null)
    throw pgError(SqlState.invalidParameterValue, `invalid value for parameter "client_encoding": "${text}"`);
  if (name === 'MULE_INTERNAL') {
    throw pgError(SqlState.invalidParameterValue, `invalid value for parameter "client_encoding": "${text}"`, {
      detail: 'Conversion between MULE_INTERNAL and UTF8 is not supported.',
    });
  }
  return name;
}

const extraCheckNames = ['shadowed_variables', 'too_many_rows', 'strict_multi_assignment'];

/** plpgsql.extra_warnings and extra_errors: names of checks, or all or none by itself. */
function extraChecks(name: string, text: string): string {
  if (text.toLowerCase() === 'all' || text.toLowerCase() === 'none') return text.toLowerCase();
  const names = splitNames(text);
  if (names === null) throw invalidValue(name, text, { detail: 'List syntax is invalid.' });
  for (const check of names) {
    if (check === 'all' || check === 'none') {
      const detail = `Key word "${check}" cannot be combined with other key words.`;
      throw invalidValue(name, text, { detail });
    }
    if (!extraCheckNames.includes(check))
      throw invalidValue(name, text, { detail: `Unrecognized key word: "${check}".` });
  }
  return text;
}
