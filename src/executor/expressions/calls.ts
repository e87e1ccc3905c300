// Function and operator calls: strictness, inlining, the CallInfo of the call site, functions that wait, SQL-language
// functions. Arguments are evaluated left to right before a strict function's null test, as PostgreSQL does it.
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { typeOid } from '../../catalog/oids.js';
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import { type ScalarFunction, builtinFunction } from '../../functions/registry.js';
import type { DistinctExpr, Expression, FuncExpr, NullIfExpr, OpExpr } from '../../trees/expression.js';
import { callSqlFunction } from '../sql-function.js';
import { procedureRunner } from '../services.js';
import { emitSign } from './coercions.js';
import type { Emitter, Operand } from './emitter.js';
import { inlineOperator } from './inline-operators.js';
import { typeOf } from './type-of.js';

/** One call as the emitter needs it: arguments already evaluated. */
export interface EmittedCall {
  readonly function: number;
  readonly args: readonly Operand[];
  readonly argTypes: readonly number[];
  readonly resultType: number;
  readonly collation: number;
  readonly isVariadic: boolean;
}

export function emitFuncExpr(expr: FuncExpr, m: Emitter): Operand {
  if (expr.returnsSet) throw setInScalarContext();
  const result = emitCall(m, {
    function: expr.function,
    args: expr.args.map((arg) => m.emit(arg)),
    argTypes: expr.args.map((arg) => typeOf(arg, m.catalog)),
    resultType: expr.type,
    collation: expr.inputCollation,
    isVariadic: expr.variadic,
  });
  // smallint becomes oid by the function that makes it an integer.
  return emitSign(result, m.catalog.function(expr.function)?.returnType ?? 0, expr.type, m);
}

export function emitOpExpr(expr: OpExpr, m: Emitter): Operand {
  if (expr.returnsSet) throw setInScalarContext();
  return emitOperator(
    expr,
    expr.args.map((arg) => m.emit(arg)),
    m,
  );
}

/** The operator's function applied to evaluated arguments. */
function emitOperator(expr: Omit<OpExpr, 'kind'>, args: readonly Operand[], m: Emitter): Operand {
  return emitCall(m, {
    function: expr.function === 0 ? m.catalog.requireOperator(expr.operator).function : expr.function,
    args,
    argTypes: expr.args.map((arg) => typeOf(arg, m.catalog)),
    resultType: expr.type,
    collation: expr.inputCollation,
    isVariadic: false,
  });
}

export function emitDistinct(expr: DistinctExpr, m: Emitter): Operand {
  const [left, right] = emitPair(expr.args, m);
  const result = m.assign('false');
  m.line(`if (${left.code} === null || ${right.code} === null) ${result} = ${left.code} !== ${right.code}; else {`);
  const equal = emitOperator(expr, [notNull(left), notNull(right)], m);
  m.line(`${result} = ${equal.code} !== true; }`);
  return { code: result, nullable: false };
}

export function emitNullIf(expr: NullIfExpr, m: Emitter): Operand {
  const [left, right] = emitPair(expr.args, m);
  const result = m.assign(left.code);
  m.line(`if (${left.code} !== null && ${right.code} !== null) {`);
  const equal = emitOperator({ ...expr, type: 16 }, [notNull(left), notNull(right)], m);
  m.line(`if (${equal.code} === true) ${result} = null; }`);
  return { code: result, nullable: true };
}

function emitPair(args: readonly Expression[], m: Emitter): readonly [Operand, Operand] {
  const [left, right] = args.map((arg) => m.emit(arg));
  if (left === undefined || right === undefined) throw new Error('a binary operator needs two arguments');
  return [left, right];
}

export function notNull(operand: Operand): Operand {
  return { code: operand.code, nullable: false };
}

/** Emits a call; the result is null where the function is strict and an argument is null. */
export function emitCall(m: Emitter, call: EmittedCall): Operand {
  const descriptor = m.catalog.requireFunction(call.function);
  const nullTests = descriptor.isStrict
    ? call.args.filter((arg) => arg.nullable).map((arg) => `${arg.code} === null`)
    : [];
  const guard = nullTests.length === 0 ? '' : `${nullTests.join(' || ')} ? null : `;
  const isInlined = inlined(descriptor, call, m);
  if (isInlined !== null) {
    return { code: m.assign(guard + isInlined), nullable: guard !== '' };
  }
  const target = callTarget(descriptor, call, m);
  const result = m.assign(guard + target.code);
  if (target.waits) m.settle(result);
  if (target.isBuiltin && descriptor.returnType === typeOid.void) {
    // Built-in functions without a result give a value all the same, one that displays empty.
    const isNull = nullTests.length === 0 ? '' : `if (!(${nullTests.join(' || ')})) `;
    m.line(`${isNull}${result} = '';`);
  }
  return { code: result, nullable: true };
}

