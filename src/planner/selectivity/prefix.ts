// Fixed prefixes of LIKE patterns and regular expressions: what every matching string starts with.

export interface FixedPrefix {
  readonly text: string;
  /** The pattern matches nothing but the prefix itself. */
  readonly exact: boolean;
  /** Estimated selectivity of the rest of the pattern. */
  readonly rest: number;
}

const fixedCharSelectivity = 0.2;
const charRangeSelectivity = 0.25;
const anyCharSelectivity = 0.9;
const fullWildcardSelectivity = 5;
const partialWildcardSelectivity = 2;

function isLetter(char: string): boolean {
  return char.toLowerCase() !== char.toUpperCase();
}

/** Prefix of a LIKE pattern with backslash escapes. */
export function likePrefix(pattern: string, caseless: boolean): FixedPrefix {
  let text = '';
  let index = 0;
  for (; index < pattern.length; index++) {
    let char = pattern[index] ?? '';
    if (char === '%' || char === '_') break;
    if (char === '\\') {
      index++;
      if (index >= pattern.length) break;
      char = pattern[index] ?? '';
    }
    if (caseless && isLetter(char)) break;
    text += char;
  }
  const exact = index >= pattern.length;
  return { text, exact, rest: exact ? 1 : likeRest(pattern.slice(index)) };
}

function likeRest(pattern: string): number {
  let selectivity = 1;
  let index = 0;
  while (pattern[index] === '%' || pattern[index] === '_') index++;
  for (; index < pattern.length; index++) {
    const char = pattern[index];
    if (char === '%') selectivity *= fullWildcardSelectivity;
    else if (char === '_') selectivity *= anyCharSelectivity;
    else if (char === '\\') {
      index++;
      if (index >= pattern.length) break;
      selectivity *= fixedCharSelectivity;
    } else selectivity *= fixedCharSelectivity;
  }
  return Math.min(1, selectivity);
}

/** Prefix of an advanced regular expression, where it is anchored at the start and begins with plain characters. */
export function regexPrefix(pattern: string, caseless: boolean): FixedPrefix {
  const rest = regexRest(pattern);
  if (!pattern.startsWith('^') || caseless || /^\(\?|^\*\*\*/.test(pattern)) return { text: '', exact: false, rest };
  let body = pattern.slice(1);
  const wrapped = /^\((?:\?:)?([^()|[\]{}*+?.\\^$]*)\)\$?$/.exec(body);
  if (wrapped !== null) body = `${wrapped[1] ?? ''}${pattern.endsWith('$') ? '$' : ''}`;
  if (hasTopLevelAlternative(body)) return { text: '', exact: false, rest };
  let text = '';
  let index = 0;
  for (; index < body.length; index++) {
    const char = body[index] ?? '';
    let literal = char;
    let length = 1;
    if (char === '\\') {
      const next = body[index + 1] ?? '';
      if (/[A-Za-z0-9]/.test(next) || next === '') break;
      literal = next;
      length = 2;
    } else if (/[\^$.*+?()[\]{}|]/.test(char)) break;
    const following = body[index + length] ?? '';
    if (following === '*' || following === '?' || following === '{') break;
    text += literal;
    index += length - 1;
    if (following === '+') {
      index++;
      break;
    }
  }
  const exact = body.slice(index) === '$' && text !== '';
  return { text, exact, rest: exact ? 1 : regexRest(body.slice(index)) };
}

function hasTopLevelAlternative(body: string): boolean {
  let depth = 0;
  for (let index = 0; index < body.length; index++) {
    const char = body[index];
    if (char === '\\') index++;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}

function regexRest(pattern: string): number {
  let selectivity = 1;
  let parenDepth = 0;
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index];
    if (char === '(') parenDepth++;
    else if (char === ')') parenDepth--;
    else if (char === '|' && parenDepth === 0) selectivity = selectivity + 0.2;
    else if (char === '[') {
      const negated = pattern[index + 1] === '^';
      let end = index + (negated ? 2 : 1);
      if (pattern[end] === ']') end++;
      while (end < pattern.length && pattern[end] !== ']') end++;
      index = end;
      selectivity *= negated ? 1 - charRangeSelectivity : charRangeSelectivity;
    } else if (char === '.') selectivity *= anyCharSelectivity;
    else if (char === '*' || char === '?' || char === '+') selectivity *= partialWildcardSelectivity;
    else if (char === '{') {
      while (index < pattern.length && pattern[index] !== '}') index++;
      selectivity *= partialWildcardSelectivity;
    } else if (char === '\\') {
      index++;
      selectivity *= fixedCharSelectivity;
    } else if (char !== '^' && char !== '$') selectivity *= fixedCharSelectivity;
  }
  if (!pattern.endsWith('$')) selectivity *= fullWildcardSelectivity;
  return Math.min(1, selectivity);
}
