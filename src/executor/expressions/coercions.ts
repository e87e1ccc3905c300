// Coercions: by text output and input, element by element, between row types, into domains with their checks.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type {
  ArrayCoerceExpr,
  CoerceToDomain,
  CoerceViaIO,
  ConvertRowtypeExpr,
  RelabelType,
} from '../../trees/expression.js';
import type { IoContext } from '../../types/io-context.js';
import { relabelledSign } from '../../types/relabel.js';
import { PgArray, PgRecord, type Value } from '../../types/value.js';
import { baseType } from '../operators.js';
import { storedExpression } from '../stored-expressions.js';
import type { Emitter, Operand } from './emitter.js';
import { typeOf } from './type-of.js';

export function emitCoerceViaIO(expr: CoerceViaIO, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  const source = m.catalog.typeByOid(typeOf(expr.arg, m.catalog));
  const target = m.catalog.typeByOid(expr.type);
  const convert = (value: Value, io: IoContext): Value =>
    target.behaviour.input(source.behaviour.output(value, source, io), target, -1, io);
  const code = `${m.slot(convert)}(${arg.code}, x.io)`;
  return { code: m.assign(arg.nullable ? `${arg.code} === null ? null : ${code}` : code), nullable: arg.nullable };
}

export function emitRelabel(expr: RelabelType, m: Emitter): Operand {
  return emitSign(m.emit(expr.arg), typeOf(expr.arg, m.catalog), expr.type, m);
}

/** A value whose bits its new type reads as another number (int4 as oid). */
export function emitSign(operand: Operand, from: number, to: number, m: Emitter): Operand {
  const sign = relabelledSign(from, to);
  if (sign === null) return operand;
  const converted = sign === 'unsigned' ? `${operand.code} >>> 0` : `${operand.code} | 0`;
  const code = operand.nullable ? `${operand.code} === null ? null : ${converted}` : converted;
  return { code: m.assign(code), nullable: operand.nullable };
}

export function emitArrayCoerce(expr: ArrayCoerceExpr, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  const elementType = baseType(m.catalog, expr.type).element;
  const result = m.assign('null');
  m.line(`if (${arg.code} !== null) {`);
  const source = m.assign(`${arg.code}.elements`);
  const target = m.assign(`new Array(${source}.length)`);
  const n = m.temp();
  m.line(`for (var ${n} = 0; ${n} < ${source}.length; ${n}++) {`);
  m.caseTests.push({ code: m.assign(`${source}[${n}]`), nullable: true });
  const element = m.emit(expr.elementExpr);
  m.caseTests.pop();
  m.line(`${target}[${n}] = ${element.code}; }`);
  const make = (array: PgArray, elements: readonly Value[]) =>
    new PgArray(elementType, array.dimensions, array.lowerBounds, elements);
  m.line(`${result} = ${m.slot(make)}(${arg.code}, ${target}); }`);
  return { code: result, nullable: arg.nullable };
}

export function emitConvertRowtype(expr: ConvertRowtypeExpr, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  const source = baseType(m.catalog, typeOf(expr.arg, m.catalog));
  const target = baseType(m.catalog, expr.type);
  const fields = target.attributes.map(({ name, type, typmod }) => ({ name, type, typmod }));
  const indexes = target.attributes.map(({ name }) => source.attributes.findIndex((from) => from.name === name));
  const convert = (record: PgRecord) =>
    new PgRecord(
      target.oid,
      indexes.map((index) => (index < 0 ? null : (record.values[index] ?? null))),
      fields,
    );
  return { code: m.assign(`${arg.code} === null ? null : ${m.slot(convert)}(${arg.code})`), nullable: arg.nullable };
}

export function emitCoerceToDomain(expr: CoerceToDomain, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  emitDomainChecks(expr.type, arg, m);
  return arg;
}

/** Emits the tests that a value must pass to be of a domain: NOT NULL first, then the checks, base domains' first. */
export function emitDomainChecks(domainOid: number, value: Operand, m: Emitter): void {
  const chain = domainChain(domainOid, m);
  const typeName = m.catalog.io.names.toText('regtype', domainOid);
  const outermost = m.catalog.typeByOid(domainOid);
  const place = { schema: m.catalog.namespace(outermost.schema)?.name, datatype: outermost.name };
  if (value.nullable && chain.some((domain) => domain.notNull)) {
    const fail = () => {
      throw pgError(SqlState.notNullViolation, `domain ${typeName} does not allow null values`, place);
    };
    m.line(`if (${value.code} === null) ${m.slot(fail)}();`);
  }
  const checks = chain.reverse().flatMap((domain) => {
    const own = m.catalog.domainConstraints(domain.oid).filter((c) => c.kind === 'c' && c.expression !== null);
    return [...own].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  });
  for (const check of checks) {
    m.domainValues.push(value);
    const passed = m.emit(storedExpression(check.expression as string));
    m.domainValues.pop();
    const fail = () => {
      const message = `value for domain ${typeName} violates check constraint "${check.name}"`;
      throw pgError(SqlState.checkViolation, message, { ...place, constraint: check.name });
    };
    m.line(`if (${passed.code} === false) ${m.slot(fail)}();`);
  }
}

function domainChain(domainOid: number, m: Emitter): { oid: number; notNull: boolean }[] {
  const chain: { oid: number; notNull: boolean }[] = [];
  for (let type = m.catalog.typeByOid(domainOid); type.kind === 'd'; type = m.catalog.typeByOid(type.baseType)) {
    chain.push({ oid: type.oid, notNull: type.notNull });
  }
  return chain;
}
