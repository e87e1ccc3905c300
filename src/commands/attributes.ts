// Attributes in the parentheses of CREATE AGGREGATE and CREATE OPERATOR: unknown ones are told, and left out.
import type { DefElem } from '@pgsql/types';
import { SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';

/** A warning for each attribute that is not among the known ones. */
export function warnOfUnknown(
  context: CommandContext,
  noun: 'aggregate' | 'operator',
  given: ReadonlyMap<string, DefElem>,
  known: ReadonlySet<string>,
): void {
  for (const name of given.keys()) {
    if (known.has(name)) continue;
    const message = `${noun} attribute "${name}" not recognized`;
    context.notice({ severity: 'WARNING', code: SqlState.syntaxError, message, fields: {} });
  }
}
