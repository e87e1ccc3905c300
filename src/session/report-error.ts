// What was thrown, as an ErrorResponse: locations become character positions of the query string, and anything that is
// not a PgError is a bug of ours: logged with its stack and sent as XX000.
import { PgError, SqlState, fatalError, pgError } from '../errors/pg-error.js';
import { characterPosition } from '../parser/position.js';
import { writeErrorResponse } from '../wire/error-response.js';
import type { Session } from './session.js';

/** Sends the error, at least as severe as `severity`; 'fatal' means the session must end. */
export function reportError(
  session: Session,
  thrown: unknown,
  severity: 'ERROR' | 'FATAL' = 'ERROR',
): 'error' | 'fatal' {
  const error = asPgError(session, thrown);
  if (severity === 'FATAL' && error.severity === 'ERROR') error.severity = severity;
  locate(error, session.queryString);
  session.logError(error);
  if (!session.connection.isClosed) writeErrorResponse(session.connection.out, error);
  if (error.endsSession !== null)
    return reportError(session, fatalError(SqlState.protocolViolation, error.endsSession));
  return error.severity === 'FATAL' || error.severity === 'PANIC' ? 'fatal' : 'error';
}

function asPgError(session: Session, thrown: unknown): PgError {
  if (thrown instanceof PgError) return thrown;
  if (thrown instanceof RangeError && /call stack/i.test(thrown.message)) {
    return pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
      hint: `Increase the configuration parameter "max_stack_depth" (currently ${session.settings.int('max_stack_depth')}kB), after ensuring the platform's stack depth limit is adequate.`,
    });
  }
  // A string or buffer larger than the runtime can hold.
  if (isTooLarge(thrown)) {
    return pgError(SqlState.outOfMemory, 'out of memory', { detail: 'Failed on a value that is too large.' });
  }
  session.logBug(thrown);
  return pgError(SqlState.internalError, thrown instanceof Error ? thrown.message : String(thrown));
}

const tooLargeMessage =
  /Invalid (string|array|typed array|array buffer) length|allocation failed|(Map|Set) maximum size exceeded/i;
const tooLargeCodes = ['ERR_STRING_TOO_LONG', 'ERR_BUFFER_TOO_LARGE', 'ERR_MEMORY_ALLOCATION_FAILED'];

/** A value or table that the engine itself refused to make. */
function isTooLarge(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (thrown instanceof RangeError && tooLargeMessage.test(thrown.message)) return true;
  return 'code' in thrown && tooLargeCodes.includes(String(thrown.code));
}

/** Fills `position` from the byte location that the rooms report. */
function locate(error: PgError, queryString: string): void {
  const { location, position } = error.fields;
  if (position !== undefined || location === undefined || location < 0) return;
  error.fields = { ...error.fields, position: characterPosition(queryString, location) };
}
