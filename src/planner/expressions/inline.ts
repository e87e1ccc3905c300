// Inlines SQL-language functions whose body is a single SELECT of one expression:
//   CREATE FUNCTION add1(int) RETURNS int LANGUAGE sql RETURN $1 + 1;   add1(x)   ->   x + 1
// Conditions as in PostgreSQL: not SECURITY DEFINER, no settings, no sets, the body no more volatile and no less strict
// than declared, and a volatile or costly argument is used at most once.
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { mayExecute } from '../../catalog/function-privileges.js';
import type { Expression, FuncExpr } from '../../trees/expression.js';
import type { Query } from '../../trees/query.js';
import type { PlannerGlobal } from '../planner-info.js';
import { containsMutable, containsNonStrict, containsSubPlan, containsVolatile } from './facts.js';
import { collationOf, typeOf, typmodOf } from './typing.js';
import { rewriteTopDown, someExpression, visitExpressionDeep } from './walk.js';

const inlineDepthMax = 20;

/** The body with the arguments in place; null where the function can't be inlined. */
export function inlineFunction(global: PlannerGlobal, call: FuncExpr, depth: number): Expression | null {
  const { catalog, context } = global;
  const descriptor = catalog.function(call.function);
  if (descriptor === null || !mayBeInlined(descriptor) || !mayExecute(catalog, descriptor, context.userId)) return null;
  if (depth > inlineDepthMax || !context.sqlFunctionBody) return null;
  const body = context.sqlFunctionBody(call.function, call.args.map(typeOf));
  const [query] = body ?? [];
  if (body?.length !== 1 || query === undefined || !isBareSelect(query)) return null;
  const [entry] = query.targetList;
  if (entry === undefined || typeOf(entry.expr) !== call.type || containsSubPlan(entry.expr)) return null;
  const expression = entry.expr;
  if (descriptor.volatility === 'i' && containsMutable(expression, catalog)) return null;
  if (descriptor.volatility === 's' && containsVolatile(expression, catalog)) return null;
  if (descriptor.isStrict && containsNonStrict(expression, catalog)) return null;
  return substitute(global, descriptor, expression, call);
}

function mayBeInlined(descriptor: FunctionDescriptor): boolean {
  return (
    descriptor.language === 'sql' &&
    descriptor.kind === 'f' &&
    !descriptor.securityDefiner &&
    !descriptor.returnsSet &&
    descriptor.returnType !== 2249 &&
    descriptor.config.length === 0
  );
}

function isBareSelect(query: Query): boolean {
  return (
    query.commandType === 'select' &&
    !query.hasAggregates &&
    !query.hasWindowFunctions &&
    !query.hasSubLinks &&
    query.ctes.length === 0 &&
    query.rangeTable.length === 0 &&
    query.joinTree.fromList.length === 0 &&
    query.joinTree.quals === null &&
    query.groupClause.length === 0 &&
    query.groupingSets.length === 0 &&
    query.having === null &&
    query.distinctClause.length === 0 &&
    query.sortClause.length === 0 &&
    query.limitCount === null &&
    query.limitOffset === null &&
    query.setOperations === null &&
    query.targetList.length === 1
  );
}

function substitute(
  global: PlannerGlobal,
  descriptor: FunctionDescriptor,
  expression: Expression,
  call: FuncExpr,
): Expression | null {
  const { catalog } = global;
  const uses = new Map<number, number>();
  visitExpressionDeep(expression, (node) => {
    if (node.kind === 'Param' && node.paramKind === 'extern') uses.set(node.id, (uses.get(node.id) ?? 0) + 1);
  });
  for (const [index, arg] of call.args.entries()) {
    const count = uses.get(index + 1) ?? 0;
    if (count === 0 && descriptor.isStrict) return null;
    if (count > 1 && (containsVolatile(arg, catalog) || containsSubPlan(arg) || isCostly(global, arg))) return null;
  }
  const replaced = rewriteTopDown(expression, (node) =>
    node.kind === 'Param' && node.paramKind === 'extern' ? (call.args[node.id - 1] ?? node) : null,
  );
  if (call.collation !== 0 && collationOf(replaced) !== call.collation) {
    return {
      kind: 'RelabelType',
      arg: replaced,
      type: typeOf(replaced),
      typmod: typmodOf(replaced),
      collation: call.collation,
      form: 'implicitCast',
      location: -1,
    };
  }
  return replaced;
}

/** More work than ten simple operators. */
function isCostly(global: PlannerGlobal, arg: Expression): boolean {
  let cost = 0;
  someExpression(arg, (node) => {
    if (node.kind === 'FuncExpr' || node.kind === 'OpExpr') cost += global.catalog.function(node.function)?.cost ?? 1;
    return false;
  });
  return cost > 10;
}
