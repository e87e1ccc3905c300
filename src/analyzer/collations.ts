// Collation derivation (manual, section 23.2.1): after a query's expressions are built, each node gets the collation of
// its result and of its inputs, and conflicts are found. The nodes are the analyzer's own, so they are filled in place.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Aggref, Expression, TargetEntry } from '../trees/expression.js';
import { defaultCollation, expressionCollation, expressionLocation, expressionType } from '../trees/expression-type.js';
import type { Query } from '../trees/query.js';
import { forEachChild, forEachQueryExpression } from '../trees/walk.js';
import type { Mutable, ParseState } from './parse-state.js';

// In order of strength.
const strengths = { none: 0, implicit: 1, conflict: 2, explicit: 3 } as const;
type Strength = (typeof strengths)[keyof typeof strengths];

interface Derivation {
  collation: number;
  strength: Strength;
  location: number;
  /** The other collation of a conflict. */
  collation2: number;
  location2: number;
}

/** Assigns the collations of all expressions of a finished query (its subqueries have theirs already). */
export function assignQueryCollations(state: ParseState, query: Query): void {
  const withoutTables: Query = { ...query, rangeTable: [], targetList: [], returningList: [] };
  forEachQueryExpression(withoutTables, (expression) => assignExpressionCollations(state, expression));
  for (const entry of [...query.targetList, ...query.returningList]) assignEntry(state, entry);
}

/** Assigns collations within one expression that stands alone. */
export function assignExpressionCollations(state: ParseState, expression: Expression): void {
  derive(state, expression, fresh());
}

/** The common collation of several expressions; 0 where they conflict and that is tolerated. Throws 42P21. */
export function selectCommonCollation(state: ParseState, expressions: readonly Expression[], noneOk: boolean): number {
  const common = fresh();
  for (const expression of expressions) derive(state, expression, common);
  if (common.strength !== strengths.conflict) return common.collation;
  if (noneOk) return 0;
  throw implicitConflict(state, common);
}

function assignEntry(state: ParseState, entry: TargetEntry): void {
  const own = fresh();
  derive(state, entry.expr, own);
  if (own.strength === strengths.conflict && entry.sortGroupRef !== 0) throw implicitConflict(state, own);
}

function fresh(): Derivation {
  return { collation: 0, strength: strengths.none, location: -1, collation2: 0, location2: -1 };
}

function implicitConflict(state: ParseState, found: Derivation): Error {
  const name = (oid: number): string => state.context.catalog.collation(oid)?.name ?? String(oid);
  return pgError(
    SqlState.collationMismatch,
    `collation mismatch between implicit collations "${name(found.collation)}" and "${name(found.collation2)}"`,
    {
      hint: 'You can choose the collation by applying the COLLATE clause to one or both expressions.',
      location: found.location2,
    },
  );
}

/** Assigns within `expression` and merges what it derives into its parent's derivation. */
function derive(state: ParseState, expression: Expression, parent: Derivation): void {
  const inner = fresh();
  switch (expression.kind) {
    case 'CollateExpr':
      derive(state, expression.arg, inner);
      merge(
        state,
        { ...fresh(), collation: expression.collation, strength: strengths.explicit, location: expression.location },
        parent,
      );
      return;
    case 'FieldSelect':
      derive(state, expression.arg, inner);
      merge(state, implicit(expression.collation, expression), parent);
      return;
    case 'RowExpr':
      for (const arg of expression.args) assignExpressionCollations(state, arg);
      return;
    case 'RowCompareExpr':
      (expression as Mutable<typeof expression>).inputCollations = expression.left.map((left, index) =>
        selectCommonCollation(state, [left, expression.right[index] as Expression], true),
      );
      return;
    case 'CoerceToDomain':
      deriveDomain(state, expression, inner, parent);
      return;
    case 'Var':
    case 'Const':
    case 'Param':
    case 'CaseTestExpr':
    case 'SetToDefault':
    case 'CurrentOfExpr':
    case 'CoerceToDomainValue':
    case 'SqlValueFunction':
    case 'MergeSupportFunc':
    case 'NextValueExpr':
    case 'GroupingFunc':
      if (expression.kind === 'GroupingFunc') for (const arg of expression.args) assignExpressionCollations(state, arg);
      merge(state, implicit(expressionCollation(expression), expression), parent);
      return;
    case 'SubLink':
      if (expression.test !== null) derive(state, expression.test, inner);
      merge(state, implicit(expressionCollation(expression), expression), parent);
      return;
    default:
      deriveChildren(state, expression, inner);
      finish(state, expression, inner, parent);
  }
}

function deriveDomain(
  state: ParseState,
  expression: Extract<Expression, { kind: 'CoerceToDomain' }>,
  inner: Derivation,
  parent: Derivation,
): void {
  derive(state, expression.arg, inner);
  const own = state.context.catalog.typeByOid(expression.type).collation;
  let result: Derivation;
  if (own === 0) result = fresh();
  else if (own === defaultCollation) result = inner.strength === strengths.none ? implicit(own, expression) : inner;
  else result = implicit(own, expression);
  (expression as Mutable<typeof expression>).collation = result.strength === strengths.conflict ? 0 : result.collation;
  merge(state, result, parent);
}

