// The lines of an error's CONTEXT: each place that an error passes on its way out may say where it was.
import { PgError } from './pg-error.js';

/** Adds a line below those that the error has; anything but a PgError stays as it is. Returns what to throw. */
export function withContext(error: unknown, line: string): unknown {
  if (!(error instanceof PgError) || complete.has(error)) return error;
  const { where } = error.fields;
  error.fields = { ...error.fields, where: where === undefined ? line : `${where}\n${line}` };
  return error;
}

/** The error tells its whole way already (an exception handler got it): thrown again it passes places unnoted. */
export function markContextComplete(error: PgError): void {
  complete.add(error);
}

const complete = new WeakSet<PgError>();
