// PL/pgSQL's assignments: SELECT expression, its value made to fit the variable; with subscripts or fields behind the
// variable's name the value becomes the variable's new whole value. PostgreSQL's transformPLAssignStmt.
import type { Node } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import type { Query } from '../../trees/query.js';
import { assignThrough } from '../assignment.js';
import { coerceToTarget } from '../coercion/coerce.js';
import { isRowType } from '../coercion/type-facts.js';
import { assignExpressionCollations } from '../collations.js';
import type { AnalyzerContext } from '../context.js';
import { makeParseState, type ParseState } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { analyzeQueryNode } from './subquery.js';

/** Stands for the place of an assignment's target, which is no part of the parsed text. */
export const targetLocation = 0x7fffffff;

/** The variable that is assigned to; `number` + 1 is the parameter that stands for its value so far. */
export interface VariableTarget {
  readonly name: string;
  readonly number: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  /** Subscripts and fields behind its name. */
  readonly indirection: readonly Node[];
}

/** Binds the source of an assignment: a query of one column, which has the variable's type. Throws 42601, 42804. */
export function bindAssignment(select: Node, target: VariableTarget, context: AnalyzerContext): Query {
  const state = makeParseState(null, context);
  state.resolveUnknowns = false;
  const query = analyzeQueryNode(state, select);
  const visible = query.targetList.filter(({ junk }) => !junk);
  const [source] = visible;
  if (source === undefined || visible.length !== 1) {
    const count = `${visible.length} column${visible.length === 1 ? '' : 's'}`;
    throw pgError(SqlState.syntaxError, `assignment source returned ${count}`);
  }
  const expr = assigned(state, source.expr, target);
  assignExpressionCollations(state, expr);
  const targetList = query.targetList.map(
    (entry): TargetEntry => (entry === source ? { ...entry, expr, name: target.name } : entry),
  );
  return { ...query, targetList };
}

function assigned(state: ParseState, value: Expression, target: VariableTarget): Expression {
  const { name, type, typmod, collation, indirection } = target;
  const { catalog } = state.context;
  if (indirection.length > 0) {
    const base: Expression = {
      kind: 'Param',
      paramKind: 'extern',
      id: target.number + 1,
      type,
      typmod,
      collation,
      location: -1,
    };
    const location = targetLocation;
    const parts = indirection;
    return assignThrough(state, { base, name, isSubscript: false, type, typmod, collation, parts, value, location });
  }
  const from = expressionType(value);
  // Rows are fitted when they are assigned: a record takes any.
  if (from !== type && isRow(state, type) && isRow(state, from)) return value;
  return fitVariable(state, value, target) ?? refuse(value);

  function refuse(given: Expression): never {
    throw pgError(
      SqlState.datatypeMismatch,
      `variable "${name}" is of type ${formatType(catalog, type)} but expression is of type ${formatType(catalog, from)}`,
      { hint: 'You will need to rewrite or cast the expression.', location: expressionLocation(given) },
    );
  }
}

function isRow(state: ParseState, type: number): boolean {
  return type === typeOid.record || isRowType(state.context.catalog, type);
}

/** The value as an assignment makes it fit, by way of its text form where there is no cast; null where it can't. */
export function fitVariable(
  state: ParseState,
  value: Expression,
  target: { readonly type: number; readonly typmod: number },
): Expression | null {
  const { catalog } = state.context;
  const wish = { context: 'assignment', form: 'implicitCast', location: -1 } as const;
  const direct = coerceToTarget(state, value, target.type, target.typmod, wish);
  if (direct !== null) return direct;
  const base = catalog.typeByOid(catalog.baseType(target.type));
  if (base.kind === 'p' && base.oid !== typeOid.record) return null;
  const converted: Expression = {
    kind: 'CoerceViaIO',
    arg: value,
    type: base.oid,
    collation: base.collation,
    form: 'implicitCast',
    location: -1,
  };
  return coerceToTarget(state, converted, target.type, target.typmod, wish);
}

/** An expression over parameter 1 that makes a value of one type fit a variable of another; null where none is needed. */
export function variableCast(
  from: { readonly type: number; readonly typmod: number },
  to: { readonly type: number; readonly typmod: number },
  context: AnalyzerContext,
): Expression | null {
  const state = makeParseState(null, context);
  const value: Expression = {
    kind: 'Param',
    paramKind: 'extern',
    id: 1,
    type: from.type,
    typmod: from.typmod,
    collation: context.catalog.typeByOid(from.type).collation,
    location: -1,
  };
  const fitting = fitVariable(state, value, to);
  if (fitting === null || fitting === value) return null;
  assignExpressionCollations(state, fitting);
  return fitting;
}
