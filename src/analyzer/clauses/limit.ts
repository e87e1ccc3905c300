// LIMIT, OFFSET, FETCH FIRST and conditions.
import type { Node } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { coerceToBoolean, coerceToSpecific } from '../coercion/coerce.js';
import { analyzeExpr } from '../expressions/expression.js';
import { hasLocalVariables } from '../local-variables.js';
import { type ExpressionKind, type ParseState, withKind } from '../parse-state.js';
import { typeOid } from '../type-oids.js';

/** A row count: bigint, without columns of the query. */
export function limitClause(
  state: ParseState,
  node: Node | undefined,
  kind: 'limit' | 'offset',
  withTies: boolean,
): Expression | null {
  if (node === undefined) return null;
  const name = kind === 'limit' ? 'LIMIT' : 'OFFSET';
  const bound = withKind(state, kind, () => coerceToSpecific(state, analyzeExpr(state, node), typeOid.int8, name));
  const location = hasLocalVariables(bound);
  if (location !== null) {
    throw pgError(SqlState.invalidColumnReference, `argument of ${name} must not contain variables`, { location });
  }
  if (kind === 'limit' && withTies && 'A_Const' in node && node.A_Const.isnull === true) {
    throw pgError(
      SqlState.invalidRowCountInLimitClause,
      'row count cannot be null in FETCH FIRST ... WITH TIES clause',
    );
  }
  return bound;
}

/** WHERE, HAVING and other conditions. */
export function condition(
  state: ParseState,
  node: Node | undefined,
  kind: ExpressionKind,
  construct: string,
): Expression | null {
  if (node === undefined) return null;
  return withKind(state, kind, () => coerceToBoolean(state, analyzeExpr(state, node), construct));
}
