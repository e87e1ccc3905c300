// AND, OR, NOT with three-valued logic and PostgreSQL's left-to-right short circuit; IS [NOT] NULL, IS [NOT] TRUE.
import type { BoolExpr, BooleanTest, NullTest } from '../../trees/expression.js';
import { PgRecord, type Value } from '../../types/value.js';
import type { Emitter, Operand } from './emitter.js';

export function emitBoolExpr(expr: BoolExpr, m: Emitter): Operand {
  if (expr.op === 'not') {
    const [first] = expr.args;
    if (first === undefined) throw new Error('NOT without an argument');
    const arg = m.emit(first);
    const code = arg.nullable ? `${arg.code} === null ? null : !${arg.code}` : `!${arg.code}`;
    return { code: m.assign(code), nullable: arg.nullable };
  }
  // AND stops at false, OR at true; a null on the way makes the rest's neutral result null.
  const stop = expr.op === 'and' ? 'false' : 'true';
  const neutral = expr.op === 'and' ? 'true' : 'false';
  const result = m.assign(neutral);
  let nullable = false;
  m.line(`L${result}: {`);
  for (const arg of expr.args) {
    const operand = m.emit(arg);
    m.line(`if (${operand.code} === ${stop}) { ${result} = ${stop}; break L${result}; }`);
    if (operand.nullable) {
      nullable = true;
      m.line(`if (${operand.code} === null) ${result} = null;`);
    }
  }
  m.line('}');
  return { code: result, nullable };
}

export function emitNullTest(expr: NullTest, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  if (expr.argIsRow) {
    const test = expr.isNull ? rowIsNull : rowIsNotNull;
    return { code: m.assign(`${m.slot(test)}(${arg.code})`), nullable: false };
  }
  if (!arg.nullable) return { code: expr.isNull ? 'false' : 'true', nullable: false };
  return { code: m.assign(`${arg.code} ${expr.isNull ? '===' : '!=='} null`), nullable: false };
}

function rowIsNull(value: Value): boolean {
  if (value === null) return true;
  return value instanceof PgRecord && value.values.every((field) => field === null);
}

function rowIsNotNull(value: Value): boolean {
  if (value === null) return false;
  return !(value instanceof PgRecord) || value.values.every((field) => field !== null);
}

const booleanTests = {
  true: '=== true',
  notTrue: '!== true',
  false: '=== false',
  notFalse: '!== false',
  unknown: '=== null',
  notUnknown: '!== null',
} as const;

export function emitBooleanTest(expr: BooleanTest, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  return { code: m.assign(`${arg.code} ${booleanTests[expr.test]}`), nullable: false };
}
