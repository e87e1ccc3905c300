// to_char of numbers: lays the decimal text of a value out under a template (manual, section 9.8.1).
// 1. The caller rounds the value to the template's digits and hands in its digits without sign; too many give #.
// 2. Every digit pattern takes one position: blanks while the number has not begun, then its digits and the point.
// 3. The sign goes where the number begins, or behind the last position, or where MI, PL, SG say.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { ordinalSuffix, romanNumeral } from './ordinal.js';
import type { NumberPatternNode, NumberTemplate } from './number-template.js';

export interface PrintedNumber {
  /** Decimal text without sign: digits, maybe a point and digits; a word for values that are not finite. */
  readonly text: string;
  readonly isNegative: boolean;
  /** Digit positions before the point, V's included. */
  readonly before: number;
}

/** A value in the template's layout; without sign `text` overflows to # where the template has too few digits. */
export function layOutNumber(template: NumberTemplate, number: PrintedNumber): string {
  const { text, before } = number;
  const wholeDigits = text.includes('.') ? text.indexOf('.') : text.length;
  const overflow = `${'#'.repeat(before)}.${'#'.repeat(template.after)}`;
  const state = start(template, {
    text: wholeDigits > before ? overflow : text,
    isNegative: number.isNegative,
    before,
    blanks: Math.max(before - wholeDigits, 0),
  });
  return walk(template, state);
}

/** The Roman numeral of a value under a template with RN; # outside of 1 to 3999. */
export function layOutRoman(template: NumberTemplate, value: number): string {
  const numeral = value >= 1 && value <= 3999 ? romanNumeral(value) : '#'.repeat(15);
  const plain: NumberTemplate = {
    ...template,
    before: 0,
    after: 0,
    sign: 'none',
    zeroStart: null,
    zeroEnd: 0,
    hasPoint: false,
    isBracketed: false,
    hasPlus: false,
    hasMinus: false,
  };
  return walk(plain, start(plain, { text: numeral, isNegative: false, before: 0, blanks: 0, noSign: true }));
}

/** What EEEE prints for values that have no exponent form. */
export function scientificOverflow(template: NumberTemplate): string {
  return ` ${'#'.repeat(template.before)}.${'#'.repeat(template.after + 4)}`;
}

interface Layout {
  readonly text: string;
  readonly signText: '+' | '-' | '';
  /** Positions before the first digit. */
  readonly blanks: number;
  /** Where S stands: it moves behind where no digit follows it. */
  readonly sign: NumberTemplate['sign'];
  readonly isBracketed: boolean;
  /** FM with a point: index in `text` of the last character that must be printed; null where all are. */
  readonly lastRelevant: number | null;
  /** Number of the last digit position, after which the closing sign goes. */
  readonly lastPosition: number;
  output: string;
  /** Where the result ends, as PostgreSQL prints nothing behind a digit or sign that the number does not have. */
  end: number | null;
  signWritten: boolean;
  hasBegun: boolean;
  position: number;
  /** Index of the next character of `text`. */
  next: number;
}

interface LayoutStart {
  readonly text: string;
  readonly isNegative: boolean;
  readonly before: number;
  readonly blanks: number;
  readonly noSign?: boolean;
}

function start(template: NumberTemplate, from: LayoutStart): Layout {
  const { isFilled, hasPlus, hasMinus } = template;
  const { text, isNegative, blanks } = from;
  const apart = hasPlus || hasMinus;
  const noneNeeded = !isNegative && isFilled && template.sign === 'none';
  const signWritten = apart ? hasMinus : from.noSign === true || noneNeeded;
  const followed = template.sign === 'before' && template.signPosition === from.before && !apart;
  const lastRelevant = isFilled && template.hasPoint ? lastRelevantDigit(template, text, blanks) : null;
  const positions = template.after + from.before - 1 + (!signWritten && blanks === 0 ? 1 : 0);
  return {
    text,
    signText: from.noSign === true ? '' : isNegative ? '-' : '+',
    blanks,
    sign: followed ? 'after' : template.sign,
    isBracketed: template.isBracketed && (isNegative || !isFilled || apart),
    lastRelevant,
    lastPosition: positions + (blanks > 0 ? 1 : 0) + (template.hasPoint ? 1 : 0),
    output: '',
    end: null,
    signWritten,
    hasBegun: false,
    position: 0,
    next: 0,
  };
}

