// Calls as they run: named arguments put in order, omitted ones filled with their defaults. Bound trees keep calls as
// written (the deparser prints them so); this is applied where an expression is about to be planned or run.
import type { Catalog } from './api.js';
import type { FunctionDescriptor } from './descriptors.js';
import type { Expression } from '../trees/expression.js';
import { expressionCollation, expressionType } from '../trees/expression-type.js';
import { expressionListFromJson } from '../trees/json.js';
import { mapChildren } from '../trees/walk.js';

/** The expression with every call's arguments complete and in declared order. */
export function expandArguments(catalog: Catalog, expression: Expression): Expression {
  const mapped = mapChildren(expression, (child) => expandArguments(catalog, child));
  if (mapped.kind !== 'FuncExpr' && mapped.kind !== 'WindowFunc') return mapped;
  const fn = catalog.function(mapped.function);
  if (fn === null || fn.kind === 'a') return mapped;
  return { ...mapped, args: completeArguments(fn, mapped.args) };
}

/** A call's arguments in declared order, named ones in their places and defaults filled in. */
export function completeArguments(fn: FunctionDescriptor, given: readonly Expression[]): readonly Expression[] {
  const hasNames = given.some((arg) => arg.kind === 'NamedArgExpr');
  if (!hasNames && given.length >= fn.argTypes.length) return given;
  const names = inputArgNames(fn);
  const args: (Expression | undefined)[] = new Array<Expression | undefined>(fn.argTypes.length).fill(undefined);
  given.forEach((arg, index) => {
    if (arg.kind === 'NamedArgExpr') args[names.indexOf(arg.name)] = arg.arg;
    else args[index] = arg;
  });
  const defaults = expressionListFromJson(fn.argDefaults ?? '[]');
  const firstDefault = fn.argTypes.length - defaults.length;
  return args.map((arg, index) => {
    const found = arg ?? typedDefault(defaults[index - firstDefault], fn.argTypes, args, index);
    if (found === undefined)
      throw new Error(`invariant broken: argument ${index + 1} of function ${fn.oid} is missing`);
    return found;
  });
}

const unknownType = 705;

/** A polymorphic argument's default is kept as a bare literal: it takes the type of its fellow arguments. */
function typedDefault(
  stored: Expression | undefined,
  declared: readonly number[],
  args: readonly (Expression | undefined)[],
  index: number,
): Expression | undefined {
  if (stored?.kind !== 'Const' || stored.type !== unknownType) return stored;
  const fellow = args.find((arg, other) => arg !== undefined && declared[other] === declared[index]);
  return fellow === undefined
    ? stored
    : { ...stored, type: expressionType(fellow), typmod: -1, collation: expressionCollation(fellow) };
}

/** Names of a function's input arguments, in order. */
export function inputArgNames(fn: FunctionDescriptor): string[] {
  const names = fn.argNames ?? [];
  if (fn.argModes === null) return names.slice(0, fn.argTypes.length);
  return names.filter((_, index) => {
    const mode = fn.argModes?.[index];
    return mode === 'i' || mode === 'b' || mode === 'v';
  });
}
