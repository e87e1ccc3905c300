// DELETE: USING, WHERE, RETURNING.
import type { DeleteStmt } from '../../trees/ast.js';
import type { Query } from '../../trees/query.js';
import { condition } from '../clauses/limit.js';
import { assignQueryCollations } from '../collations.js';
import { analyzeFromClause } from '../from/from-clause.js';
import type { ParseState } from '../parse-state.js';
import { acl } from '../range-table.js';
import { analyzeWith } from './cte.js';
import { fromExpr, makeQuery } from './make-query.js';
import { returningList, setTargetTable } from './target-table.js';

/** Binds a DELETE in a fresh state. */
export function analyzeDelete(state: ParseState, statement: DeleteStmt): Query {
  const hasRecursive = analyzeWith(state, statement.withClause);
  const target = setTargetTable(state, statement.relation, {
    inherit: statement.relation?.inh === true,
    alsoSource: true,
    required: acl.delete,
  });
  // USING may not look at the target by LATERAL.
  target.item.lateralOnly = true;
  target.item.lateralOk = false;
  analyzeFromClause(state, statement.usingClause ?? []);
  target.item.lateralOnly = false;
  target.item.lateralOk = true;
  const where = condition(state, statement.whereClause, 'where', 'WHERE');
  const returning = returningList(state, statement.returningList, 'returning');
  const query = makeQuery(state, 'delete', {
    hasRecursive,
    resultRelation: target.item.rtIndex,
    returningList: returning,
    joinTree: fromExpr(state, where),
  });
  assignQueryCollations(state, query);
  return query;
}
