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
    notices.push(truncationNotice(name));
  }
  return notices;
}

/** What is told of a name that is longer than 63 bytes. */
export function truncationNotice(name: string): Notice {
  return {
    severity: 'NOTICE',
    code: SqlState.nameTooLong,
    message: `identifier "${name}" will be truncated to "${truncateIdentifier(name)}"`,
    fields: {},
  };
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

// 64 bytes are at least 16 characters of four bytes each. Literals may have megabytes: a pattern that repeats without
// bound would exhaust the matcher's stack on them.
const longWord = /[\w$\u0080-\uffff]{64}|[\u0080-\uffff][\w$\u0080-\uffff]{15}|"[^"]{22}/;

/** The identifiers and keywords of `sql`, folded as the scanner folds them. Comments and literals are stepped over. */
function* identifiers(sql: string): Generator<string> {
  for (let at = 0; at < sql.length; ) {
    const start = at;
    const unit = sql[at] as string;
    if (isWordUnit(unit)) {
      while (at < sql.length && isWordUnit(sql[at] as string)) at += 1;
      // E'...' is one token; a word that begins with a digit is a number.
      if (sql[at] === "'" && at - start === 1 && /[eE]/.test(unit)) at = stringEnd(sql, at, true);
      else if (!/[0-9$]/.test(unit)) yield sql.slice(start, at).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      else if (unit === '$') at = dollarEnd(sql, start);
    } else if (unit === "'") at = stringEnd(sql, at, false);
    else if (unit === '"') {
      at = quotedEnd(sql, at);
      yield sql.slice(start + 1, at - 1).replaceAll('""', '"');
    } else if (sql.startsWith('--', at)) at = after(sql, '\n', at);
    else at = sql.startsWith('/*', at) ? commentEnd(sql, at) : at + 1;
  }
}

function isWordUnit(unit: string): boolean {
  return (
    (unit >= 'a' && unit <= 'z') ||
    (unit >= 'A' && unit <= 'Z') ||
    (unit >= '0' && unit <= '9') ||
    unit === '_' ||
    unit === '$' ||
    unit >= '\u0080'
  );
}

/** Behind the next occurrence, or the end. */
function after(sql: string, what: string, from: number): number {
  const found = sql.indexOf(what, from);
  return found < 0 ? sql.length : found + what.length;
}

/** Behind the name in double quotes that begins at `from`. */
function quotedEnd(sql: string, from: number): number {
  let at = after(sql, '"', from + 1);
  while (sql[at] === '"') at = after(sql, '"', at + 1);
  return at;
}

/** Behind the string whose quote stands at `from`; with `escapes` a backslash takes what follows along. */
function stringEnd(sql: string, from: number, escapes: boolean): number {
  if (!escapes) {
    let at = after(sql, "'", from + 1);
    while (sql[at] === "'") at = after(sql, "'", at + 1);
    return at;
  }
  for (let at = from + 1; at < sql.length; at++) {
    if (sql[at] === '\\') at += 1;
    else if (sql[at] === "'") {
      if (sql[at + 1] !== "'") return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

/** Behind the dollar-quoted string, or the parameter's dollar, at `from`. */
function dollarEnd(sql: string, from: number): number {
  const close = sql.indexOf('$', from + 1);
  const tag = sql.slice(from + 1, close < 0 ? from + 1 : close);
  const isTag =
    close >= 0 && (tag === '' || (tag.length < 256 && /^[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*$/.test(tag)));
  return isTag ? after(sql, `$${tag}$`, close + 1) : from + 1;
}

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
