// Operators: lookup and overload choice, building OpExpr and ScalarArrayOpExpr, and the operators by which a type sorts
// and groups.
import type { Catalog } from '../catalog/api.js';
import type { OperatorDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression, OpExpr } from '../trees/expression.js';
import { expressionType } from '../trees/expression-type.js';
import { coerceType } from './coercion/coerce.js';
import { enforceGenericConsistency } from './coercion/polymorphic.js';
import { arrayType, baseElementType, baseType, compositeOf, elementType } from './coercion/type-facts.js';
import { type Candidate, matchingCandidates, selectCandidate } from './functions/candidates.js';
import { checkSetPlacement } from './set-returning.js';
import type { ParseState } from './parse-state.js';
import { formatType, qualifiedName } from './type-names.js';
import { typeOid } from './type-oids.js';

/** The binary operator for two types. Throws 42883 or 42725 in PostgreSQL's words. */
export function binaryOperator(
  catalog: Catalog,
  names: readonly string[],
  left: number,
  right: number,
  location: number,
): OperatorDescriptor {
  const found = findBinaryOperator(catalog, names, left, right, location);
  if (found === 'none' || found === 'multiple') throw operatorError(catalog, found, names, left, right, location);
  return found;
}

/** As binaryOperator, null instead of an error where there is none (or none is best). */
export function findBinary(
  catalog: Catalog,
  names: readonly string[],
  left: number,
  right: number,
): OperatorDescriptor | null {
  const found = findBinaryOperator(catalog, names, left, right, -1);
  return found === 'none' || found === 'multiple' ? null : found;
}

function findBinaryOperator(
  catalog: Catalog,
  names: readonly string[],
  left: number,
  right: number,
  location: number,
): OperatorDescriptor | 'none' | 'multiple' {
  const candidates = operatorCandidates(catalog, names, 'b', location);
  const exact = exactBinary(catalog, candidates, left, right);
  if (exact !== null) return exact;
  return choose(catalog, candidates, [left, right]);
}

function exactBinary(
  catalog: Catalog,
  candidates: readonly OperatorDescriptor[],
  left: number,
  right: number,
): OperatorDescriptor | null {
  const find = (first: number, second: number): OperatorDescriptor | null =>
    candidates.find((candidate) => candidate.left === first && candidate.right === second) ?? null;
  let first = left;
  let second = right;
  const wasUnknown = left === typeOid.unknown || right === typeOid.unknown;
  if (left === typeOid.unknown && right !== 0) first = right;
  else if (right === typeOid.unknown && left !== 0) second = left;
  const exact = find(first, second);
  if (exact !== null || !wasUnknown) return exact;
  const base = baseType(catalog, first);
  return base === first ? null : find(base, base);
}

/** The prefix operator for a type. Throws 42883 or 42725. */
export function prefixOperator(
  catalog: Catalog,
  names: readonly string[],
  right: number,
  location: number,
): OperatorDescriptor {
  const candidates = operatorCandidates(catalog, names, 'l', location);
  const exact = candidates.find((candidate) => candidate.right === right);
  if (exact !== undefined) return exact;
  const found = choose(catalog, candidates, [right]);
  if (found === 'none' || found === 'multiple') throw operatorError(catalog, found, names, 0, right, location);
  return found;
}

function operatorCandidates(
  catalog: Catalog,
  names: readonly string[],
  kind: 'b' | 'l',
  location: number,
): readonly OperatorDescriptor[] {
  const name = qualifiedName(catalog, names, location);
  if (name.schema !== null && catalog.findNamespace(name.schema) === null) {
    throw pgError(SqlState.invalidSchemaName, `schema "${name.schema}" does not exist`, { location });
  }
  return catalog.operatorsNamed(name.schema, name.name, kind);
}

