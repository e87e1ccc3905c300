// SQL text in, raw parse trees out: PostgreSQL 17's own grammar, compiled to WASM. One instance per worker, loaded by
// `loadParser` before the first statement. A cache by text stands before it; cached trees are shared and never changed.
// Errors: 42601 in PostgreSQL's words with the character position; 54001 where a text nests too deeply.
import { hasSqlDetails, loadModule, parseSync } from '@libpg-query/parser';
import { parseCacheCharactersMax, parseCacheEntriesMax } from '../base/limits.js';
import { type Notice, type PgError, pgError, SqlState } from '../errors/pg-error.js';
import type { Node } from '../trees/statement.js';
import { truncationNotices } from './identifiers.js';
import { sliceBytes } from './position.js';

/** One statement of a query string. */
export interface ParsedStatement {
  readonly statement: Node;
  /** 0-based byte offset and length of its slice of the query string; length 0 reaches to the end. */
  readonly location: number;
  readonly length: number;
}

export interface ParsedText {
  readonly statements: readonly ParsedStatement[];
  /** NOTICEs about truncated identifiers, to be sent each time the text is used. */
  readonly notices: readonly Notice[];
}

/** Loads the parser; awaited once per worker before `parse` is called. */
export function loadParser(): Promise<void> {
  return loadModule();
}

/** Parses a query string of any number of statements. Throws 42601, 54001 and what the scanner throws (22P06, ...). */
export function parse(sql: string): ParsedText {
  const known = cache.get(sql);
  if (known !== undefined) {
    cache.delete(sql);
    cache.set(sql, known);
    return known;
  }
  const parsed = parseAnew(sql);
  if (sql.length <= parseCacheCharactersMax) {
    cache.set(sql, parsed);
    if (cache.size > parseCacheEntriesMax) {
      const oldest = cache.keys().next();
      if (!oldest.done) cache.delete(oldest.value);
    }
  }
  return parsed;
}

/** A statement's own text, as pg_prepared_statements and pg_cursors show it. */
export function statementText(sql: string, statement: ParsedStatement): string {
  return sliceBytes(sql, statement.location, statement.length).trim();
}

const cache = new Map<string, ParsedText>();

function parseAnew(sql: string): ParsedText {
  if (sql === '') return { statements: [], notices: [] };
  if (sql.includes('\0'))
    throw pgError(SqlState.characterNotInRepertoire, 'invalid byte sequence for encoding "UTF8": 0x00');
  try {
    const statements: ParsedStatement[] = [];
    for (const { stmt, stmt_location, stmt_len } of parseSync(sql).stmts ?? []) {
      if (stmt === undefined) continue;
      statements.push({ statement: stmt as unknown as Node, location: stmt_location ?? 0, length: stmt_len ?? 0 });
    }
    return { statements, notices: truncationNotices(sql) };
  } catch (error) {
    throw convertError(error);
  }
}

function convertError(error: unknown): unknown {
  if (error instanceof RangeError) return stackDepthExceeded();
  if (error instanceof Error && error.name === 'RuntimeError') return stackDepthExceeded();
  if (!hasSqlDetails(error) || error.sqlDetails === undefined) return error;
  const { message, cursorPosition, functionName } = error.sqlDetails;
  // The grammar's own stack has an end too: "memory exhausted at or near", a syntax error as in PostgreSQL.
  if (message.startsWith('stack depth limit exceeded')) return stackDepthExceeded();
  const [code, detail, hint] = codeOf(message, functionName ?? '');
  // These stand behind the statement's first word: 0 is no position of theirs.
  const isElsewhere = functionName === 'processCASbits' || message.startsWith('CREATE OR REPLACE CONSTRAINT');
  if (isElsewhere && cursorPosition === 0) return pgError(code, message, { detail, hint });
  return pgError(code, message, { detail, hint, position: cursorPosition + 1 });
}

/** 54001 with PostgreSQL's hint. */
export function stackDepthExceeded(): PgError {
  return pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
}

// The WASM parser reports no SQLSTATE. Most of what scanner and grammar raise is a syntax error; these are the others.
const codesByMessage: readonly (readonly [
  start: string,
  code: SqlState,
  detail?: string | undefined,
  hint?: string,
])[] = [
  [
    "unsafe use of \\' in a string literal",
    SqlState.nonstandardUseOfEscapeCharacter,
    undefined,
    "Use '' to write quotes in strings. \\' is insecure in client-only encodings.",
  ],
  ['invalid Unicode escape value', SqlState.syntaxError],
  [
    'invalid Unicode escape',
    SqlState.invalidEscapeSequence,
    undefined,
    'Unicode escapes must be \\uXXXX or \\UXXXXXXXX.',
  ],
  ['invalid byte sequence for encoding', SqlState.characterNotInRepertoire],
  ['parameter number too large', SqlState.syntaxError],
  ['cross-database references are not implemented', SqlState.featureNotSupported],
  ['improper qualified name', SqlState.syntaxError],
  ['MATCH PARTIAL not yet implemented', SqlState.featureNotSupported],
  ['CREATE ASSERTION is not yet implemented', SqlState.featureNotSupported],
  ['CREATE OR REPLACE CONSTRAINT TRIGGER is not', SqlState.featureNotSupported],
  ['constraint declared INITIALLY DEFERRED', SqlState.syntaxError],
  ['interval precision specified twice', SqlState.syntaxError],
  ['precision for type float', SqlState.invalidParameterValue],
  ['row count cannot', SqlState.syntaxError],
  ['frame start', SqlState.windowingError],
  ['frame starting', SqlState.windowingError],
  ['frame end', SqlState.windowingError],
  ['current database cannot be changed', SqlState.featureNotSupported],
  ['CREATE SCHEMA IF NOT EXISTS cannot include', SqlState.featureNotSupported],
  ['WITH TIES cannot', SqlState.syntaxError],
  ['a column list with SET', SqlState.featureNotSupported],
  ['type modifier cannot have', SqlState.syntaxError],
  ['identifier too long', SqlState.nameTooLong],
  ['unrecognized JSON encoding', SqlState.invalidParameterValue],
  ['unacceptable', SqlState.featureNotSupported],
];

function codeOf(message: string, functionName: string): readonly [SqlState, string | undefined, string | undefined] {
  for (const [start, code, detail, hint] of codesByMessage) if (message.startsWith(start)) return [code, detail, hint];
  if (
    message.endsWith('cannot be marked DEFERRABLE') ||
    message.endsWith('cannot be marked NOT VALID') ||
    message.endsWith('cannot be marked NO INHERIT')
  ) {
    return [SqlState.featureNotSupported, undefined, undefined];
  }
  if (functionName === 'processCASbits') return [SqlState.featureNotSupported, undefined, undefined];
  return [SqlState.syntaxError, undefined, undefined];
}
