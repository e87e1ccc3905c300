// to_number: walks a template and its input side by side and gathers the sign and the digits (manual, section 9.8.1).
// The input need not match exactly: characters that are no part of a number may stand where the template has others.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { NumberPatternNode, NumberTemplate } from './number-template.js';

export interface ReadNumber {
  /** Sign (or a blank), digits and maybe a point: text for numeric's input function. */
  readonly text: string;
  /** Decimals read. */
  readonly scale: number;
}

/** Reads the input under the template. Throws 0A000 for RN and EEEE, which are for output only. */
export function readNumber(template: NumberTemplate, text: string): ReadNumber {
  if (template.isScientific) throw outputOnly('EEEE');
  if (template.isRoman) throw outputOnly('RN');
  // A digit pattern takes one byte of the input, other text one character: the walk is over UTF-8 bytes.
  const input = Buffer.from(text, 'utf8').toString('latin1');
  const state: ReadState = { input, at: 0, sign: ' ', digits: '', before: 0, after: 0, seenPoint: false };
  for (const node of template.nodes) {
    if (state.at >= input.length) break;
    if (node.kind === 'text') skipCharacter(state);
    else readPattern(template, state, node);
  }
  return { text: state.sign + state.digits.replace(/\.$/, ''), scale: state.after };
}

interface ReadState {
  readonly input: string;
  at: number;
  sign: ' ' | '+' | '-';
  digits: string;
  before: number;
  after: number;
  seenPoint: boolean;
}

function skipCharacter(state: ReadState): void {
  const lead = state.input.charCodeAt(state.at);
  state.at += lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function readPattern(template: NumberTemplate, state: ReadState, node: NumberPatternNode): void {
  const character = state.input[state.at];
  switch (node.name) {
    case '9':
    case '0':
    case '.':
    case 'D':
      readDigit(template, state, node.name);
      state.at++;
      return;
    case ',':
    case 'G':
      if (template.isFilled) return;
      if (character === ',') state.at++;
      return;
    case 'L':
      return skipForeign(state, 1);
    case 'TH':
      if (template.hasPoint || state.sign === '-') return;
      return skipForeign(state, 2);
    case 'MI':
    case 'PL':
    case 'SG':
      return readSign(state, node.name);
    default:
  }
}

function readSign(state: ReadState, name: 'MI' | 'PL' | 'SG'): void {
  const character = state.input[state.at];
  if ((character === '-' && name !== 'PL') || (character === '+' && name !== 'MI')) {
    state.sign = character;
    state.at++;
  } else {
    skipForeign(state, 1);
  }
}

/** Skips up to `count` characters that cannot be part of a number. */
function skipForeign(state: ReadState, count: number): void {
  for (let n = 0; n < count && state.at < state.input.length; n++) {
    if ('0123456789.,+-'.includes(state.input[state.at] ?? '')) return;
    skipCharacter(state);
  }
}

function readDigit(template: NumberTemplate, state: ReadState, name: '9' | '0' | '.' | 'D'): void {
  const { input } = state;
  if (input[state.at] === ' ') state.at++;
  if (state.at >= input.length) return;
  const isDigitPattern = name === '9' || name === '0';
  if (state.sign === ' ' && isDigitPattern && state.before + state.after === 0) readLeadingSign(template, state);
  if (state.at >= input.length) return;
  let isRead = false;
  const character = input[state.at] ?? '';
  if (character >= '0' && character <= '9') {
    if (state.seenPoint && state.after === template.after) return;
    state.digits += character;
    if (state.seenPoint) state.after++;
    else state.before++;
    isRead = true;
  } else if (template.hasPoint && !state.seenPoint && character === '.') {
    state.digits += '.';
    state.seenPoint = true;
    isRead = true;
  }
  if (state.sign === ' ' && state.before + state.after > 0) readTrailingSign(template, state, isRead);
}

function readLeadingSign(template: NumberTemplate, state: ReadState): void {
  const character = state.input[state.at];
  if (character === '-' || (character === '<' && template.isBracketed)) {
    state.sign = '-';
    state.at++;
  } else if (character === '+') {
    state.sign = '+';
    state.at++;
  }
}

/** S behind the last digit, or a sign that the template has at no exact place. */
function readTrailingSign(template: NumberTemplate, state: ReadState, isRead: boolean): void {
  const { input } = state;
  if (template.sign !== 'none') {
    const following = input[state.at + 1];
    if (isRead && (following === '-' || following === '+')) {
      state.sign = following;
      state.at++;
    }
  } else if (!isRead && (template.hasPlus || template.hasMinus)) {
    const character = input[state.at];
    if (character === '-' || character === '+') state.sign = character;
  }
}

function outputOnly(pattern: string): Error {
  return pgError(SqlState.featureNotSupported, `"${pattern}" not supported for input`);
}
