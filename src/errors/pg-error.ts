// The one error that travels through the corridor: what ErrorResponse and NoticeResponse carry to the client.
// Thrown where the fact is known, in PostgreSQL's words; the wire room only serialises it. Anything else that is
// thrown is a bug of ours: the session logs it with its stack and reports XX000.
import { SqlState } from './sqlstate.js';

export { SqlState };

/** The optional fields of an ErrorResponse (manual, section 55.8). `position` counts characters from 1. */
export interface ErrorFields {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based character position in the query text. AST locations are 0-based bytes: see `parser/position.ts`. */
  readonly position?: number | undefined;
  /** 0-based byte offset in the statement's source as the parser reports it; the session turns it into `position`. */
  readonly location?: number | undefined;
  readonly internalPosition?: number | undefined;
  readonly internalQuery?: string | undefined;
  readonly where?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly datatype?: string | undefined;
  readonly constraint?: string | undefined;
}

export type Severity = 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';

export class PgError extends Error {
  readonly code: SqlState;
  severity: Severity = 'ERROR';
  fields: ErrorFields;
  /** Where the session can't go on after the error: what is said (08P01 FATAL) when it ends. */
  endsSession: string | null = null;

  constructor(code: SqlState, message: string, fields: ErrorFields = {}) {
    super(message);
    this.name = 'PgError';
    this.code = code;
    this.fields = fields;
  }
}

/** Makes the error to throw: `throw pgError(SqlState.undefinedTable, 'relation "x" does not exist', { location })`. */
export function pgError(code: SqlState, message: string, fields: ErrorFields = {}): PgError {
  return new PgError(code, message, fields);
}

/** As pgError, but ends the session after it was sent. */
export function fatalError(code: SqlState, message: string, fields: ErrorFields = {}): PgError {
  const error = new PgError(code, message, fields);
  error.severity = 'FATAL';
  return error;
}

/** 0A000 for what parses but is not built: always names the feature, e.g. `notSupported('CREATE RULE')`. */
export function notSupported(feature: string, fields: ErrorFields = {}): PgError {
  return new PgError(SqlState.featureNotSupported, `${feature} is not supported yet`, fields);
}

/** A message that does not stop the statement (NOTICE, WARNING, INFO, ...). */
export interface Notice {
  readonly severity: Exclude<Severity, 'ERROR' | 'FATAL' | 'PANIC'>;
  readonly code: SqlState;
  readonly message: string;
  readonly fields: ErrorFields;
}
