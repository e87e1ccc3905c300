// Whether a bound expression is immutable: what index expressions, predicates and generated columns must be.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import type { Expression } from '../trees/expression.js';
import { someExpressionDeep } from '../trees/walk.js';
import type { CommandContext } from './api.js';
import { tableQuery } from './table-scan.js';

/** True where the expression calls something that is not IMMUTABLE. */
export function hasMutableFunctions(context: CommandContext, expression: Expression): boolean {
  return someExpressionDeep(expression, (node) => isMutable(context, node));
}

/** As above for an expression over a table's row, once the planner has simplified it: functions written in SQL may stand
 *  for immutable expressions. */
export function staysMutable(context: CommandContext, table: RelationDescriptor, expression: Expression): boolean {
  if (!hasMutableFunctions(context, expression)) return false;
  const planned = context.corridor.plan(tableQuery(context, table, [expression], null));
  return planned.plan.targetList.some(({ expr }) => hasMutableFunctions(context, expr));
}

/** True where the expression calls something VOLATILE: such a default must be evaluated for each row. */
export function hasVolatileFunctions(context: CommandContext, expression: Expression): boolean {
  return someExpressionDeep(expression, (node) => node.kind === 'NextValueExpr' || volatilityOf(context, node) === 'v');
}

const nextvalFunction = 1574;

/** As above, but nextval may be called: COPY still stores such rows in batches. */
export function hasVolatileFunctionsBesideNextval(context: CommandContext, expression: Expression): boolean {
  return someExpressionDeep(
    expression,
    (node) => !(node.kind === 'FuncExpr' && node.function === nextvalFunction) && volatilityOf(context, node) === 'v',
  );
}

function isMutable(context: CommandContext, node: Expression): boolean {
  if (node.kind === 'SqlValueFunction' || node.kind === 'NextValueExpr') return true;
  const volatility = volatilityOf(context, node);
  return volatility === 's' || volatility === 'v';
}

/** text || anything and anything || text: as stable as the text form of what isn't text. */
const textConcatenations: ReadonlySet<number> = new Set([2003, 2004]);
const textType = 25;

function volatilityOf(context: CommandContext, node: Expression): 'i' | 's' | 'v' | null {
  switch (node.kind) {
    case 'FuncExpr':
    case 'OpExpr':
      if (textConcatenations.has(node.function)) return concatenationVolatility(context, node.args);
      return context.catalog.function(node.function)?.volatility ?? null;
    case 'DistinctExpr':
    case 'NullIfExpr':
    case 'ScalarArrayOpExpr':
    case 'Aggref':
    case 'WindowFunc':
      return context.catalog.function(node.function)?.volatility ?? null;
    case 'CoerceViaIO':
      return ioVolatility(context, node.arg, node.type);
    default:
      return null;
  }
}

function concatenationVolatility(context: CommandContext, args: readonly Expression[]): 'i' | 's' | 'v' {
  const found = args.map((arg) => ioVolatility(context, arg, textType));
  if (found.includes('v')) return 'v';
  return found.includes('s') ? 's' : 'i';
}

/** Of a coercion through text: the stricter of output and input. */
function ioVolatility(context: CommandContext, arg: Expression, target: number): 'i' | 's' | 'v' {
  const { tables } = context.catalog;
  const source =
    'type' in arg && typeof arg.type === 'number'
      ? tables.findOne('pg_type', { oid: arg.type })?.row.typoutput
      : undefined;
  const input = tables.findOne('pg_type', { oid: target })?.row.typinput;
  const found = [source, input].map((oid) => (oid ? context.catalog.function(oid)?.volatility : undefined));
  if (found.includes('v')) return 'v';
  return found.includes('s') ? 's' : 'i';
}
