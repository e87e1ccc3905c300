// Finds the function that CREATE AGGREGATE names for arguments of certain types: by the rules of calls, but
// nothing may have to be converted when it runs.
import type { Catalog } from '../../catalog/api.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { isBinaryCoercible } from '../coercion/pathway.js';
import { enforceGenericConsistency } from '../coercion/polymorphic.js';
import { callSignature, resolveFunction } from './resolve.js';

export interface SupportFunction {
  readonly fn: FunctionDescriptor;
  /** The result type for these arguments; polymorphic where they are. */
  readonly resultType: number;
}

/** Throws 42883 where there is none, 42804 where it returns a set or arguments would have to be converted. */
export function findSupportFunction(
  catalog: Catalog,
  names: readonly string[],
  types: readonly number[],
): SupportFunction {
  const options = { expandVariadic: false, expandDefaults: false, location: -1 };
  const found = resolveFunction(catalog, names, types, [], options);
  const signature = callSignature(catalog, names.join('.'), types);
  if (found.kind !== 'function' || found.fn.kind !== 'f')
    throw pgError(SqlState.undefinedFunction, `function ${signature} does not exist`);
  if (found.fn.returnsSet) throw pgError(SqlState.datatypeMismatch, `function ${signature} returns a set`);
  const declared = [...found.declared];
  const resultType = enforceGenericConsistency(catalog, types, declared, found.fn.returnType, true);
  const isFitting = declared.every((type, index) => isBinaryCoercible(catalog, types[index] ?? 0, type));
  if (!isFitting)
    throw pgError(
      SqlState.datatypeMismatch,
      `function ${callSignature(catalog, names.join('.'), declared)} requires run-time type coercion`,
    );
  return { fn: found.fn, resultType };
}
