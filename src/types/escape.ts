// Characters of long texts escaped piece by piece: the runtime's replace gathers all matches in one array, and ends the
// process where that grows past its limit.
import { escapedCharactersMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';

/** Texts up to here are replaced at once. */
const pieceCharacters = 1 << 20;

/** `text.replace` with a pattern that matches single characters. Throws 54000 where the result would be too long. */
export function escapeCharacters(text: string, pattern: RegExp, replace: (character: string) => string): string {
  if (text.length <= pieceCharacters) return text.replace(pattern, replace);
  const pieces: string[] = [];
  let length = 0;
  for (let at = 0; at < text.length; at += pieceCharacters) {
    const piece = text.slice(at, at + pieceCharacters).replace(pattern, replace);
    length += piece.length;
    if (length > escapedCharactersMax) throw tooLong(length);
    pieces.push(piece);
  }
  return pieces.join('');
}

function tooLong(length: number): Error {
  return pgError(SqlState.programLimitExceeded, 'out of memory', {
    detail: `Cannot enlarge string buffer containing ${length} bytes.`,
  });
}