/** Children whose collation does not reach the result are assigned on their own. */
function deriveChildren(state: ParseState, expression: Expression, inner: Derivation): void {
  switch (expression.kind) {
    case 'Aggref':
      deriveAggregate(state, expression, inner);
      return;
    case 'WindowFunc':
      for (const arg of expression.args) derive(state, arg, inner);
      if (expression.filter !== null) assignExpressionCollations(state, expression.filter);
      return;
    case 'CaseExpr':
      for (const when of expression.whens) {
        assignExpressionCollations(state, when.condition);
        derive(state, when.result, inner);
      }
      if (expression.defaultResult !== null) derive(state, expression.defaultResult, inner);
      return;
    case 'SubscriptingRef':
      for (const index of [...expression.upper, ...expression.lower]) {
        if (index !== null) assignExpressionCollations(state, index);
      }
      derive(state, expression.container, inner);
      if (expression.assignment !== null) derive(state, expression.assignment, inner);
      return;
    case 'ArrayCoerceExpr': {
      derive(state, expression.arg, inner);
      assignExpressionCollations(state, expression.elementExpr);
      return;
    }
    case 'JsonConstructorExpr':
      for (const arg of expression.args) derive(state, arg, inner);
      if (expression.func !== null) derive(state, expression.func, inner);
      if (expression.coercion !== null) assignExpressionCollations(state, expression.coercion);
      return;
    default:
      forEachChild(expression, (child) => derive(state, child, inner));
  }
}

/** Sort-only arguments (resjunk) don't count; ordered-set aggregates of several columns derive each on its own. */
function deriveAggregate(state: ParseState, aggregate: Aggref, inner: Derivation): void {
  if (aggregate.aggKind === 'n') {
    for (const entry of aggregate.args) {
      if (entry.junk) assignEntry(state, entry);
      else derive(state, entry.expr, inner);
    }
  } else {
    const merged = aggregate.args.length === 1 && aggregate.aggKind === 'o';
    if (aggregate.aggKind === 'h') {
      const hypothetical = aggregate.directArgs.length - aggregate.args.length;
      for (const arg of aggregate.directArgs.slice(0, Math.max(hypothetical, 0))) derive(state, arg, inner);
      aggregate.args.forEach((entry, index) => {
        const direct = aggregate.directArgs[hypothetical + index];
        selectCommonCollation(state, direct === undefined ? [entry.expr] : [direct, entry.expr], true);
      });
    } else {
      for (const arg of aggregate.directArgs) derive(state, arg, inner);
      for (const entry of aggregate.args) {
        if (merged) derive(state, entry.expr, inner);
        else assignEntry(state, entry);
      }
    }
  }
  if (aggregate.filter !== null) assignExpressionCollations(state, aggregate.filter);
}

function finish(state: ParseState, expression: Expression, inner: Derivation, parent: Derivation): void {
  const own = state.context.catalog.findTypeByOid(expressionType(expression))?.collation ?? 0;
  let result: Derivation;
  if (own === 0) result = fresh();
  else if (inner.strength > strengths.none) result = inner;
  else result = implicit(own, expression);
  if ('collation' in expression) {
    (expression as Mutable<typeof expression>).collation =
      result.strength === strengths.conflict ? 0 : result.collation;
  }
  if ('inputCollation' in expression) {
    (expression as Mutable<typeof expression>).inputCollation =
      inner.strength === strengths.conflict ? 0 : inner.collation;
  }
  merge(state, result, parent);
}

function implicit(collation: number, expression: Expression): Derivation {
  if (collation === 0) return fresh();
  return { ...fresh(), collation, strength: strengths.implicit, location: expressionLocation(expression) };
}

function merge(state: ParseState, child: Derivation, parent: Derivation): void {
  if (child.strength > parent.strength) {
    parent.collation = child.collation;
    parent.strength = child.strength;
    parent.location = child.location;
    if (child.strength === strengths.conflict) {
      parent.collation2 = child.collation2;
      parent.location2 = child.location2;
    }
    return;
  }
  if (child.strength < parent.strength || child.collation === parent.collation) return;
  if (child.strength === strengths.implicit) {
    if (parent.collation === defaultCollation) {
      parent.collation = child.collation;
      parent.location = child.location;
    } else if (child.collation !== defaultCollation) {
      parent.strength = strengths.conflict;
      parent.collation2 = child.collation;
      parent.location2 = child.location;
    }
  } else if (child.strength === strengths.explicit) {
    const name = (oid: number): string => state.context.catalog.collation(oid)?.name ?? String(oid);
    throw pgError(
      SqlState.collationMismatch,
      `collation mismatch between explicit collations "${name(parent.collation)}" and "${name(child.collation)}"`,
      { location: child.location },
    );
  }
}
