// Constant folding: an expression becomes an equivalent, simpler one.
// 1. Children first. Parameters with known values become constants.
// 2. Immutable calls whose arguments are all constants are evaluated; strict calls with a NULL argument are NULL.
// 3. AND, OR, NOT, CASE, COALESCE, IS NULL, ... are simplified by their constant parts.
// Named and defaulted arguments are put into their places on the way.
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { withContext } from '../../errors/context.js';
import type { CaseExpr, Const, Expression, FuncExpr } from '../../trees/expression.js';
import { PgArray } from '../../types/value.js';
import { relabelled } from '../../types/relabel.js';
import type { Value } from '../../types/value.js';
import type { PlannerGlobal } from '../planner-info.js';
import { boolConst, nullConst } from './make.js';
import { collationOf, typeOf, typmodOf } from './typing.js';
import { containsMutable, containsVolatile } from './facts.js';
import { mapChildren } from './walk.js';
import { negate } from './negate.js';
import { inlineFunction } from './inline.js';

export interface FoldOptions {
  /** Stable functions are evaluated too and errors are swallowed: for estimates only. */
  readonly estimate: boolean;
}

/** Folds an expression whose result is used as it stands. Errors of evaluated calls are thrown. */
export function foldExpression(global: PlannerGlobal, expression: Expression, depth = 0): Expression {
  return new Folder(global, { estimate: false }, depth).fold(expression);
}

/** Folds as far as an estimate may go: stable functions and all known parameter values count as constants. */
export function estimateExpression(global: PlannerGlobal, expression: Expression): Expression {
  if (expression.kind === 'Const' || expression.kind === 'Var') return expression;
  try {
    return new Folder(global, { estimate: true }, 0).fold(expression);
  } catch {
    return expression;
  }
}

class Folder {
  private caseValue: Const | null = null;

  constructor(
    private readonly global: PlannerGlobal,
    private readonly options: FoldOptions,
    private readonly inlineDepth: number,
  ) {}

  readonly fold = (node: Expression): Expression => {
    switch (node.kind) {
      case 'Var':
      case 'Const':
        return node;
      case 'Param':
        return this.foldParam(node);
      case 'BoolExpr':
        return this.foldBool(node);
      case 'CaseExpr':
        return this.foldCase(node);
      case 'CaseTestExpr':
        return this.caseValue ?? node;
      case 'ArrayCoerceExpr':
        return this.foldArrayCoerce(node);
      case 'CoalesceExpr':
        return this.foldCoalesce(node);
      case 'FuncExpr':
        return this.foldFunction(node);
      case 'SubLink':
      case 'SubPlan':
      case 'WindowFunc':
      case 'Aggref':
        return mapChildren(node, this.fold);
      default:
        return this.foldOther(mapChildren(node, this.fold));
    }
  };

  private foldParam(node: Extract<Expression, { kind: 'Param' }>): Expression {
    if (node.paramKind !== 'extern') return node;
    const given = this.global.context.parameters?.[node.id - 1];
    if (given === undefined || given.type !== node.type) return node;
    this.global.usesParameterValues = true;
    const { type, typmod, collation, location } = node;
    return { kind: 'Const', type, typmod, collation, value: given.value, location };
  }

  private foldBool(node: Extract<Expression, { kind: 'BoolExpr' }>): Expression {
    if (node.op === 'not') {
      const arg = this.fold(node.args[0] ?? boolConst(null));
      return negate(arg, this.global.catalog);
    }
    const decisive = node.op === 'or';
    const kept: Expression[] = [];
    let sawNull = false;
    const add = (item: Expression): boolean => {
      if (item.kind === 'BoolExpr' && item.op === node.op) return item.args.some(add);
      if (item.kind !== 'Const') {
        kept.push(item);
        return false;
      }
      if (item.value === decisive) return true;
      if (item.value === null) sawNull = true;
      return false;
    };
    for (const arg of node.args) {
      if (add(this.fold(arg))) return boolConst(decisive);
    }
    if (sawNull) kept.push(boolConst(null));
    const [only] = kept;
    if (only === undefined) return boolConst(!decisive);
    if (kept.length === 1) return only;
    return { ...node, args: kept };
  }

