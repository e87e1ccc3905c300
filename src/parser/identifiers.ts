// Truncation of long identifiers. The grammar cuts them to 63 bytes without a word; PostgreSQL tells the client. The
// scan runs only over texts in which a word of that length occurs at all.
import { scanSync } from '@libpg-query/parser';
import { identifierBytesMax } from '../base/limits.js';
import { type Notice, SqlState } from '../errors/pg-error.js';

/** NOTICEs (42622) for each identifier of `sql` that is longer than 63 bytes, in order. */
export function truncationNotices(sql: string): Notice[] {
  if (sql.length <= 21 || !longWord.test(sql)) return [];
  const notices: Notice[] = [];
  for (const token of scanSync(sql).tokens) {
    const name = identifierText(token.text, token.tokenName);
    if (name === null || Buffer.byteLength(name) <= identifierBytesMax) continue;
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

function identifierText(text: string, tokenName: string): string | null {
  if (text.startsWith('"')) return text.slice(1, -1).replaceAll('""', '"');
  if (tokenName !== 'IDENT' && !/^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/.test(text)) return null;
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
