// Resolving a call to one pg_proc row, or finding that it is a cast in function form (text(x)) or several or none.
import type { Catalog } from '../../catalog/api.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expressionListFromJson } from '../../trees/json.js';
import { coercionPathway } from '../coercion/pathway.js';
import { category, isComplex } from '../coercion/type-facts.js';
import { formatType, qualifiedName } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { type Candidate, functionCandidates, matchingCandidates, selectCandidate } from './candidates.js';

export type Resolution =
  | { readonly kind: 'none' }
  | { readonly kind: 'multiple' }
  | { readonly kind: 'coercion'; readonly type: number }
  | {
      readonly kind: 'function';
      readonly fn: FunctionDescriptor;
      /** Declared types in call order, defaults at the end. */
      readonly declared: number[];
      readonly variadicCount: number;
      /** Defaults that the call relies on, in the order of `declared`'s tail. */
      readonly defaults: readonly Expression[];
      readonly argNumbers: readonly number[] | null;
    };

/** Resolves a function name for arguments of `types` (the last `argNames.length` of them named). Throws 3F000. */
export function resolveFunction(
  catalog: Catalog,
  names: readonly string[],
  types: readonly number[],
  argNames: readonly string[],
  options: {
    readonly expandVariadic: boolean;
    readonly expandDefaults: boolean;
    readonly location: number;
    /** CALL: procedures take arguments for their OUT parameters too. */
    readonly withOutputs?: boolean;
  },
): Resolution {
  const name = qualifiedName(catalog, names, options.location);
  if (name.schema !== null && catalog.findNamespace(name.schema) === null) {
    throw pgError(SqlState.invalidSchemaName, `schema "${name.schema}" does not exist`, { location: options.location });
  }
  const found = catalog.functionsNamed(name.schema, name.name);
  const functions = options.withOutputs === true ? found.map(withOutputs) : found;
  const candidates = functionCandidates(functions, types.length, argNames, options);
  let best = candidates.find((candidate) => types.every((type, index) => candidate.args[index] === type)) ?? null;
  if (best === null) {
    if (types.length === 1 && argNames.length === 0) {
      const target = coercionRequest(catalog, name.schema, name.name, types[0] ?? 0);
      if (target !== 0) return { kind: 'coercion', type: target };
    }
    const matching = matchingCandidates(catalog, types, candidates);
    if (matching.length === 0) return { kind: 'none' };
    best = matching.length === 1 ? (matching[0] ?? null) : selectCandidate(catalog, types, matching);
    if (best === null) return { kind: 'multiple' };
  }
  if (best.oid === 0) return { kind: 'multiple' };
  const fn = functions.find(({ oid }) => oid === best.oid);
  return resolved(fn ?? catalog.requireFunction(best.oid), best);
}

/** A procedure as CALL sees it: all its arguments are given. */
function withOutputs(fn: FunctionDescriptor): FunctionDescriptor {
  if (fn.kind !== 'p' || fn.allArgTypes === null) return fn;
  return { ...fn, argTypes: fn.allArgTypes, argModes: fn.allArgTypes.map(() => 'i') };
}

function resolved(fn: FunctionDescriptor, best: Candidate): Resolution {
  let defaults: readonly Expression[] = [];
  if (best.defaultCount > 0) {
    const all = expressionListFromJson(fn.argDefaults ?? '[]');
    const firstDefault = fn.argTypes.length - fn.argDefaultCount;
    const positions =
      best.argNumbers === null
        ? fn.argTypes.map((_, index) => index).slice(-best.defaultCount)
        : best.argNumbers.slice(-best.defaultCount);
    defaults = positions.map((position) => all[position - firstDefault]).filter((item) => item !== undefined);
  }
  return {
    kind: 'function',
    fn,
    declared: [...best.args],
    variadicCount: best.variadicCount,
    defaults,
    argNumbers: best.argNumbers,
  };
}

/** A one-argument call under a type's name is a cast where nothing but relabelling or text I/O is needed. */
function coercionRequest(catalog: Catalog, schema: string | null, name: string, source: number): number {
  const type = catalog.findType(schema, name);
  if (type === null || !type.isDefined || type.relation !== 0) return 0;
  if (source === typeOid.unknown) return type.oid;
  const path = coercionPathway(catalog, type.oid, source, 'explicit');
  if (path.kind === 'relabel') return type.oid;
  if (path.kind !== 'io') return 0;
  const fromRow = source === typeOid.record || isComplex(catalog, source);
  return fromRow && category(catalog, type.oid) === 'S' ? 0 : type.oid;
}

/** name(type, arg => type) as messages show a call. */
export function callSignature(
  catalog: Catalog,
  name: string,
  types: readonly number[],
  argNames: readonly string[] = [],
): string {
  const firstNamed = types.length - argNames.length;
  const args = types.map((type, index) => {
    const shown = formatType(catalog, type);
    return index < firstNamed ? shown : `${argNames[index - firstNamed]} => ${shown}`;
  });
  return `${name}(${args.join(', ')})`;
}
