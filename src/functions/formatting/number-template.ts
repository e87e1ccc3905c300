// Number templates of to_char and to_number, cut into patterns and text and summed up into what both directions need
// to know beforehand: digit counts, where zeros start, which signs are asked for (manual, section 9.8, table 9.29).
// Patterns are recognised in upper case or lower case, not mixed. Invalid combinations raise 42601.
import { type ErrorFields, pgError, SqlState } from '../../errors/pg-error.js';

export type NumberPattern =
  | '9'
  | '0'
  | '.'
  | 'D'
  | ','
  | 'G'
  | 'L'
  | 'S'
  | 'MI'
  | 'PL'
  | 'SG'
  | 'PR'
  | 'RN'
  | 'TH'
  | 'V'
  | 'EEEE'
  | 'FM'
  | 'B'
  | 'C'
  | 'SP';

export interface NumberPatternNode {
  readonly kind: 'pattern';
  readonly name: NumberPattern;
  readonly isLower: boolean;
}
export type NumberNode = NumberPatternNode | { readonly kind: 'text'; readonly text: string };

export interface NumberTemplate {
  readonly nodes: readonly NumberNode[];
  /** Digit positions before and after the point, and after V. */
  readonly before: number;
  readonly after: number;
  readonly shift: number;
  /** Digit position from which zeros are written; null without a 0 before the point. */
  readonly zeroStart: number | null;
  /** Digit positions up to the last 0. */
  readonly zeroEnd: number;
  readonly hasPoint: boolean;
  readonly hasShift: boolean;
  readonly isScientific: boolean;
  readonly isRoman: boolean;
  /** FM */
  readonly isFilled: boolean;
  /** PR */
  readonly isBracketed: boolean;
  readonly hasPlus: boolean;
  readonly hasMinus: boolean;
  /** S: anchored before or after the digits; `signPosition` counts the digits that stand before a leading S. */
  readonly sign: 'none' | 'before' | 'after';
  readonly signPosition: number;
}

/** Longest first, so that SG and SP are not read as S. */
const patterns: readonly NumberPattern[] = [
  'EEEE',
  'FM',
  'MI',
  'PL',
  'PR',
  'RN',
  'SG',
  'SP',
  'TH',
  ',',
  '.',
  '0',
  '9',
  'B',
  'C',
  'D',
  'G',
  'L',
  'S',
  'V',
];

/** Templates kept at a time. */
const cacheEntriesMax = 200;
const cache = new Map<string, NumberTemplate>();

/** Cuts a template; the last ones are remembered. Throws 42601 for patterns that do not go together. */
export function numberTemplate(format: string): NumberTemplate {
  const known = cache.get(format);
  if (known) return known;
  const template = parse(format);
  if (cache.size >= cacheEntriesMax) cache.clear();
  cache.set(format, template);
  return template;
}

type Draft = { -readonly [Key in keyof NumberTemplate]: NumberTemplate[Key] } & { isBlank: boolean };

function parse(format: string): NumberTemplate {
  const nodes: NumberNode[] = [];
  const draft: Draft = {
    nodes,
    before: 0,
    after: 0,
    shift: 0,
    zeroStart: null,
    zeroEnd: 0,
    hasPoint: false,
    hasShift: false,
    isScientific: false,
    isRoman: false,
    isFilled: false,
    isBracketed: false,
    hasPlus: false,
    hasMinus: false,
    isBlank: false,
    sign: 'none',
    signPosition: 0,
  };
  let at = 0;
  while (at < format.length) {
    const node = patternAt(format, at);
    if (node !== null) {
      note(draft, node.name);
      nodes.push(node);
      at += node.name.length;
    } else if (format[at] === '"') {
      at = readQuoted(format, at + 1, nodes);
    } else {
      if (format[at] === '\\' && format[at + 1] === '"') at++;
      at = pushCharacter(format, at, nodes);
    }
  }
  return draft;
}

