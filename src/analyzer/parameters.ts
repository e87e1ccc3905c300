// $n: their types as given, or inferred from their first use (Parse messages and PREPARE without types).
import { type PgError, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression, Param } from '../trees/expression.js';
import type { AnalyzerContext } from './context.js';
import type { ParseState } from './parse-state.js';
import { formatType } from './type-names.js';
import { typeOid } from './type-oids.js';

/** Parameters that a message can carry. */
const parameterNumberMax = 65535;
/** PostgreSQL's own limit for a number: up to it the parameters before are what is missing. */
const parameterNumberKnown = 536870911;

/** The Param for $`number`. Throws 42P02 where there is none. */
export function analyzeParameter(state: ParseState, number: number, location: number): Expression {
  const context = state.context;
  const resolved = context.resolveParameter?.(number, location) ?? null;
  if (resolved !== null) return resolved;
  const types = context.parameterTypes;
  if (number > parameterNumberMax && number <= parameterNumberKnown && context.variableParameters) {
    throw undetermined(types.includes(0) ? types.indexOf(0) : types.length);
  }
  if (number < 1 || number > parameterNumberMax || (!context.variableParameters && !(types[number - 1] ?? 0))) {
    throw pgError(SqlState.undefinedParameter, `there is no parameter $${number}`, { location });
  }
  while (types.length < number) types.push(0);
  // A parameter that nobody typed starts as unknown and takes the type of its first use.
  if (types[number - 1] === 0) types[number - 1] = typeOid.unknown;
  // void cannot be a parameter's type: drivers send it to mean "infer".
  if (types[number - 1] === typeOid.void && context.variableParameters) types[number - 1] = typeOid.unknown;
  return makeParam(context, number, types[number - 1] ?? typeOid.unknown, location);
}

/** Gives a parameter of unknown type the type that its use demands; null for any other parameter. */
export function coerceParameter(state: ParseState, param: Param, target: number, location: number): Expression | null {
  const context = state.context;
  if (param.paramKind !== 'extern' || param.type !== typeOid.unknown || !context.variableParameters) return null;
  const index = param.id - 1;
  const known = context.parameterTypes[index] ?? 0;
  if (known === typeOid.unknown) context.parameterTypes[index] = target;
  else if (known !== target) {
    throw pgError(SqlState.ambiguousParameter, `inconsistent types deduced for parameter $${param.id}`, {
      detail: `${formatType(context.catalog, known)} versus ${formatType(context.catalog, target)}`,
      location: param.location,
    });
  }
  return makeParam(context, param.id, target, leftmost(location, param.location));
}

/** After the analysis: parameters that are still of unknown type, or that were passed over. Throws 42P18 for them. */
export function checkParameterTypes(context: AnalyzerContext): void {
  context.parameterTypes.forEach((type, index) => {
    if (type === typeOid.unknown || type === 0) throw undetermined(index);
  });
}

function undetermined(index: number): PgError {
  return pgError(SqlState.indeterminateDatatype, `could not determine data type of parameter $${index + 1}`);
}

function makeParam(context: AnalyzerContext, id: number, type: number, location: number): Param {
  const collation = context.catalog.typeByOid(type).collation;
  return { kind: 'Param', paramKind: 'extern', id, type, typmod: -1, collation, location };
}

function leftmost(left: number, right: number): number {
  if (left < 0) return right;
  return right < 0 ? left : Math.min(left, right);
}
