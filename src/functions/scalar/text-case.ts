// Case mapping and Unicode: upper, lower, initcap, normalize, unistr. Case maps one character to one character, as the
// C.UTF-8 locale does; ICU collations use full mappings.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CharacterCase } from '../../types/io-context.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';

/** Lower case, character by character. */
export function lowerCase(value: string): string {
  return ascii.test(value) ? value.toLowerCase() : mapCharacters(value, lowerCharacter);
}

/** Lower case as the call's collation has it. */
export function lowerCollated(value: string, info: CallInfo): string {
  const rules = ascii.test(value) ? 'simple' : caseOf(info);
  if (rules === 'simple') return lowerCase(value);
  if (rules === 'ascii') return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return value.toLocaleLowerCase(languageOf(rules.locale));
}

function upperCollated(value: string, info: CallInfo): string {
  const rules = caseOf(info);
  if (rules === 'ascii') return value.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  if (rules !== 'simple') return value.toLocaleUpperCase(languageOf(rules.locale));
  return ascii.test(value) ? value.toUpperCase() : mapCharacters(value, upperCharacter);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ascii = /^[\0-\x7f]*$/;

function caseOf(info: CallInfo): CharacterCase {
  return info.collation === 0 ? 'simple' : (info.io.characterCase?.(info.collation) ?? 'simple');
}

/** The language of an ICU locale, in the runtime's spelling; the root where it has none. */
function languageOf(locale: string): string {
  const language = /^[a-z]{2,3}(?=[-_@]|$)/.exec(locale)?.[0];
  return language === undefined || language === 'und' ? 'en' : language;
}

function mapCharacters(value: string, map: (char: string) => string): string {
  let result = '';
  for (const char of value) result += map(char);
  return result;
}

function lowerCharacter(char: string): string {
  if (char === '\u0130') return 'i';
  return oneCharacter(char, char.toLowerCase());
}

function upperCharacter(char: string): string {
  return oneCharacter(char, char.toUpperCase());
}

function oneCharacter(char: string, mapped: string): string {
  const length = (mapped.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return mapped.length === length ? mapped : char;
}

fn('lower', { impl: lowerCollated });
fn('upper', { impl: upperCollated });
fn('initcap', {
  impl(value: string, info: CallInfo) {
    const rules = caseOf(info);
    if (typeof rules === 'object') return titleWords(value, languageOf(rules.locale));
    const isAscii = rules === 'ascii';
    const asLetter = (char: string, map: (char: string) => string) => (isAscii && char > '\x7f' ? char : map(char));
    const word = isAscii ? /[A-Za-z0-9]/ : /[\p{Alphabetic}\p{Nd}]/u;
    let result = '';
    let inWord = false;
    for (const char of value) {
      result += asLetter(char, inWord ? lowerCharacter : upperCharacter);
      inWord = word.test(char);
    }
    return result;
  },
});

/** Letters whose capital at a word's start is a letter of its own. */
const titleLetters: Readonly<Record<string, string | undefined>> = {
  ǆ: 'ǅ',
  Ǆ: 'ǅ',
  ǅ: 'ǅ',
  ǉ: 'ǈ',
  Ǉ: 'ǈ',
  ǈ: 'ǈ',
  ǌ: 'ǋ',
  Ǌ: 'ǋ',
  ǋ: 'ǋ',
  ǳ: 'ǲ',
  Ǳ: 'ǲ',
  ǲ: 'ǲ',
};

/** Words as Unicode cuts them, each with a capital first letter and small ones behind. */
function titleWords(value: string, language: string): string {
  let result = '';
  for (const { segment } of new Intl.Segmenter(language, { granularity: 'word' }).segment(value)) {
    const first = /^([^\p{L}\p{N}\p{S}\p{Co}]*)(.)(.*)$/su.exec(segment);
    if (first === null) {
      result += segment;
      continue;
    }
    const [, before = '', letter = '', rest = ''] = first;
    if (language === 'nl' && /^ij/i.test(letter + rest)) {
      result += `${before}IJ${rest.slice(1).toLocaleLowerCase(language)}`;
      continue;
    }
    // Of a letter that becomes several only the first one with a case is a capital.
    const [, capital = '', more = ''] =
      /^(\P{Cased}*.)(.*)$/su.exec(titleLetters[letter] ?? letter.toLocaleUpperCase(language)) ?? [];
    result += before + capital + (more + rest).toLocaleLowerCase(language);
  }
  return result;
}

const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'];

function normalForm(name: string): string {
  const form = name.toUpperCase();
  if (!forms.includes(form)) throw pgError(SqlState.invalidParameterValue, `invalid normalization form: ${name}`);
  return form;
}
fn('unicode_normalize_func', { impl: (value: string, form: string) => value.normalize(normalForm(form)) });
fn('unicode_is_normalized', { impl: (value: string, form: string) => value.normalize(normalForm(form)) === value });
fn('unicode_assigned', { impl: (value: string) => !/\p{Cn}/u.test(value) });
fn('unicode_version', { impl: () => '15.1' });
fn('icu_unicode_version', { impl: () => process.versions.unicode ?? null });

const escapeForms = /\\(?:([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\\))/y;

fn('unistr', {
  impl: (value: string) => {
    let result = '';
    let high = 0;
    for (let at = 0; at < value.length; ) {
      const char = value[at] as string;
      if (char !== '\\') {
        if (high !== 0) throw invalidPair();
        result += char;
        at++;
        continue;
      }
      escapeForms.lastIndex = at;
      const match = escapeForms.exec(value);
      if (match === null) {
        throw pgError(SqlState.syntaxError, 'invalid Unicode escape', {
          hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.',
        });
      }
      at += match[0].length;
      if (match[5] !== undefined) {
        if (high !== 0) throw invalidPair();
        result += '\\';
        continue;
      }
      const hex = match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
      [result, high] = appendCodePoint(result, high, Number.parseInt(hex, 16), hex);
    }
    if (high !== 0) throw invalidPair();
    return result;
  },
});

function invalidPair(): Error {
  return pgError(SqlState.syntaxError, 'invalid Unicode surrogate pair');
}

/** Appends a code point; a high surrogate is held back until its low one comes. */
function appendCodePoint(text: string, high: number, code: number, hex: string): [string, number] {
  if (code === 0 || code > 0x10ffff) {
    throw pgError(
      SqlState.invalidParameterValue,
      `invalid Unicode code point: ${code.toString(16).toUpperCase().padStart(4, '0')}`,
    );
  }
  const isLow = code >= 0xdc00 && code <= 0xdfff;
  if (high !== 0) {
    if (!isLow) throw invalidPair();
    return [text + String.fromCharCode(high, code), 0];
  }
  if (isLow) throw invalidPair();
  if (code >= 0xd800 && code <= 0xdbff) return [text, code];
  return [text + String.fromCodePoint(code), 0];
}
