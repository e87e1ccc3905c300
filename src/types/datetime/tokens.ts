// Cuts date/time input into fields: numbers, dates, times, zones and words (manual, appendix B.1). What a field means is
// decided later, from what came before it.

import { dateWord } from './words.js';

export interface Field {
  readonly kind: 'number' | 'date' | 'time' | 'zone' | 'word';
  /** In lower case. */
  readonly text: string;
}

/** Fields that a value may have at most. */
const fieldCountMax = 25;
/** Bytes of input beyond which it is no date or time. */
const inputLengthMax = 128;

/** Null where the text can't be cut (a character that belongs nowhere, too many fields). */
export function splitFields(input: string): Field[] | null {
  if (input.length > inputLengthMax * 2) return null;
  const text = input.toLowerCase();
  const fields: Field[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const gap = /^[\s]+/.exec(rest);
    if (gap) {
      at += gap[0].length;
      continue;
    }
    const field = numberField(rest) ?? wordField(rest) ?? signedField(rest);
    if (field) {
      if (fields.length >= fieldCountMax) return null;
      // White space behind a sign does not count.
      fields.push({ kind: field.kind, text: field.text.replace(/^([+-])\s+/, '$1') });
      at += field.text.length;
      continue;
    }
    // Other punctuation separates, and says nothing.
    if (!/^[!-/:-@[-`{-~]/.test(rest)) return null;
    at++;
  }
  return fields;
}

function numberField(rest: string): Field | null {
  const fraction = /^\.\d+/.exec(rest);
  if (fraction) return { kind: 'number', text: fraction[0] };
  const digits = /^\d+/.exec(rest);
  if (!digits) return null;
  const next = rest[digits[0].length] ?? '';
  if (next === ':') return { kind: 'time', text: /^[\d:.]+/.exec(rest)?.[0] ?? '' };
  if (next !== '-' && next !== '/' && next !== '.') return { kind: 'number', text: digits[0] };
  const behind = rest.slice(digits[0].length + 1);
  if (/^\d/.test(behind)) {
    const delimiter = next === '.' ? '\\.' : next;
    // Two equal delimiters make a date of three parts.
    const full = new RegExp(`^\\d+${delimiter}\\d+(${delimiter}[\\d${delimiter}]*)?`).exec(rest);
    const isNumber = next === '.' && full?.[1] === undefined;
    return { kind: isNumber ? 'number' : 'date', text: full?.[0] ?? digits[0] };
  }
  const delimiter = next === '.' ? '\\.' : next;
  const mixed = new RegExp(`^\\d+${delimiter}[a-z0-9\\u0080-\\uffff${delimiter}]*`).exec(rest);
  return { kind: 'date', text: mixed?.[0] ?? digits[0] };
}

/** Words, dates that begin with a month's name, and names of time zones. */
function wordField(rest: string): Field | null {
  const word = /^[a-z\u0080-\uffff]+/.exec(rest)?.[0];
  if (word === undefined) return null;
  const next = rest[word.length] ?? '';
  // A date of parts (Jan-08-1999), or a zone (America/New_York, EST5EDT, GMT+3): the words decide.
  if (next === '-' || next === '/' || next === '.') {
    const joined = /^[a-z\u0080-\uffff]+[-/.][a-z0-9_\-/.+:\u0080-\uffff]*/.exec(rest)?.[0] ?? word;
    const date =
      new RegExp(`^[a-z]+${next === '.' ? '\\.' : next}[a-z0-9${next === '.' ? '\\.' : next}]*`).exec(rest)?.[0] ??
      word;
    return { kind: 'date', text: next === '.' ? date : joined };
  }
  // EST5EDT: letters behind the digits, and the word is none that announces a number.
  if (/^[a-z]{3,}\d+[a-z]{3,}/.test(rest))
    return { kind: 'word', text: /^[a-z]{3,}\d+[a-z]{3,}/.exec(rest)?.[0] ?? word };
  // A word of dates ends at a sign: 04:05 AM+0530.
  if ((next === '+' && dateWord(word) === undefined) || next === '_') {
    return { kind: 'word', text: /^[a-z\u0080-\uffff]+[a-z0-9_+\-/:]*/.exec(rest)?.[0] ?? word };
  }
  return { kind: 'word', text: word };
}

function signedField(rest: string): Field | null {
  const zone = /^[+-]\s*\d[\d:.]*/.exec(rest);
  if (zone) return { kind: 'zone', text: zone[0] };
  const word = /^[+-]\s*[a-z]+/.exec(rest);
  return word ? { kind: 'word', text: word[0] } : null;
}