function inlined(descriptor: FunctionDescriptor, call: EmittedCall, m: Emitter): string | null {
  if (!descriptor.isStrict || (descriptor.language !== 'internal' && descriptor.language !== 'c')) return null;
  const codes = call.args.map((arg) => arg.code);
  const own = inlineOperator(descriptor.source, codes, m.unit.isDeterministic(call.collation));
  if (own !== null) return own;
  const entry = builtinFunction(descriptor.source);
  return entry?.kind === 'scalar' && entry.inline !== undefined ? `(${entry.inline(...codes)})` : null;
}

interface CallTarget {
  readonly code: string;
  readonly waits: boolean;
  readonly isBuiltin?: boolean;
}

function callTarget(descriptor: FunctionDescriptor, call: EmittedCall, m: Emitter): CallTarget {
  const codes = call.args.map((arg) => arg.code);
  const entry = scalarImplementation(descriptor, m);
  if (entry !== null) {
    const args = needsInfo(entry, codes.length) ? [...codes, callInfo(call, m)] : codes;
    return { code: `${m.slot(entry.impl)}(${args.join(', ')})`, waits: entry.waits === true, isBuiltin: true };
  }
  if (descriptor.kind !== 'f') throw wrongKind(descriptor);
  if (descriptor.language === 'internal' || descriptor.language === 'c') {
    return { code: `${m.slot(missingFunction(descriptor, m))}()`, waits: false };
  }
  const site = { descriptor, argTypes: call.argTypes, resultType: call.resultType, collation: call.collation };
  if (descriptor.language === 'sql') {
    return { code: `${m.slot(callSqlFunction)}(x, ${m.slot(site)}, [${codes.join(', ')}])`, waits: true };
  }
  const run = (
    x: { readonly context: import('../api.js').ExecutionContext },
    args: readonly import('../../types/value.js').Value[],
  ) => x.context.session.service(procedureRunner).call(site, args, x.context);
  return { code: `${m.slot(run)}(x, [${codes.join(', ')}])`, waits: true };
}

/** Code that yields the call's CallInfo. */
export function callInfo(call: Omit<EmittedCall, 'args' | 'function'>, m: Emitter): string {
  const site = m.unit.addCallSite({
    argTypes: call.argTypes.map((type) => m.catalog.typeByOid(type)),
    resultType: m.catalog.typeByOid(call.resultType),
    collation: call.collation,
    isVariadic: call.isVariadic,
    columns: null,
  });
  return `(x.c[${m.slot(site)}] || x.info(${m.slot(site)}))`;
}

/** The registered implementation of a built-in function; null where it has none or is no scalar function. */
export function scalarImplementation(
  descriptor: FunctionDescriptor,
  m: { readonly catalog: Emitter['catalog'] },
): ScalarFunction | null {
  const symbol = builtinSymbol(descriptor, m);
  const entry = symbol === null ? undefined : builtinFunction(symbol);
  return entry?.kind === 'scalar' ? entry : null;
}

/** Registry key of a built-in: pg_proc.prosrc, or `name(argument types)` for those whose row is written in SQL. */
export function builtinSymbol(
  descriptor: FunctionDescriptor,
  m: { readonly catalog: Emitter['catalog'] },
): string | null {
  if (descriptor.language === 'internal' || descriptor.language === 'c') return descriptor.source;
  if (descriptor.language !== 'sql' || descriptor.oid >= firstUserOid) return null;
  return `${descriptor.name}(${descriptor.argTypes.map((type) => m.catalog.typeByOid(type).name).join(',')})`;
}

/** Objects made by users have oids from here on (PostgreSQL's FirstNormalObjectId). */
const firstUserOid = 16384;

/** True unless the implementation visibly takes the SQL arguments alone. */
export function needsInfo(entry: ScalarFunction, argCount: number): boolean {
  if (entry.impl.length !== argCount) return true;
  const source = Function.prototype.toString.call(entry.impl);
  return source.includes('...') || source.includes('arguments');
}

function missingFunction(descriptor: FunctionDescriptor, m: Emitter): () => never {
  const types = descriptor.argTypes.map((type) => m.catalog.io.names.toText('regtype', type)).join(', ');
  return () => {
    throw notSupported(`function ${descriptor.name}(${types})`);
  };
}

function wrongKind(descriptor: FunctionDescriptor): Error {
  if (descriptor.kind === 'p') {
    return pgError(SqlState.wrongObjectType, `${descriptor.name} is a procedure`, {
      hint: 'To call a procedure, use CALL.',
    });
  }
  return new Error(
    `${descriptor.kind === 'a' ? 'aggregate' : 'window'} function ${descriptor.name} outside of its node`,
  );
}

export function setInScalarContext(): Error {
  return pgError(SqlState.featureNotSupported, 'set-valued function called in context that cannot accept a set');
}
