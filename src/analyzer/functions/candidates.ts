// Candidates for a function call and the choice among overloads: manual sections 10.2 and 10.3.
import type { Catalog } from '../../catalog/api.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { inputArgNames } from '../../catalog/expand-arguments.js';
import { canCoerce } from '../coercion/pathway.js';
import { baseType, category, isPreferred } from '../coercion/type-facts.js';
import { typeOid } from '../type-oids.js';

/** One way in which an overload (or operator) can take the call. */
export interface Candidate {
  /** pg_proc or pg_operator oid; 0 where two overloads with defaults can't be told apart. */
  readonly oid: number;
  /** Declared types in the order of the call's arguments, VARIADIC expanded, defaulted arguments at the end. */
  readonly args: readonly number[];
  /** Call arguments that go into the VARIADIC array; 0 where it isn't expanded. */
  readonly variadicCount: number;
  /** Trailing arguments that take their default. */
  readonly defaultCount: number;
  /** Named notation: declared position of each of `args`. */
  readonly argNumbers: readonly number[] | null;
  /** Place along the search path, for choosing between same signatures. */
  readonly rank: number;
}

/** All ways in which `functions` can take `argCount` arguments of which the last are named. */
export function functionCandidates(
  functions: readonly FunctionDescriptor[],
  argCount: number,
  argNames: readonly string[],
  options: { readonly expandVariadic: boolean; readonly expandDefaults: boolean },
): Candidate[] {
  const found: Candidate[] = [];
  functions.forEach((fn, rank) => {
    const candidate = candidateOf(fn, argCount, argNames, options, rank);
    if (candidate !== null) addCandidate(found, candidate);
  });
  return found;
}

function candidateOf(
  fn: FunctionDescriptor,
  argCount: number,
  argNames: readonly string[],
  options: { readonly expandVariadic: boolean; readonly expandDefaults: boolean },
  rank: number,
): Candidate | null {
  const declared = fn.argTypes;
  if (argNames.length > 0) {
    if (fn.variadic !== 0 && options.expandVariadic) return null;
    const argNumbers = matchNamed(fn, argCount, argNames);
    if (argNumbers === null) return null;
    return {
      oid: fn.oid,
      args: argNumbers.map((position) => declared[position] ?? 0),
      variadicCount: 0,
      defaultCount: declared.length - argCount,
      argNumbers,
      rank,
    };
  }
  const variadic = fn.variadic !== 0 && options.expandVariadic && declared.length <= argCount;
  if (variadic) {
    const fixed = declared.slice(0, -1);
    const variadicCount = argCount - fixed.length;
    const args = [...fixed, ...new Array<number>(variadicCount).fill(fn.variadic)];
    return { oid: fn.oid, args, variadicCount, defaultCount: 0, argNumbers: null, rank };
  }
  if (declared.length < argCount) return null;
  const defaultCount = declared.length - argCount;
  if (defaultCount > 0 && (!options.expandDefaults || defaultCount > fn.argDefaultCount)) return null;
  return { oid: fn.oid, args: declared, variadicCount: 0, defaultCount, argNumbers: null, rank };
}

/** Declared positions for positional, named and then defaulted arguments; null where the names don't fit. */
function matchNamed(fn: FunctionDescriptor, argCount: number, argNames: readonly string[]): number[] | null {
  const total = fn.argTypes.length;
  if (fn.argNames === null || argCount > total || total - argCount > fn.argDefaultCount) return null;
  const positional = argCount - argNames.length;
  const inputNames = inputArgNames(fn);
  const used = new Array<boolean>(total).fill(false);
  const numbers: number[] = [];
  for (let index = 0; index < positional; index++) {
    used[index] = true;
    numbers.push(index);
  }
  for (const name of argNames) {
    const position = inputNames.indexOf(name);
    if (position < 0 || used[position] === true) return null;
    used[position] = true;
    numbers.push(position);
  }
  for (let index = positional; index < total; index++) {
    if (used[index] === true) continue;
    if (index < total - fn.argDefaultCount) return null;
    numbers.push(index);
  }
  return numbers;
}

/** Of two candidates with the same argument types the better stays: earlier in the path, not variadic, fewer defaults. */
function addCandidate(found: Candidate[], candidate: Candidate): void {
  const effective = candidate.args.length - candidate.defaultCount;
  for (let index = 0; index < found.length; index++) {
    const other = found[index] as Candidate;
    if (
      candidate.defaultCount === 0 &&
      other.defaultCount === 0 &&
      candidate.variadicCount === 0 &&
      other.variadicCount === 0
    )
      continue;
    if (other.args.length - other.defaultCount !== effective) continue;
    let same = true;
    for (let arg = 0; arg < effective && same; arg++) same = other.args[arg] === candidate.args[arg];
    if (!same) continue;
    if (other.variadicCount === 0 && candidate.variadicCount > 0) return;
    if (other.variadicCount > 0 && candidate.variadicCount === 0) {
      found[index] = candidate;
      return;
    }
    if (other.defaultCount === 0 && candidate.defaultCount > 0) return;
    if (other.defaultCount > 0 && candidate.defaultCount === 0) {
      found[index] = candidate;
      return;
    }
    if (other.defaultCount > 0 || other.variadicCount > 0) {
      found[index] = { ...other, oid: 0 };
      return;
    }
  }
  found.push(candidate);
}