  private foldCase(node: CaseExpr): Expression {
    const arg = node.arg === null ? null : this.fold(node.arg);
    const outer = this.caseValue;
    const testValue = arg !== null && arg.kind === 'Const' ? arg : null;
    const whens: { condition: Expression; result: Expression; location: number }[] = [];
    let fallback: Expression | null = null;
    let decided = false;
    for (const when of node.whens) {
      this.caseValue = testValue;
      const condition = this.fold(when.condition);
      this.caseValue = outer;
      if (condition.kind === 'Const') {
        if (condition.value !== true) continue;
        fallback = this.fold(when.result);
        decided = true;
        break;
      }
      whens.push({ condition, result: this.fold(when.result), location: when.location });
    }
    if (!decided && node.defaultResult !== null) fallback = this.fold(node.defaultResult);
    if (whens.length === 0) return fallback ?? nullConst(node.type, -1, node.collation);
    return { ...node, arg: testValue === null ? arg : null, whens, defaultResult: fallback };
  }

  private foldArrayCoerce(node: Extract<Expression, { kind: 'ArrayCoerceExpr' }>): Expression {
    const outer = this.caseValue;
    const arg = this.fold(node.arg);
    this.caseValue = null;
    const elementExpr = this.fold(node.elementExpr);
    this.caseValue = outer;
    const folded: Expression = { ...node, arg, elementExpr };
    if (arg.kind === 'Const' && !this.blocked(elementExpr)) return this.evaluate(folded);
    return folded;
  }

  private foldCoalesce(node: Extract<Expression, { kind: 'CoalesceExpr' }>): Expression {
    const args: Expression[] = [];
    for (const arg of node.args) {
      const folded = this.fold(arg);
      if (folded.kind === 'Const') {
        if (folded.value === null) continue;
        if (args.length === 0) return folded;
        args.push(folded);
        break;
      }
      args.push(folded);
    }
    if (args.length === 0) return nullConst(node.type, -1, node.collation);
    const [only] = args;
    return args.length === 1 && only !== undefined ? only : { ...node, args };
  }

  private foldFunction(node: FuncExpr): Expression {
    const ordered = placeArguments(this.global, node);
    const mapped = mapChildren(ordered, this.fold) as FuncExpr;
    const folded = this.foldCall(mapped, mapped.function);
    if (folded !== mapped || this.options.estimate) return folded;
    try {
      const inlined = inlineFunction(this.global, mapped, this.inlineDepth);
      return inlined === null ? mapped : foldExpression(this.global, inlined, this.inlineDepth + 1);
    } catch (error) {
      const name = this.global.catalog.function(mapped.function)?.name ?? '';
      throw withContext(error, `SQL function "${name}" during inlining`);
    }
  }

  /** A call after its arguments were folded: NULL, its value, or itself. */
  private foldCall<T extends Expression & { readonly args: readonly Expression[] }>(node: T, oid: number): Expression {
    const descriptor = this.global.catalog.function(oid);
    if (descriptor === null || descriptor.returnsSet || typeOf(node) === 2249) return node;
    const strictNull = descriptor.isStrict && node.args.some((arg) => arg.kind === 'Const' && arg.value === null);
    if (strictNull) return nullConst(typeOf(node), typmodOf(node), collationOf(node));
    const allowed = descriptor.volatility === 'i' || (descriptor.volatility === 's' && this.options.estimate);
    if (!allowed || !answersAtOnce(descriptor) || node.args.some((arg) => arg.kind !== 'Const')) return node;
    return this.evaluate(node);
  }

