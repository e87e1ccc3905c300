// Whether an expression's value depends on nothing but its inputs.
import type { Catalog } from '../catalog/api.js';
import type { Expression } from '../trees/expression.js';
import { someExpression } from '../trees/walk.js';

/** True where everything that the expression calls is immutable (index expressions, generated columns). */
export function isImmutable(catalog: Catalog, expression: Expression): boolean {
  return !someExpression(expression, (node) => {
    switch (node.kind) {
      case 'FuncExpr':
      case 'Aggref':
      case 'WindowFunc':
        return isVolatile(catalog, node.function);
      case 'OpExpr':
      case 'DistinctExpr':
      case 'NullIfExpr':
      case 'ScalarArrayOpExpr':
        return isVolatile(catalog, node.function);
      case 'RowCompareExpr':
        return node.operators.some((operator) => isVolatile(catalog, catalog.operator(operator)?.function ?? 0));
      case 'CoerceViaIO':
        return !ioIsImmutable(catalog, node);
      case 'SqlValueFunction':
      case 'NextValueExpr':
      case 'SubLink':
        return true;
      default:
        return false;
    }
  });
}

function isVolatile(catalog: Catalog, fn: number): boolean {
  return catalog.function(fn)?.volatility !== 'i';
}

/** Text forms that depend on settings (DateStyle, TimeZone, ...) make a coercion through text stable only. */
const settingDependent = new Set([
  'date_in',
  'date_out',
  'time_in',
  'timetz_in',
  'timestamp_in',
  'timestamp_out',
  'timestamptz_in',
  'timestamptz_out',
  'interval_in',
  'interval_out',
  'cash_in',
  'cash_out',
  'regclassin',
  'regclassout',
  'regtypein',
  'regtypeout',
  'regprocin',
  'regprocout',
  'regprocedurein',
  'regprocedureout',
  'regoperin',
  'regoperout',
  'regoperatorin',
  'regoperatorout',
  'regrolein',
  'regroleout',
  'regnamespacein',
  'regnamespaceout',
  'regcollationin',
  'regcollationout',
  'regconfigin',
  'regconfigout',
  'regdictionaryin',
  'regdictionaryout',
  'array_in',
  'array_out',
  'record_in',
  'record_out',
  'enum_in',
  'enum_out',
  'domain_in',
  'byteaout',
  'float4out',
  'float8out',
  'range_in',
  'range_out',
  'anyarray_out',
]);
// byteaout, float4out and float8out are marked immutable in the catalogs though bytea_output and extra_float_digits matter.
const markedImmutable = new Set(['byteaout', 'float4out', 'float8out']);

function ioIsImmutable(catalog: Catalog, node: Extract<Expression, { kind: 'CoerceViaIO' }>): boolean {
  const input = catalog.typeByOid(node.type).input;
  if (settingDependent.has(input) && !markedImmutable.has(input)) return false;
  const source = 'type' in node.arg ? catalog.findTypeByOid(node.arg.type as number) : null;
  return source === null || !settingDependent.has(source.output) || markedImmutable.has(source.output);
}
