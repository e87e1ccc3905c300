// ROW(a, b, t.*) and lists of expressions with stars in them.
import type { Node, RowExpr } from '@pgsql/types';
import { targetListEntriesMax } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expandStar } from '../target-list.js';
import type { ParseState } from '../parse-state.js';
import { typeOid } from '../type-oids.js';
import { analyzeExpr } from './expression.js';

/** Binds a row constructor to an anonymous record. */
export function analyzeRow(state: ParseState, row: RowExpr): Expression {
  const location = row.location ?? 0;
  const args = expressionList(state, row.args ?? [], false);
  if (args.length > targetListEntriesMax) {
    throw pgError(SqlState.tooManyColumns, `ROW expressions can have at most ${targetListEntriesMax} entries`, {
      location,
    });
  }
  return {
    kind: 'RowExpr',
    args,
    type: typeOid.record,
    form: row.row_format === 'COERCE_IMPLICIT_CAST' ? 'implicitCast' : 'explicitCall',
    columnNames: args.map((_, index) => `f${index + 1}`),
    location,
  };
}

/** Binds a list of expressions, stars expanded; `allowDefault` keeps DEFAULT as SetToDefault. */
export function expressionList(state: ParseState, nodes: readonly Node[], allowDefault: boolean): Expression[] {
  const result: Expression[] = [];
  for (const node of nodes) {
    const expanded = expandStar(state, node);
    if (expanded !== null) {
      for (const entry of expanded) result.push(entry.expr);
    } else if (allowDefault && 'SetToDefault' in node) {
      result.push({
        kind: 'SetToDefault',
        type: typeOid.unknown,
        typmod: -1,
        collation: 0,
        location: node.SetToDefault.location ?? 0,
      });
    } else result.push(analyzeExpr(state, node));
  }
  return result;
}
