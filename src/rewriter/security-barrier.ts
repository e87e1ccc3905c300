// DML on a view with security_barrier (manual, section 39.5): functions of the user's conditions must not see rows that
// the view hides. A condition that may leak is evaluated only where the view's own condition holds:
//   v AND leaky(x)   becomes   v AND CASE WHEN v THEN leaky(x) ELSE false END
import type { Expression } from '../trees/expression.js';
import { someExpression } from '../trees/walk.js';
import type { RewriteContext } from './context.js';

/** The user's condition, each part of it that may leak behind the view's. */
export function behindBarrier(
  context: RewriteContext,
  quals: Expression | null,
  barrier: Expression,
): Expression | null {
  if (quals === null) return null;
  if (quals.kind === 'BoolExpr' && quals.op === 'and') {
    return { ...quals, args: quals.args.map((arg) => behindBarrier(context, arg, barrier) ?? arg) };
  }
  if (!mayLeak(context, quals)) return quals;
  return {
    kind: 'CaseExpr',
    type: boolType,
    collation: 0,
    arg: null,
    whens: [{ condition: barrier, result: quals, location: -1 }],
    defaultResult: falseConst,
    location: -1,
  };
}

const boolType = 16;
const falseConst = {
  kind: 'Const',
  type: boolType,
  typmod: -1,
  collation: 0,
  value: false,
  location: -1,
} as const;

/** Nodes that show nobody the values they work on. */
const quiet: readonly string[] = ['Var', 'Const', 'Param', 'BoolExpr', 'NullTest', 'BooleanTest', 'RelabelType'];

function mayLeak(context: RewriteContext, expression: Expression): boolean {
  return someExpression(expression, (node) => {
    if (node.kind === 'FuncExpr' || node.kind === 'OpExpr' || node.kind === 'ScalarArrayOpExpr')
      return context.catalog.function(node.function)?.isLeakproof !== true;
    return !quiet.includes(node.kind);
  });
}
