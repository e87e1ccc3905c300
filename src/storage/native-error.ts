// Turns what the addon throws into the corridor's PgError: the core's errors carry their SQLSTATE as `code`, detail and
// hint after a NUL each in the message. Anything without an SQLSTATE is passed on as it is: a bug of ours.
import { type ErrorFields, PgError, type SqlState } from '../errors/pg-error.js';

const sqlStatePattern = /^[0-9A-Z]{5}$/;

/** The error to throw for one that came out of the addon. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PgError) return error;
  const code = (error as Error & { readonly code?: unknown }).code;
  if (typeof code !== 'string' || !sqlStatePattern.test(code)) return error;
  const [message = '', detail = '', hint = ''] = error.message.split('\0');
  const fields: ErrorFields = { ...(detail === '' ? {} : { detail }), ...(hint === '' ? {} : { hint }) };
  return new PgError(code as SqlState, message, fields);
}

/** Runs addon calls, converting what they throw. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}