function patternAt(format: string, at: number): NumberPatternNode | null {
  for (const name of patterns) {
    if (format.startsWith(name, at)) return { kind: 'pattern', name, isLower: false };
    if (format.startsWith(name.toLowerCase(), at)) return { kind: 'pattern', name, isLower: true };
  }
  return null;
}

function readQuoted(format: string, start: number, nodes: NumberNode[]): number {
  let at = start;
  while (at < format.length && format[at] !== '"') {
    if (format[at] === '\\' && at + 1 < format.length) at++;
    at = pushCharacter(format, at, nodes);
  }
  return at + 1;
}

function pushCharacter(format: string, at: number, nodes: NumberNode[]): number {
  const text = String.fromCodePoint(format.codePointAt(at) ?? 0);
  nodes.push({ kind: 'text', text });
  return at + text.length;
}

/** Takes one pattern into the summary, refusing what PostgreSQL refuses. */
function note(draft: Draft, name: NumberPattern): void {
  if (draft.isScientific && name !== 'EEEE') throw templateError('"EEEE" must be the last pattern used');
  switch (name) {
    case '9':
    case '0':
      return noteDigit(draft, name);
    case 'B':
      if (draft.before === 0 && draft.after === 0 && draft.zeroStart === null) draft.isBlank = true;
      return;
    case 'D':
    case '.':
      if (draft.hasPoint) throw templateError('multiple decimal points');
      if (draft.hasShift) throw templateError('cannot use "V" and decimal point together');
      draft.hasPoint = true;
      return;
    case 'FM':
      draft.isFilled = true;
      return;
    case 'RN':
      draft.isRoman = true;
      return;
    case 'V':
      if (draft.hasPoint) throw templateError('cannot use "V" and decimal point together');
      draft.hasShift = true;
      return;
    case 'EEEE':
      return noteScientific(draft);
    default:
      noteSign(draft, name);
  }
}

function noteDigit(draft: Draft, name: '9' | '0'): void {
  if (draft.isBracketed) throw templateError(`"${name}" must be ahead of "PR"`);
  if (name === '9' && draft.hasShift) {
    draft.shift++;
    return;
  }
  if (name === '0' && draft.zeroStart === null && !draft.hasPoint) draft.zeroStart = draft.before;
  if (draft.hasPoint) draft.after++;
  else draft.before++;
  if (name === '0') draft.zeroEnd = draft.before + draft.after;
}

function noteSign(draft: Draft, name: NumberPattern): void {
  const isSigned = draft.sign !== 'none';
  switch (name) {
    case 'S':
      if (isSigned) throw templateError('cannot use "S" twice');
      if (draft.hasPlus || draft.hasMinus || draft.isBracketed) {
        throw templateError('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
      }
      draft.sign = draft.hasPoint ? 'after' : 'before';
      if (!draft.hasPoint) draft.signPosition = draft.before;
      return;
    case 'MI':
      if (isSigned) throw templateError('cannot use "S" and "MI" together');
      draft.hasMinus = true;
      return;
    case 'PL':
      if (isSigned) throw templateError('cannot use "S" and "PL" together');
      draft.hasPlus = true;
      return;
    case 'SG':
      if (isSigned) throw templateError('cannot use "S" and "SG" together');
      draft.hasMinus = true;
      draft.hasPlus = true;
      return;
    case 'PR':
      if (isSigned || draft.hasPlus || draft.hasMinus) {
        throw templateError('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
      }
      draft.isBracketed = true;
  }
}

function noteScientific(draft: Draft): void {
  if (draft.isScientific) throw templateError('cannot use "EEEE" twice');
  const others = draft.isBlank || draft.isFilled || draft.sign !== 'none' || draft.isBracketed;
  if (others || draft.hasMinus || draft.hasPlus || draft.isRoman || draft.hasShift) {
    throw templateError('"EEEE" is incompatible with other formats', {
      detail: '"EEEE" may only be used together with digit and decimal point patterns.',
    });
  }
  draft.isScientific = true;
}

function templateError(message: string, fields: ErrorFields = {}): Error {
  return pgError(SqlState.syntaxError, message, fields);
}
