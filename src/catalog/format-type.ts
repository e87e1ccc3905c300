// format_type: a type's name as SQL writes it. Standard types get their SQL names; others are quoted as needed and
// qualified where the search path doesn't find them (manual, section 9.26.7).
import { quoteQualifiedIdentifier } from '../types/quote.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import { typeOid } from './oids.js';
import { typmodText } from './typmod-text.js';

export interface TypeNaming {
  findTypeByOid(oid: number): TypeDescriptor | null;
  isVisible(type: TypeDescriptor): boolean;
  schemaName(namespace: number): string;
}

/** `typmod` null: none was asked for (format_type_be); -1: asked for, and there is none. `qualify` always writes the
 *  schema of types that have no SQL name of their own. */
export function formatType(naming: TypeNaming, oid: number, typmod: number | null, qualify = false): string {
  if (oid === 0) return '-';
  const type = naming.findTypeByOid(oid);
  if (type === null) return '???';
  if (!isTrueArray(type)) return elementName(naming, type, typmod, qualify);
  const element = naming.findTypeByOid(type.element);
  return element === null ? '???[]' : `${elementName(naming, element, typmod, qualify)}[]`;
}

/** An array type proper; int2vector and oidvector, which can be subscripted like one, are not. */
export function isTrueArray(type: TypeDescriptor): boolean {
  return (
    type.element !== 0 &&
    type.subscriptHandler === 'array_subscript_handler' &&
    type.oid !== typeOid.int2vector &&
    type.oid !== typeOid.oidvector
  );
}

const sqlNames: ReadonlyMap<number, string> = new Map([
  [typeOid.bool, 'boolean'],
  [typeOid.bit, 'bit'],
  [typeOid.bpchar, 'character'],
  [typeOid.float4, 'real'],
  [typeOid.float8, 'double precision'],
  [typeOid.int2, 'smallint'],
  [typeOid.int4, 'integer'],
  [typeOid.int8, 'bigint'],
  // A key word that needs no quotes where a type is expected.
  [typeOid.json, 'json'],
  [typeOid.numeric, 'numeric'],
  [typeOid.interval, 'interval'],
  [typeOid.time, 'time'],
  [typeOid.timetz, 'time'],
  [typeOid.timestamp, 'timestamp'],
  [typeOid.timestamptz, 'timestamp'],
  [typeOid.varbit, 'bit varying'],
  [typeOid.varchar, 'character varying'],
]);
const timeSuffix: ReadonlyMap<number, string> = new Map([
  [typeOid.time, ' without time zone'],
  [typeOid.timetz, ' with time zone'],
  [typeOid.timestamp, ' without time zone'],
  [typeOid.timestamptz, ' with time zone'],
]);

function elementName(naming: TypeNaming, type: TypeDescriptor, typmod: number | null, qualify: boolean): string {
  const hasTypmod = typmod !== null && typmod >= 0;
  const sqlName = sqlNames.get(type.oid);
  if (sqlName !== undefined) {
    if (hasTypmod) return sqlName + typmodText(type.typmodOut, typmod);
    // Written without a length, bit and character would mean bit(1) and character(1).
    if (typmod !== null && type.oid === typeOid.bit) return '"bit"';
    if (typmod !== null && type.oid === typeOid.bpchar) return 'bpchar';
    return sqlName + (timeSuffix.get(type.oid) ?? '');
  }
  const schema = !qualify && naming.isVisible(type) ? null : naming.schemaName(type.schema);
  const name = quoteQualifiedIdentifier(schema, type.name);
  return hasTypmod ? name + typmodText(type.typmodOut, typmod) : name;
}
