// x op ANY/ALL (array), row comparison, GREATEST and LEAST.
import type { MinMaxExpr, RowCompareExpr, ScalarArrayOpExpr } from '../../trees/expression.js';
import { PgArray, type Value } from '../../types/value.js';
import { columnComparator, familyComparator, hashKeyOf } from '../operators.js';
import { emitCall, notNull } from './calls.js';
import type { Emitter, Operand } from './emitter.js';
import { typeOf } from './type-of.js';

/** Constant lists from this length on are looked up in a set (PostgreSQL hashes from 9 elements on). */
const hashedListMin = 9;

export function emitScalarArrayOp(expr: ScalarArrayOpExpr, m: Emitter): Operand {
  const hashed = emitHashedList(expr, m);
  if (hashed !== null) return hashed;
  const scalar = m.emit(expr.args[0]);
  const array = m.emit(expr.args[1]);
  const arrayType = baseArrayType(typeOf(expr.args[1], m.catalog), m);
  const operator = m.catalog.requireOperator(expr.operator);
  const isStrict = m.catalog.requireFunction(operator.function).isStrict;
  const result = m.assign('null');
  const label = `L${result}`;
  m.line(`${label}: {`);
  m.line(`if (${array.code} === null) break ${label};`);
  const elements = m.assign(`${array.code}.elements`);
  m.line(`if (${elements}.length === 0) { ${result} = ${!expr.useOr}; break ${label}; }`);
  if (isStrict && scalar.nullable) m.line(`if (${scalar.code} === null) break ${label};`);
  m.line(`${result} = ${!expr.useOr};`);
  const position = m.temp();
  m.line(`for (var ${position} = 0; ${position} < ${elements}.length; ${position}++) {`);
  const element: Operand = { code: m.assign(`${elements}[${position}]`), nullable: true };
  const outcome = emitCall(m, {
    function: operator.function,
    args: [isStrict ? notNull(scalar) : scalar, element],
    argTypes: [typeOf(expr.args[0], m.catalog), m.catalog.typeByOid(arrayType).element],
    resultType: 16,
    collation: expr.inputCollation,
    isVariadic: false,
  });
  m.line(`if (${outcome.code} === ${expr.useOr}) { ${result} = ${expr.useOr}; break ${label}; }`);
  m.line(`if (${outcome.code} === null) ${result} = null;`);
  m.line('} }');
  return { code: result, nullable: true };
}

function baseArrayType(oid: number, m: Emitter): number {
  const type = m.catalog.typeByOid(oid);
  return type.kind === 'd' ? baseArrayType(type.baseType, m) : oid;
}

/** x IN (long list of constants) and x <> ALL (...): a set lookup where the operator is its type's own equality. */
function emitHashedList(expr: ScalarArrayOpExpr, m: Emitter): Operand | null {
  const list = expr.args[1];
  if (list.kind !== 'Const' || !(list.value instanceof PgArray) || list.value.elements.length < hashedListMin)
    return null;
  const operator = m.catalog.requireOperator(expr.operator);
  if (operator.left !== operator.right || operator.left === 0) return null;
  const isEquality = expr.useOr ? operator.canHash : (m.catalog.operator(operator.negator)?.canHash ?? false);
  const keyOf = isEquality ? hashKeyOf(m.catalog, elementType(operator.left, typeOf(expr.args[0], m.catalog))) : null;
  if (keyOf === null || !m.unit.isDeterministic(expr.inputCollation)) return null;
  const io = m.catalog.io;
  const keys = new Set(list.value.elements.filter((value) => value !== null).map((value) => keyOf(value, io)));
  const hasNull = list.value.elements.includes(null);
  const lookup = (value: Value): boolean | null => {
    if (value === null) return null;
    if (keys.has(keyOf(value, io))) return expr.useOr;
    return hasNull ? null : !expr.useOr;
  };
  const scalar = m.emit(expr.args[0]);
  return { code: m.assign(`${m.slot(lookup)}(${scalar.code})`), nullable: true };
}

/** Pseudo-typed operators (anyenum, record, ...) hash by the actual argument's type. */
function elementType(declared: number, actual: number): number {
  return declared === 3500 || declared === 2277 || declared === 2283 ? actual : declared;
}

export function emitRowCompare(expr: RowCompareExpr, m: Emitter): Operand {
  const result = m.assign('null');
  const label = `L${result}`;
  m.line(`${label}: {`);
  const order = m.assign('0');
  for (let n = 0; n < expr.left.length; n++) {
    const [left, right] = [expr.left[n], expr.right[n]];
    if (left === undefined || right === undefined) throw new Error('row comparison of different lengths');
    const a = m.emit(left);
    const b = m.emit(right);
    const compare = familyComparator(m.catalog, {
      family: expr.families[n] ?? 0,
      left: typeOf(left, m.catalog),
      right: typeOf(right, m.catalog),
    });
    m.line(`if (${a.code} === null || ${b.code} === null) break ${label};`);
    const collation = m.slot(expr.inputCollations[n] ?? 0);
    m.line(`${order} = ${m.slot(compare)}(${a.code}, ${b.code}, x.ioFor(${collation}));`);
    if (n < expr.left.length - 1) m.line(`if (${order} !== 0) { ${result} = ${order} ${expr.op} 0; break ${label}; }`);
  }
  m.line(`${result} = ${order} ${expr.op} 0; }`);
  return { code: result, nullable: true };
}

export function emitMinMax(expr: MinMaxExpr, m: Emitter): Operand {
  const compare = m.slot(columnComparator(m.catalog, expr.type));
  const collation = m.slot(expr.inputCollation);
  const result = m.assign('null');
  const wins = expr.op === 'greatest' ? '>' : '<';
  for (const arg of expr.args) {
    const operand = m.emit(arg);
    const better = `${compare}(${operand.code}, ${result}, x.ioFor(${collation})) ${wins} 0`;
    m.line(`if (${operand.code} !== null && (${result} === null || ${better})) ${result} = ${operand.code};`);
  }
  return { code: result, nullable: true };
}