  private foldOther(node: Expression): Expression {
    const { catalog } = this.global;
    switch (node.kind) {
      case 'OpExpr':
        return this.foldBooleanEquality(this.foldCall(node, node.function));
      case 'ScalarArrayOpExpr': {
        const oid = node.function;
        const descriptor = catalog.function(oid);
        const [left, right] = node.args;
        if (right.kind === 'Const' && right.value === null) return boolConst(null);
        if (descriptor?.volatility === 'i' && left.kind === 'Const' && right.kind === 'Const')
          return this.evaluate(node);
        return node;
      }
      case 'DistinctExpr':
        return this.foldDistinct(node);
      case 'NullIfExpr':
        return node.args.every((arg) => arg.kind === 'Const') && !this.blocked(node) ? this.evaluate(node) : node;
      case 'NullTest':
        return this.foldNullTest(node);
      case 'BooleanTest':
        return foldBooleanTest(node);
      case 'CollateExpr':
        return foldCollate(node);
      case 'RelabelType':
        return foldRelabel(node);
      case 'CoerceToDomain':
        return this.foldDomain(node);
      case 'FieldSelect':
        return foldFieldSelect(node);
      case 'CoerceViaIO':
      case 'SubscriptingRef':
      case 'MinMaxExpr':
      case 'ArrayExpr':
        return this.foldPure(node);
      case 'SqlValueFunction':
        return this.options.estimate ? this.evaluate(node) : node;
      default:
        return node;
    }
  }

  /** Nodes without a function of their own: evaluated where all children are constants. */
  private foldPure(node: Expression): Expression {
    let constant = true;
    mapChildren(node, (child) => {
      if (child.kind !== 'Const') constant = false;
      return child;
    });
    if (node.kind === 'SubscriptingRef' && node.assignment !== null) return node;
    if (!constant || this.blocked(node)) return node;
    return this.evaluate(node);
  }

  /** A domain that demands nothing of its values is another name for their type. The plan goes with the catalogs'
   *  version, so a constraint that comes later finds the coercion in place again. */
  private foldDomain(node: Extract<Expression, { kind: 'CoerceToDomain' }>): Expression {
    if (!this.options.estimate && hasConstraints(this.global.catalog, node.type)) return node;
    return foldRelabel({ ...node, kind: 'RelabelType' });
  }

  private blocked(node: Expression): boolean {
    const { catalog } = this.global;
    return this.options.estimate ? containsVolatile(node, catalog) : containsMutable(node, catalog);
  }

  /** x = true is x, x = false is NOT x. */
  private foldBooleanEquality(node: Expression): Expression {
    if (node.kind !== 'OpExpr' || (node.operator !== 91 && node.operator !== 85) || node.args.length !== 2) return node;
    const [left, right] = node.args as [Expression, Expression];
    const constant = left.kind === 'Const' ? left : right.kind === 'Const' ? right : null;
    if (constant === null || constant.value === null) return node;
    const other = constant === left ? right : left;
    const same = (constant.value === true) === (node.operator === 91);
    return same ? other : negate(other, this.global.catalog);
  }

  private foldDistinct(node: Extract<Expression, { kind: 'DistinctExpr' }>): Expression {
    const constants = node.args.filter((arg): arg is Const => arg.kind === 'Const');
    const [left, right] = constants;
    if (constants.length === 2 && left !== undefined && right !== undefined) {
      if (left.value === null || right.value === null)
        return boolConst((left.value === null) !== (right.value === null));
      if (!this.blocked(node)) return this.evaluate(node);
    }
    return node;
  }

  private foldNullTest(node: Extract<Expression, { kind: 'NullTest' }>): Expression {
    const { arg } = node;
    if (arg.kind === 'Const' && !node.argIsRow) return boolConst((arg.value === null) === node.isNull);
    if (node.argIsRow && arg.kind === 'RowExpr') {
      const rest: Expression[] = [];
      for (const field of arg.args) {
        if (field.kind === 'Const') {
          if ((field.value === null) !== node.isNull) return boolConst(false);
          continue;
        }
        rest.push({ ...node, arg: field, argIsRow: false });
      }
      const [only] = rest;
      if (only === undefined) return boolConst(true);
      return rest.length === 1 ? only : { kind: 'BoolExpr', op: 'and', args: rest, location: node.location };
    }
    return node;
  }

  private evaluate(node: Expression): Expression {
    let value: Value | Promise<Value>;
    if (node.kind === 'ArrayExpr' && node.elements.length === 0) value = PgArray.of(node.elementType, []);
    else value = this.global.context.evaluate(node);
    if (value instanceof Promise) {
      value.catch(() => undefined);
      return node;
    }
    const location = 'location' in node ? node.location : -1;
    return { kind: 'Const', type: typeOf(node), typmod: typmodOf(node), collation: collationOf(node), value, location };
  }
}

