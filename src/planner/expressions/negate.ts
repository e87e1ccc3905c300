// NOT pushed inwards: NOT (a AND b) is NOT a OR NOT b, NOT (a < b) is a >= b, NOT (x IS NULL) is x IS NOT NULL, ...
import type { Catalog } from '../../catalog/api.js';
import type { BooleanTest, Expression } from '../../trees/expression.js';
import { boolConst } from './make.js';

const oppositeTest: Readonly<Record<BooleanTest['test'], BooleanTest['test']>> = {
  true: 'notTrue',
  notTrue: 'true',
  false: 'notFalse',
  notFalse: 'false',
  unknown: 'notUnknown',
  notUnknown: 'unknown',
};

/** The negation of a boolean expression, NOT pushed down as far as it goes. */
export function negate(node: Expression, catalog: Catalog): Expression {
  switch (node.kind) {
    case 'Const':
      return boolConst(node.value === null ? null : node.value !== true);
    case 'OpExpr': {
      const negator = catalog.operator(node.operator)?.negator ?? 0;
      const operator = negator === 0 ? null : catalog.operator(negator);
      if (operator === null) break;
      return { ...node, operator: operator.oid, function: operator.function };
    }
    case 'ScalarArrayOpExpr': {
      const negator = catalog.operator(node.operator)?.negator ?? 0;
      const operator = negator === 0 ? null : catalog.operator(negator);
      if (operator === null) break;
      return { ...node, operator: operator.oid, function: operator.function, useOr: !node.useOr };
    }
    case 'BoolExpr':
      if (node.op === 'not') return node.args[0] ?? node;
      return { ...node, op: node.op === 'and' ? 'or' : 'and', args: node.args.map((arg) => negate(arg, catalog)) };
    case 'NullTest':
      if (node.argIsRow) break;
      return { ...node, isNull: !node.isNull };
    case 'BooleanTest':
      return { ...node, test: oppositeTest[node.test] };
    default:
      break;
  }
  return { kind: 'BoolExpr', op: 'not', args: [node], location: -1 };
}
