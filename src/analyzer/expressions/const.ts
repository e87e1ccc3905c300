// Literals: their first type (integer, bigint, numeric, unknown, boolean, bit).
import type { A_Const } from '@pgsql/types';
import type { Const } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import type { ParseState } from '../parse-state.js';
import { atLocation } from '../type-names.js';
import { typeOid } from '../type-oids.js';

/** Binds a literal. Strings and NULL are of type unknown until their context says more. */
export function analyzeConst(state: ParseState, body: A_Const): Const {
  const location = body.location ?? 0;
  if (body.isnull === true) return literal(typeOid.unknown, null, location);
  if (body.ival !== undefined) return literal(typeOid.int4, body.ival.ival ?? 0, location);
  if (body.sval !== undefined) return literal(typeOid.unknown, body.sval.sval ?? '', location);
  if (body.boolval !== undefined) return literal(typeOid.bool, body.boolval.boolval === true, location);
  if (body.bsval !== undefined) return throughInput(state, typeOid.bit, body.bsval.bsval ?? '', location);
  return numberLiteral(state, body.fval?.fval ?? '0', location);
}

const int8Max = 9223372036854775807n;

function numberLiteral(state: ParseState, text: string, location: number): Const {
  const plain = text.replaceAll('_', '');
  if (/^[-+]?(\d+|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(plain)) {
    const negative = plain.startsWith('-');
    const magnitude = BigInt(plain.replace(/^[-+]/, '').replace(/^0+(?=\d)/, ''));
    const value = negative ? -magnitude : magnitude;
    if (value >= -2147483648n && value <= 2147483647n) return literal(typeOid.int4, Number(value), location);
    if (value >= -int8Max - 1n && value <= int8Max) return literal(typeOid.int8, value, location);
  }
  return throughInput(state, typeOid.numeric, text, location);
}

function throughInput(state: ParseState, type: number, text: string, location: number): Const {
  const catalog = state.context.catalog;
  const descriptor = catalog.typeByOid(type);
  try {
    return literal(type, descriptor.behaviour.input(text, descriptor, -1, catalog.io), location);
  } catch (error) {
    throw atLocation(error, location);
  }
}

function literal(type: number, value: Value, location: number): Const {
  return { kind: 'Const', type, typmod: -1, collation: 0, value, location };
}
