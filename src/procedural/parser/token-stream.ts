// The tokens of a function's source with the parser's place among them, and PostgreSQL's syntax errors.
import { type ErrorFields, type PgError, pgError, SqlState } from '../../errors/pg-error.js';
import { reservedWords } from './keywords.js';
import { place, scan, type Token } from './scan.js';

export class TokenStream {
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(readonly source: string) {
    this.tokens = scan(source);
  }

  /** The token in hand, or one further on. */
  peek(ahead = 0): Token {
    const token = this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)];
    if (token === undefined) throw new Error('invariant broken: a source without tokens');
    return token;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.index += 1;
    return token;
  }

  /** Place to come back to with `back`. */
  get mark(): number {
    return this.index;
  }

  back(mark: number): void {
    this.index = mark;
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && !token.quoted && token.text === word;
  }

  isOperator(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'operator' && token.text === text;
  }

  /** Takes the word where it stands there. */
  skipWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.take();
    return true;
  }

  skipOperator(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.take();
    return true;
  }

  expectWord(word: string): Token {
    if (!this.isWord(word)) throw this.syntaxError();
    return this.take();
  }

  expectOperator(text: string): Token {
    if (!this.isOperator(text)) throw this.syntaxError();
    return this.take();
  }

  /** A name that is no reserved word. */
  isName(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && (token.quoted || !reservedWords.has(token.text));
  }

  expectName(): Token {
    if (!this.isName()) throw this.syntaxError();
    return this.take();
  }

  lineOf(token: Token): number {
    let line = 1;
    for (let at = 0; at < token.start; at++) if (this.source.charCodeAt(at) === 10) line += 1;
    return line;
  }

  /** Line of the last token that was taken. */
  get lastLine(): number {
    const last = this.tokens[this.index - 1];
    return last === undefined ? 1 : this.lineOf(last);
  }

  /** Line of the token in hand. */
  get line(): number {
    return this.lineOf(this.peek());
  }

  /** 42601 at a token (the one in hand). */
  syntaxError(message = 'syntax error', token: Token = this.peek()): PgError {
    const raw = this.source.slice(token.start, token.end);
    const where = token.kind === 'end' ? 'at end of input' : `at or near "${raw}"`;
    return pgError(SqlState.syntaxError, `${message} ${where}`, place(this.source, token.start));
  }

  /** An error that names its place by position alone. */
  errorAt(token: Token, code: PgError['code'], message: string, fields: ErrorFields = {}): PgError {
    return pgError(code, message, { ...fields, ...place(this.source, token.start) });
  }

  sourceBetween(start: number, end: number): string {
    return this.source.slice(start, end);
  }
}