/** One change of type in place of several, none where nothing changes. */
function foldRelabel(node: Extract<Expression, { kind: 'RelabelType' }>): Expression {
  const { type, typmod, collation } = node;
  const arg = node.arg.kind === 'RelabelType' ? node.arg.arg : node.arg;
  if (arg.kind === 'Const') return { ...arg, type, typmod, collation, value: relabelled(arg.value, arg.type, type) };
  if (typeOf(arg) === type && typmodOf(arg) === typmod && collationOf(arg) === collation) return arg;
  return arg === node.arg ? node : { ...node, arg };
}

/** The domain, or one that it is based on, has a check or refuses NULL. */
function hasConstraints(catalog: PlannerGlobal['catalog'], domain: number): boolean {
  for (let type = catalog.typeByOid(domain); type.kind === 'd'; type = catalog.typeByOid(type.baseType))
    if (type.notNull || catalog.domainConstraints(type.oid).length > 0) return true;
  return false;
}

/** Positional arguments: named ones moved to their places, missing ones replaced by their defaults. */
export function placeArguments(global: PlannerGlobal, node: FuncExpr): FuncExpr {
  const descriptor = global.catalog.function(node.function);
  if (descriptor === null) return node;
  const named = node.args.some((arg) => arg.kind === 'NamedArgExpr');
  const wanted = descriptor.argTypes.length;
  if (!named && node.args.length >= wanted) return node;
  const slots: (Expression | undefined)[] = new Array(Math.max(wanted, node.args.length));
  node.args.forEach((arg, index) => {
    if (arg.kind === 'NamedArgExpr') slots[arg.argNumber] = arg.arg;
    else slots[index] = arg;
  });
  const defaults =
    descriptor.argDefaults === null ? [] : (global.context.readTree(descriptor.argDefaults) as Expression[]);
  const firstDefault = wanted - defaults.length;
  const args: Expression[] = [];
  for (let index = 0; index < slots.length; index++) {
    const arg = slots[index] ?? defaults[index - firstDefault];
    if (arg !== undefined) args.push(arg);
  }
  return { ...node, args };
}

function foldBooleanTest(node: Extract<Expression, { kind: 'BooleanTest' }>): Expression {
  if (node.arg.kind !== 'Const') return node;
  const { value } = node.arg;
  switch (node.test) {
    case 'true':
      return boolConst(value === true);
    case 'notTrue':
      return boolConst(value !== true);
    case 'false':
      return boolConst(value === false);
    case 'notFalse':
      return boolConst(value !== false);
    case 'unknown':
      return boolConst(value === null);
    case 'notUnknown':
      return boolConst(value !== null);
  }
}

function foldCollate(node: Extract<Expression, { kind: 'CollateExpr' }>): Expression {
  const { arg, collation, location } = node;
  if (arg.kind === 'Const') return { ...arg, collation };
  if (collationOf(arg) === collation) return arg;
  const inner = arg.kind === 'RelabelType' ? arg.arg : arg;
  const type = typeOf(arg);
  return { kind: 'RelabelType', arg: inner, type, typmod: typmodOf(arg), collation, form: 'implicitCast', location };
}

function foldFieldSelect(node: Extract<Expression, { kind: 'FieldSelect' }>): Expression {
  const { arg } = node;
  if (arg.kind === 'RowExpr') {
    const field = arg.args[node.fieldNumber - 1];
    if (field !== undefined && typeOf(field) === node.type && typmodOf(field) === node.typmod) return field;
  }
  if (arg.kind === 'Var' && arg.attno === 0 && arg.levelsUp === 0) {
    const { type, typmod, collation } = node;
    return { ...arg, attno: node.fieldNumber, type, typmod, collation };
  }
  return node;
}

/** Functions written by users in SQL or a procedural language may have to be waited for: they are called when the plan
 *  runs, and once. */
function answersAtOnce({ language, oid }: FunctionDescriptor): boolean {
  return language === 'internal' || language === 'c' || oid < firstUserOid;
}

/** Objects made by users have oids from here on (PostgreSQL's FirstNormalObjectId). */
const firstUserOid = 16384;
