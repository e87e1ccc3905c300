// Which expressions need no parentheses inside another one, when the printer is asked to leave out needless ones. Without
// that wish every operator is parenthesised, as pg_get_viewdef(oid) does.
import type { Catalog } from '../api.js';
import type { Expression } from '../../trees/expression.js';

/** True where `node` reads the same without parentheses as an operand of `parent` (null: of nothing in particular). */
export function isSimpleNode(catalog: Catalog, node: Expression, parent: Expression | null): boolean {
  switch (node.kind) {
    case 'Var':
    case 'Const':
    case 'Param':
    case 'CoerceToDomainValue':
    case 'SetToDefault':
    case 'CurrentOfExpr':
    case 'SubscriptingRef':
    case 'ArrayExpr':
    case 'RowExpr':
    case 'CoalesceExpr':
    case 'MinMaxExpr':
    case 'SqlValueFunction':
    case 'NextValueExpr':
    case 'NullIfExpr':
    case 'Aggref':
    case 'GroupingFunc':
    case 'WindowFunc':
    case 'MergeSupportFunc':
    case 'FuncExpr':
    case 'JsonConstructorExpr':
    case 'CaseExpr':
      return true;
    case 'FieldSelect':
      return parent?.kind !== 'FieldSelect';
    case 'FieldStore':
      return parent?.kind !== 'FieldStore';
    case 'CoerceToDomain':
      return isSimpleNode(catalog, node.arg, node);
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'ConvertRowtypeExpr':
      return isSimpleNode(catalog, node.arg, node);
    case 'OpExpr':
      return isSimpleOperator(catalog, node, parent);
    case 'SubLink':
    case 'NullTest':
    case 'BooleanTest':
    case 'DistinctExpr':
    case 'JsonIsPredicate':
      return isBooleanOperandContext(parent);
    case 'BoolExpr':
      return isSimpleBoolean(node, parent);
    default:
      return false;
  }
}

/** Parents in which any operand is fenced already: function arguments, CASE, AND/OR/NOT. */
function isBooleanOperandContext(parent: Expression | null): boolean {
  if (!parent) return false;
  switch (parent.kind) {
    case 'FuncExpr':
      return parent.form !== 'explicitCast' && parent.form !== 'implicitCast';
    case 'BoolExpr':
    case 'SubscriptingRef':
    case 'ArrayExpr':
    case 'RowExpr':
    case 'CoalesceExpr':
    case 'MinMaxExpr':
    case 'NullIfExpr':
    case 'Aggref':
    case 'GroupingFunc':
    case 'WindowFunc':
    case 'CaseExpr':
      return true;
    default:
      return false;
  }
}

function isSimpleBoolean(node: Extract<Expression, { kind: 'BoolExpr' }>, parent: Expression | null): boolean {
  if (parent?.kind === 'BoolExpr') {
    // NOT binds tightest, then AND, then OR.
    if (node.op === 'not') return true;
    if (node.op === 'and') return parent.op === 'and' || parent.op === 'or';
    return parent.op === 'or';
  }
  return isBooleanOperandContext(parent);
}

/** Arithmetic operands: by the precedence of +, -, *, /, % and their left associativity. */
function isSimpleOperator(
  catalog: Catalog,
  node: Extract<Expression, { kind: 'OpExpr' }>,
  parent: Expression | null,
): boolean {
  if (parent?.kind === 'OpExpr') {
    const own = arithmeticRank(catalog, node);
    const outer = arithmeticRank(catalog, parent);
    if (own === 0 || outer === 0) return false;
    if (own > outer) return true;
    return own === outer && parent.args[0] === node;
  }
  return isBooleanOperandContext(parent);
}

/** 2 for * / %, 1 for + -, 0 for the rest, of binary operators. */
function arithmeticRank(catalog: Catalog, node: Extract<Expression, { kind: 'OpExpr' }>): number {
  if (node.args.length !== 2) return 0;
  const name = catalog.operator(node.operator)?.name ?? '';
  if (name === '*' || name === '/' || name === '%') return 2;
  return name === '+' || name === '-' ? 1 : 0;
}