function choose(
  catalog: Catalog,
  operators: readonly OperatorDescriptor[],
  types: readonly number[],
): OperatorDescriptor | 'none' | 'multiple' {
  const candidates = operators.map(
    (operator, rank): Candidate => ({
      oid: operator.oid,
      args: operator.kind === 'l' ? [operator.right] : [operator.left, operator.right],
      variadicCount: 0,
      defaultCount: 0,
      argNumbers: null,
      rank,
    }),
  );
  const matching = matchingCandidates(catalog, types, candidates);
  if (matching.length === 0) return 'none';
  const best = matching.length === 1 ? matching[0] : selectCandidate(catalog, types, matching);
  if (best === null || best === undefined) return 'multiple';
  return catalog.requireOperator(best.oid);
}

function operatorError(
  catalog: Catalog,
  failure: 'none' | 'multiple',
  names: readonly string[],
  left: number,
  right: number,
  location: number,
): Error {
  const shownLeft = left === 0 ? '' : `${formatType(catalog, left)} `;
  const signature = `${shownLeft}${names.join('.')} ${formatType(catalog, right)}`;
  if (failure === 'multiple') {
    return pgError(SqlState.ambiguousFunction, `operator is not unique: ${signature}`, {
      hint: 'Could not choose a best candidate operator. You might need to add explicit type casts.',
      location,
    });
  }
  return pgError(SqlState.undefinedFunction, `operator does not exist: ${signature}`, {
    hint:
      left === 0
        ? 'No operator matches the given name and argument type. You might need to add an explicit type cast.'
        : 'No operator matches the given name and argument types. You might need to add explicit type casts.',
    location,
  });
}

/** Builds an operator call; `left` null for a prefix operator. */
export function makeOperator(
  state: ParseState,
  names: readonly string[],
  left: Expression | null,
  right: Expression,
  lastSet: Expression | null,
  location: number,
): OpExpr {
  const catalog = state.context.catalog;
  const rightType = expressionType(right);
  const leftType = left === null ? 0 : expressionType(left);
  const operator =
    left === null
      ? prefixOperator(catalog, names, rightType, location)
      : binaryOperator(catalog, names, leftType, rightType, location);
  if (operator.function === 0) {
    throw pgError(SqlState.undefinedFunction, `operator is only a shell: ${names.join('.')}`, { location });
  }
  const actual = left === null ? [rightType] : [leftType, rightType];
  const declared = left === null ? [operator.right] : [operator.left, operator.right];
  const result = enforceGenericConsistency(catalog, actual, declared, operator.result, false);
  const args = makeArguments(state, left === null ? [right] : [left, right], actual, declared);
  const isSet = catalog.function(operator.function)?.returnsSet === true;
  const expression: OpExpr = {
    kind: 'OpExpr',
    operator: operator.oid,
    function: operator.function,
    type: result,
    returnsSet: isSet,
    collation: 0,
    inputCollation: 0,
    args,
    location,
  };
  if (isSet) {
    checkSetPlacement(state, lastSet, location);
    state.lastTargetSet = expression;
  }
  return expression;
}

/** Coerces a call's arguments to the declared types. */
export function makeArguments(
  state: ParseState,
  args: readonly Expression[],
  actual: readonly number[],
  declared: readonly number[],
): Expression[] {
  return args.map((arg, index) => {
    const wanted = declared[index] ?? 0;
    if (actual[index] === wanted) return arg;
    const wish = { context: 'implicit', form: 'implicitCast', location: -1 } as const;
    if (arg.kind === 'NamedArgExpr') return { ...arg, arg: coerceType(state, arg.arg, wanted, -1, wish) };
    return coerceType(state, arg, wanted, -1, wish);
  });
}