/** The candidates that can take the types without explicit casts. */
export function matchingCandidates(
  catalog: Catalog,
  types: readonly number[],
  candidates: readonly Candidate[],
): Candidate[] {
  return candidates.filter((candidate) => canCoerce(catalog, types, candidate.args.slice(0, types.length), 'implicit'));
}

/** Picks the best of several matching candidates; null where none is better than the others. */
export function selectCandidate(
  catalog: Catalog,
  types: readonly number[],
  candidates: readonly Candidate[],
): Candidate | null {
  const bases = types.map((type) => (type === typeOid.unknown ? type : baseType(catalog, type)));
  const unknowns = types.filter((type) => type === typeOid.unknown).length;
  let best = keepBest(candidates, (candidate) => {
    let exact = 0;
    bases.forEach((type, index) => {
      if (type !== typeOid.unknown && candidate.args[index] === type) exact++;
    });
    return exact;
  });
  if (best.length === 1) return best[0] ?? null;
  const categories = bases.map((type) => (type === typeOid.unknown ? '' : category(catalog, type)));
  best = keepBest(best, (candidate) => {
    let fitting = 0;
    bases.forEach((type, index) => {
      if (type === typeOid.unknown) return;
      const declared = candidate.args[index] ?? 0;
      if (declared === type || isPreferred(catalog, categories[index] ?? '', declared)) fitting++;
    });
    return fitting;
  });
  if (best.length === 1) return best[0] ?? null;
  if (unknowns === 0) return null;
  return selectForUnknowns(catalog, bases, best);
}

/** The rules for unknown literals: by string category, by agreeing category, at last by the known arguments' type. */
function selectForUnknowns(
  catalog: Catalog,
  bases: readonly number[],
  candidates: readonly Candidate[],
): Candidate | null {
  const wanted: { readonly category: string; readonly preferred: boolean }[] = [];
  let resolved = true;
  bases.forEach((type, index) => {
    if (!resolved || type !== typeOid.unknown) {
      wanted[index] = { category: '', preferred: false };
      return;
    }
    let slot = '';
    let preferred = false;
    let conflict = false;
    let hasString = false;
    for (const candidate of candidates) {
      const declared = catalog.typeByOid(candidate.args[index] ?? 0);
      if (declared.category === 'S') hasString = true;
      if (slot === '') {
        slot = declared.category;
        preferred = declared.isPreferred;
      } else if (slot === declared.category) preferred ||= declared.isPreferred;
      else conflict = true;
    }
    if (conflict && hasString) {
      slot = 'S';
      preferred = candidates.some((candidate) => {
        const declared = catalog.typeByOid(candidate.args[index] ?? 0);
        return declared.category === 'S' && declared.isPreferred;
      });
    } else if (conflict) resolved = false;
    wanted[index] = { category: slot, preferred };
  });
  if (resolved) {
    const strict = candidates.filter((candidate) =>
      bases.every((type, index) => {
        if (type !== typeOid.unknown) return true;
        const declared = catalog.typeByOid(candidate.args[index] ?? 0);
        const slot = wanted[index];
        if (slot === undefined || declared.category !== slot.category) return false;
        return !slot.preferred || declared.isPreferred;
      }),
    );
    if (strict.length === 1) return strict[0] ?? null;
    if (strict.length > 1) return byKnownType(catalog, bases, strict);
  }
  return byKnownType(catalog, bases, candidates);
}

/** If all known arguments have one type, unknown ones are taken for that type too: one candidate must accept that. */
function byKnownType(catalog: Catalog, bases: readonly number[], candidates: readonly Candidate[]): Candidate | null {
  const known = bases.filter((type) => type !== typeOid.unknown);
  const first = known[0];
  if (first === undefined || known.some((type) => type !== first)) return null;
  const assumed = bases.map(() => first);
  const fitting = candidates.filter((candidate) =>
    canCoerce(catalog, assumed, candidate.args.slice(0, assumed.length), 'implicit'),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

function keepBest(candidates: readonly Candidate[], score: (candidate: Candidate) => number): Candidate[] {
  let best = 0;
  let kept: Candidate[] = [];
  for (const candidate of candidates) {
    const points = score(candidate);
    if (points > best || kept.length === 0) {
      best = points;
      kept = [candidate];
    } else if (points === best) kept.push(candidate);
  }
  return kept;
}
