// What CREATE FUNCTION checks of a function in PL/pgSQL: types that the language can't take, and the body's syntax.
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { type Notice, pgError, SqlState } from '../../errors/pg-error.js';
import { parseFunction } from '../../procedural/parser/parse-function.js';
import { createHost } from './host.js';
import { resolvePolymorphic } from './polymorphic.js';
import type { Session } from '../session.js';

const triggerType = 2279;
const eventTriggerType = 3838;
/** Pseudo-types that functions may return: record, void and the triggers'. */
const returnable: readonly number[] = [2249, 2278, triggerType, eventTriggerType];
/** What polymorphic arguments are taken for: integers, arrays and ranges of them. */
const assumed: Readonly<Record<number, number>> = {
  2283: 23,
  2776: 23,
  3500: 23,
  5077: 23,
  5079: 23,
  2277: 1007,
  5078: 1007,
  3831: 3904,
  5080: 3904,
  4537: 4451,
  4538: 4451,
};

/** Warnings to be sent, with positions in the source. Throws 0A000 for types, 42601 and what declarations throw with the position in the source. */
export function validate(session: Session, fn: FunctionDescriptor, checksBody: boolean): readonly Notice[] {
  const { catalog } = session;
  const isPseudo = (type: number): boolean => catalog.typeByOid(type).kind === 'p' && assumed[type] === undefined;
  if (isPseudo(fn.returnType) && !returnable.includes(fn.returnType)) {
    const shown = catalog.formatType(fn.returnType);
    throw pgError(SqlState.featureNotSupported, `PL/pgSQL functions cannot return type ${shown}`);
  }
  for (const type of fn.argTypes) {
    if (!isPseudo(type) || type === 2249) continue;
    const shown = catalog.formatType(type);
    throw pgError(SqlState.featureNotSupported, `PL/pgSQL functions cannot accept type ${shown}`);
  }
  if (!checksBody) return [];
  const actual = fn.argTypes.map((type) => assumed[type] ?? type);
  const resolved = resolvePolymorphic(catalog, fn, actual, assumed[fn.returnType] ?? fn.returnType);
  const kinds = { [triggerType]: 'trigger', [eventTriggerType]: 'eventTrigger' } as const;
  const own = fn.kind === 'p' ? 'procedure' : 'function';
  const { notices } = parseFunction(
    {
      name: fn.name,
      source: fn.source,
      args: resolved.args,
      returnType: resolved.returnType,
      returnsSet: fn.returnsSet,
      kind: kinds[fn.returnType as keyof typeof kinds] ?? own,
      collation: 0,
    },
    createHost(session),
    true,
  );
  return notices;
}
