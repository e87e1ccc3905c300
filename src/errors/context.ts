// The lines of an error's CONTEXT: each place that an error passes on its way out may say where it was.
import { PgError } from './pg-error.js';

/** Adds a line below those that the error has; anything but a PgError stays as it is. Returns what to throw. */
export function withContext(error: unknown, line: string): unknown {
  if (!(error instanceof PgError)) return error;
  const { where } = error.fields;
  error.fields = { ...error.fields, where: where === undefined ? line : `${where}\n${line}` };
  return error;
}