/** The last decimal that is not 0, or the point; further right where the template has a 0 there. */
function lastRelevantDigit(template: NumberTemplate, text: string, blanks: number): number | null {
  const point = text.indexOf('.');
  if (point < 0) return null;
  let last = point;
  for (let index = point + 1; index < text.length; index++) if (text[index] !== '0') last = index;
  if (template.zeroEnd > blanks) last = Math.max(last, Math.min(text.length - 1, template.zeroEnd - blanks));
  return last;
}

function walk(template: NumberTemplate, state: Layout): string {
  for (const node of template.nodes) {
    // Digits append to the output themselves, so the text must be known before it is read.
    const text = node.kind === 'text' ? node.text : patternText(template, state, node);
    state.output += text;
  }
  return state.end === null ? state.output : state.output.slice(0, state.end);
}

/** What one pattern adds, after what digits have put into the output themselves. */
function patternText(template: NumberTemplate, state: Layout, node: NumberPatternNode): string {
  const absent = template.isFilled ? '' : ' ';
  switch (node.name) {
    case '9':
    case '0':
    case '.':
    case 'D':
      if (!template.isRoman) writeDigit(template, state, node.name);
      return '';
    case ',':
    case 'G':
      return state.hasBegun ? ',' : absent;
    case 'L':
      return ' ';
    case 'RN': {
      const numeral = node.isLower ? state.text.toLowerCase() : state.text;
      return template.isFilled ? numeral : numeral.padStart(15);
    }
    case 'TH':
      if (template.isRoman || state.text.startsWith('#') || state.signText === '-' || template.hasPoint) return '';
      return numberSuffix(state.text, node.isLower ? 'th' : 'TH');
    case 'MI':
      return state.signText === '-' ? '-' : absent;
    case 'PL':
      return state.signText === '+' ? '+' : absent;
    case 'SG':
      if (state.signText === '') state.end ??= state.output.length;
      return state.signText;
    default:
      return '';
  }
}

function numberSuffix(text: string, style: 'TH' | 'th'): string {
  if (/\d$/.test(text)) return ordinalSuffix(text, style);
  throw pgError(SqlState.invalidTextRepresentation, `"${text}" is not a number`);
}

function writeDigit(template: NumberTemplate, state: Layout, name: '9' | '0' | '.' | 'D'): void {
  const { position, blanks, lastRelevant } = state;
  const endsAtPoint = lastRelevant !== null && state.text[lastRelevant] === '.';
  const hasZeroHere = template.zeroStart !== null && template.zeroStart <= position;
  const isLeadingZero =
    template.zeroStart === null && state.next === 0 && state.text[0] === '0' && template.after !== 0;
  state.hasBegun = false;
  const begins = position >= blanks || template.zeroStart === position;
  if (!state.signWritten && begins && (!isLeadingZero || endsAtPoint)) writeSign(template, state);

  if (position < blanks && !hasZeroHere) {
    if (!template.isFilled) state.output += ' ';
  } else if (position < blanks) {
    state.output += '0';
    state.hasBegun = true;
  } else {
    writeNextDigit(template, state, { name, isLeadingZero, endsAtPoint });
    if (state.next < state.text.length) state.next++;
  }
  const last = lastRelevant !== null && lastRelevant === state.next ? position : state.lastPosition;
  if (position + 1 === last) closeSign(state);
  state.position++;
}

function writeSign(template: NumberTemplate, state: Layout): void {
  if (state.sign !== 'none') {
    if (state.sign !== 'before') return;
    state.output += state.signText;
  } else if (state.isBracketed) {
    state.output += state.signText === '+' ? ' ' : '<';
  } else if (state.signText === '-') {
    state.output += '-';
  } else if (!template.isFilled) {
    state.output += ' ';
  }
  state.signWritten = true;
}

function writeNextDigit(
  template: NumberTemplate,
  state: Layout,
  at: { readonly name: '9' | '0' | '.' | 'D'; readonly isLeadingZero: boolean; readonly endsAtPoint: boolean },
): void {
  const character = state.text[state.next] ?? '';
  if (character === '.') {
    if (!at.endsAtPoint || template.isFilled) state.output += '.';
  } else if (state.lastRelevant !== null && state.next > state.lastRelevant && at.name !== '0') {
    return;
  } else if (at.isLeadingZero) {
    if (!template.isFilled) state.output += ' ';
    else if (at.endsAtPoint) state.output += '0';
  } else {
    if (character === '') state.end ??= state.output.length;
    state.output += character;
    state.hasBegun = true;
  }
}

/** The sign behind the last digit: the closing bracket, or S. */
function closeSign(state: Layout): void {
  if (state.isBracketed && state.signWritten) state.output += state.signText === '+' ? ' ' : '>';
  else if (state.sign === 'after') state.output += state.signText;
}
