// Whether a polymorphic result or transition type can be told from a function's inputs (PostgreSQL's manual, 36.2.5).
// In: a type and the input types; out: the detail of the refusal, or null where the calls will determine the type.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { formatType } from './column-type.js';

const internal = 2281;

interface Family {
  readonly results: readonly number[];
  readonly inputs: readonly number[];
  readonly wanted: string;
}

// The range families come first: their members are results of the wider families too.
const families: readonly Family[] = [
  { results: [3831, 4537], inputs: [3831, 4537], wanted: 'anyrange or anymultirange' },
  { results: [5080, 4538], inputs: [5080, 4538], wanted: 'anycompatiblerange or anycompatiblemultirange' },
  {
    results: [2283, 2277, 2776, 3500],
    inputs: [2283, 2277, 2776, 3500, 3831, 4537],
    wanted: 'anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange',
  },
  {
    results: [5077, 5078, 5079],
    inputs: [5077, 5078, 5079, 5080, 4538],
    wanted: 'anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange',
  },
];

/** Throws 42P13 where the inputs can't determine the polymorphic or internal type; `what` is "result" or "transition". */
export function requireDeterminable(
  context: CommandContext,
  what: 'result' | 'transition',
  type: number,
  inputs: readonly number[],
): void {
  const refuse = (message: string, wanted: string): Error =>
    pgError(SqlState.invalidFunctionDefinition, message, {
      detail: `A result of type ${formatType(context, type)} requires at least one input of type ${wanted}.`,
    });
  const family = families.find(({ results }) => results.includes(type));
  if (family !== undefined && !inputs.some((input) => family.inputs.includes(input)))
    throw refuse(`cannot determine ${what} data type`, family.wanted);
  if (what === 'result' && type === internal && !inputs.includes(internal))
    throw refuse('unsafe use of pseudo-type "internal"', 'internal');
}