/** scalar op ANY (array) and scalar op ALL (array). */
export function makeScalarArrayOperator(
  state: ParseState,
  names: readonly string[],
  useOr: boolean,
  left: Expression,
  right: Expression,
  location: number,
): Expression {
  const catalog = state.context.catalog;
  const leftType = expressionType(left);
  const arrayOf = expressionType(right);
  let rightType: number = typeOid.unknown;
  if (arrayOf !== typeOid.unknown) {
    rightType = baseElementType(catalog, arrayOf);
    if (rightType === 0) {
      throw pgError(SqlState.wrongObjectType, 'op ANY/ALL (array) requires array on right side', { location });
    }
  }
  const operator = binaryOperator(catalog, names, leftType, rightType, location);
  const actual = [leftType, rightType];
  const declared = [operator.left, operator.right];
  const result = enforceGenericConsistency(catalog, actual, declared, operator.result, false);
  if (result !== typeOid.bool) {
    throw pgError(SqlState.wrongObjectType, 'op ANY/ALL (array) requires operator to yield boolean', { location });
  }
  if (catalog.function(operator.function)?.returnsSet === true) {
    throw pgError(SqlState.wrongObjectType, 'op ANY/ALL (array) requires operator not to return a set', { location });
  }
  const wantedElement = declared[1] ?? 0;
  const wantedArray = wantedElement === typeOid.anyelement ? arrayOf : arrayType(catalog, wantedElement);
  if (wantedArray === 0) {
    throw pgError(
      SqlState.undefinedObject,
      `could not find array type for data type ${formatType(catalog, wantedElement)}`,
      {
        location,
      },
    );
  }
  const [first, second] = makeArguments(state, [left, right], [leftType, arrayOf], [declared[0] ?? 0, wantedArray]);
  if (first === undefined || second === undefined) throw new Error('invariant broken: an argument was lost');
  return {
    kind: 'ScalarArrayOpExpr',
    operator: operator.oid,
    function: operator.function,
    useOr,
    inputCollation: 0,
    args: [first, second],
    location,
  };
}

export interface SortOperators {
  readonly less: number;
  readonly equal: number;
  readonly greater: number;
  readonly hashable: boolean;
}

/** The operators by which a type is sorted and grouped; 0 where it has none. */
export function sortOperators(catalog: Catalog, type: number): SortOperators {
  const base = baseType(catalog, type);
  const btree = hasComparison(catalog, base, 'btree') ? catalog.defaultOpclass(base, 'btree') : null;
  const hash = hasComparison(catalog, base, 'hash') ? catalog.defaultOpclass(base, 'hash') : null;
  const member = (strategy: number): number =>
    btree === null ? 0 : catalog.familyOperator(btree.family, btree.inputType, btree.inputType, strategy);
  let equal = member(3);
  const hashEqual = hash === null ? 0 : catalog.familyOperator(hash.family, hash.inputType, hash.inputType, 1);
  if (equal === 0) equal = hashEqual;
  return { less: member(1), equal, greater: member(5), hashable: hashEqual !== 0 && hashEqual === equal };
}

/** Arrays, ranges and rows compare only where their parts do. */
function hasComparison(catalog: Catalog, type: number, method: 'btree' | 'hash'): boolean {
  const element = elementType(catalog, type);
  if (element !== 0) return partComparable(catalog, element, method);
  const composite = compositeOf(catalog, type);
  if (composite !== null) {
    return composite.attributes.every((attribute) => partComparable(catalog, attribute.type, method));
  }
  return true;
}

function partComparable(catalog: Catalog, type: number, method: 'btree' | 'hash'): boolean {
  const base = baseType(catalog, type);
  return catalog.defaultOpclass(base, method) !== null && hasComparison(catalog, base, method);
}

/** As sortOperators, throwing 42883 for what is needed and missing. */
export function requireSortOperators(
  catalog: Catalog,
  type: number,
  need: { readonly less: boolean; readonly equal: boolean; readonly greater: boolean },
): SortOperators {
  const found = sortOperators(catalog, type);
  if ((need.less && found.less === 0) || (need.greater && found.greater === 0)) {
    throw pgError(
      SqlState.undefinedFunction,
      `could not identify an ordering operator for type ${formatType(catalog, type)}`,
      { hint: 'Use an explicit ordering operator or modify the query.' },
    );
  }
  if (need.equal && found.equal === 0) {
    throw pgError(
      SqlState.undefinedFunction,
      `could not identify an equality operator for type ${formatType(catalog, type)}`,
    );
  }
  return found;
}
