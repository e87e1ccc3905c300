// Truncation of long identifiers. The grammar cuts them to 63 bytes without a word; PostgreSQL tells the client. The
// scan runs only over texts in which a word of that length occurs at all.
import { identifierBytesMax } from '../base/limits.js';
import { type Notice, SqlState } from '../errors/pg-error.js';

/** NOTICEs (42622) for each identifier of `sql` that is longer than 63 bytes, in order. */
export function truncationNotices(sql: string): Notice[] {
  if (sql.length <= 21 || !longWord.test(sql)) return [];
  const notices: Notice[] = [];
  for (const name of identifiers(sql)) {
    if (Buffer.byteLength(name) <= identifierBytesMax) continue;
    notices.push({
      severity: 'NOTICE',
      code: SqlState.nameTooLong,
      message: `identifier "${name}" will be truncated to "${truncateIdentifier(name)}"`,
      fields: {},
    });
  }
  return notices;
}

/** The first 63 bytes of a name, never cutting a character in two. */
export function truncateIdentifier(name: string): string {
  if (name.length * 3 <= identifierBytesMax || Buffer.byteLength(name) <= identifierBytesMax) return name;
  let bytes = 0;
  let kept = '';
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > identifierBytesMax) break;
    kept += character;
  }
  return kept;
}

// 64 bytes are at least 16 characters of four bytes each.
const longWord = /[\w$\u0080-\uffff]{64,}|[\w$\u0080-\uffff]*[\u0080-\uffff][\w$\u0080-\uffff]{15,}|"[^"]{22,}"/;

// Loops over one character at a time would exhaust the matcher's stack on long literals: runs are taken whole.
// One token from where it starts: E string, string, quoted identifier, line comment, dollar quote, word.
const token =
  /[eE]'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'|'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|--[^\n]*|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[\s\S]*?\1|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*/y;

/** The identifiers and keywords of `sql`, folded as the scanner folds them. Comments and literals are stepped over. */
function* identifiers(sql: string): Generator<string> {
  for (let at = 0; at < sql.length; ) {
    if (sql.startsWith('/*', at)) {
      at = commentEnd(sql, at);
      continue;
    }
    token.lastIndex = at;
    const text = token.exec(sql)?.[0];
    at += text?.length ?? 1;
    if (text === undefined) continue;
    if (text.startsWith('"')) yield text.slice(1, -1).replaceAll('""', '"');
    else if (word.test(text)) yield text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  }
}

const word = /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/;

/** Where the comment that starts at `from` ends: they nest. */
function commentEnd(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}
