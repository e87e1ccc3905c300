// Functions in FROM: their calls are folded, and set-returning SQL functions become subqueries:
//   SELECT * FROM f(3)   ->   SELECT * FROM (body with $1 = 3)
import { mayExecute } from '../../catalog/function-privileges.js';
import type { Expression, FuncExpr } from '../../trees/expression.js';
import type { FunctionRte, Query } from '../../trees/query.js';
import { containsVolatile } from '../expressions/facts.js';
import { foldExpression, placeArguments } from '../expressions/fold.js';
import { typeOf } from '../expressions/typing.js';
import { rewriteQueryDeep, shiftLevels } from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';
import { queryIsVolatile } from './ctes.js';

/** Folds the entry's calls and replaces an inlinable set-returning function by its body. */
export function inlineFunctionRte(root: PlannerInfo, rtIndex: number): void {
  const rte = root.rangeTable[rtIndex - 1];
  if (rte?.kind !== 'function') return;
  const functions = rte.functions.map((item) => ({ ...item, expr: foldCall(root, item.expr) }));
  const folded: FunctionRte = { ...rte, functions };
  root.rangeTable[rtIndex - 1] = folded;
  const body = inlineBody(root, folded);
  if (body === null) return;
  const { alias, eref, lateral, inFromClause } = folded;
  root.rangeTable[rtIndex - 1] = {
    kind: 'subquery',
    alias,
    eref,
    lateral,
    inFromClause,
    subquery: body,
    securityBarrier: false,
    viewRelation: 0,
    permissions: null,
  };
}

const recordType = 2249;

function foldCall(root: PlannerInfo, expr: Expression): Expression {
  if (expr.kind !== 'FuncExpr') return expr;
  const placed = placeArguments(root.global, expr);
  // A call that returns a plain record takes its columns from the query, which folding does not know.
  if (!placed.returnsSet && placed.type !== recordType) return foldExpression(root.global, placed);
  return { ...placed, args: placed.args.map((arg) => foldExpression(root.global, arg)) };
}

function inlineBody(root: PlannerInfo, rte: FunctionRte): Query | null {
  const { catalog, context } = root.global;
  const [item] = rte.functions;
  if (rte.functions.length !== 1 || item === undefined || rte.withOrdinality || item.expr.kind !== 'FuncExpr')
    return null;
  const call: FuncExpr = item.expr;
  const descriptor = catalog.function(call.function);
  if (descriptor === null || !context.sqlFunctionBody) return null;
  const qualifies =
    descriptor.language === 'sql' &&
    descriptor.returnsSet &&
    descriptor.volatility !== 'v' &&
    !descriptor.isStrict &&
    !descriptor.securityDefiner &&
    descriptor.config.length === 0 &&
    mayExecute(catalog, descriptor, context.userId) &&
    call.returnsSet;
  if (!qualifies || call.args.some((arg) => containsVolatile(arg, catalog) || arg.kind === 'SubLink')) return null;
  const bodies = context.sqlFunctionBody(call.function, call.args.map(typeOf));
  const [body] = bodies ?? [];
  if (bodies?.length !== 1 || body === undefined || body.commandType !== 'select' || body.rowMarks.length > 0)
    return null;
  const columns = body.targetList.filter((entry) => !entry.junk);
  if (columns.length !== item.columnTypes.length && columns.length !== 1) return null;
  if (columns.some((entry, index) => typeOf(entry.expr) !== (item.columnTypes[index] ?? call.type))) return null;
  if (descriptor.volatility === 'i' && queryIsVolatile(body, catalog)) return null;
  return rewriteQueryDeep(body, (node, depth) => {
    if (node.kind !== 'Param' || node.paramKind !== 'extern') return null;
    const arg = call.args[node.id - 1];
    return arg === undefined ? node : shiftLevels(arg, depth + 1, 0);
  });
}
