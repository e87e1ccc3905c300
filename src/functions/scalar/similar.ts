// SIMILAR TO patterns as advanced regular expressions (manual, section 9.7.2).
import { SqlState, pgError } from '../../errors/pg-error.js';

/** The pattern anchored on both sides; `escape` '' means there is no escape character. Throws 22019, 2200C. */
export function similarToRegex(pattern: string, escape: string): string {
  if ([...escape].length > 1) {
    throw pgError(SqlState.invalidEscapeSequence, 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  let result = '^(?:';
  let inBrackets = false;
  let bracketStart = false;
  let separators = 0;
  let isEscaped = false;
  for (const character of pattern) {
    if (isEscaped) {
      isEscaped = false;
      if (character === '"' && !inBrackets) {
        separators++;
        result += separator(separators);
      } else {
        result += `\\${character}`;
      }
      bracketStart = false;
    } else if (escape !== '' && character === escape) {
      isEscaped = true;
    } else if (inBrackets) {
      result += character === '\\' ? '\\\\' : character;
      if (character === ']' && !bracketStart) inBrackets = false;
      if (!(bracketStart && character === '^')) bracketStart = false;
    } else {
      result += translate(character);
      if (character === '[') {
        inBrackets = true;
        bracketStart = true;
      }
    }
  }
  return `${result})$`;
}

/** substring(text similar pattern escape e) splits its pattern in three at escape-quote: the middle is the result. */
function separator(number: number): string {
  if (number === 1) return '){1,1}?(';
  if (number === 2) return '){1,1}(?:';
  throw pgError(
    SqlState.invalidUseOfEscapeCharacter,
    'SQL regular expression may not contain more than two escape-double-quote separators',
  );
}

function translate(character: string): string {
  switch (character) {
    case '%':
      return '.*';
    case '_':
      return '.';
    case '(':
      return '(?:';
    case '\\':
    case '.':
    case '^':
    case '$':
      return `\\${character}`;
    default:
      return character;
  }
}
