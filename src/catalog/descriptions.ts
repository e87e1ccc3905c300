// Our own comments on built-in objects (pg_description, pg_shdescription): the few that tools print or compare.
import type { Value } from '../types/value.js';
import { readDataFile } from './data-files.js';
import { catalogShapes } from './generated/schema.js';
import { typeDescriptions } from './type-descriptions.js';
import { postgresDatabase, publicNamespace, template0Database, template1Database } from './oids.js';

const plpgsqlExtension = 13567;
const plpgsqlLanguage = 13571;

/** What operators of these names do, whatever their types: binary ones, and prefix ones marked by a leading space. */
const operatorWords: Readonly<Record<string, string>> = {
  '=': 'equal',
  '<>': 'not equal',
  '<': 'less than',
  '<=': 'less than or equal',
  '>': 'greater than',
  '>=': 'greater than or equal',
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulus',
  '^': 'exponentiation',
  '||': 'concatenate',
  '&': 'bitwise and',
  '|': 'bitwise or',
  '#': 'bitwise exclusive or',
  '<<': 'bitwise shift left',
  '>>': 'bitwise shift right',
  '&&': 'overlaps',
  '@>': 'contains',
  '<@': 'is contained by',
  '~': 'matches regular expression, case-sensitive',
  '!~': 'does not match regular expression, case-sensitive',
  '~*': 'matches regular expression, case-insensitive',
  '!~*': 'does not match regular expression, case-insensitive',
  '~~': 'matches LIKE expression',
  '!~~': 'does not match LIKE expression',
  '~~*': 'matches LIKE expression, case-insensitive',
  '!~~*': 'does not match LIKE expression, case-insensitive',
  '^@': 'starts with',
  ' -': 'negate',
  ' +': 'unary plus',
  ' ~': 'bitwise not',
  ' @': 'absolute value',
  ' |/': 'square root',
  ' ||/': 'cube root',
};

/** Words for the operators of number, string, time and bit types; those of other types mean other things. */
function operatorDescriptions(): Value[][] {
  return readDataFile('pg_operator').flatMap(([oid, name, , , kind, , , left, right]): Value[][] => {
    const isKnown = (type: string | null | undefined): boolean =>
      type === '0' || (comparisons.has(name ?? '') ? !geometricTypes.has(Number(type)) : commonTypes.has(Number(type)));
    const isCommon = [left, right].every(isKnown);
    const words = isCommon ? operatorWords[`${kind === 'l' ? ' ' : ''}${name}`] : undefined;
    return words === undefined ? [] : [[Number(oid), catalogShapes.pg_operator.oid, 0, words]];
  });
}

const oprcodeColumn = 12;

/** Functions behind operators are named by them; all other functions have the manual. */
function functionDescriptions(): Value[][] {
  const operators = new Map<string, string>();
  for (const row of readDataFile('pg_operator')) operators.set(row[oprcodeColumn] ?? '', row[1] ?? '');
  return readDataFile('pg_proc').flatMap(([oid]): Value[][] => {
    const name = operators.get(oid ?? '');
    return name === undefined ? [] : [[Number(oid), catalogShapes.pg_proc.oid, 0, `function of the ${name} operator`]];
  });
}

/** The comparisons mean the same for every type but the geometric ones. */
const comparisons = new Set(['=', '<>', '<', '<=', '>', '>=']);
const geometricTypes = new Set([600, 601, 602, 603, 604, 628, 718]);

const commonTypes = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 790, 829, 650, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1560,
  1562, 1700, 2277, 2950, 3220,
]);

/** Rows of pg_description: object, catalog, 0, text. pg_dump leaves the public schema's out while it is unchanged. */
export function ownDescriptions(): Value[][] {
  return [
    [publicNamespace, catalogShapes.pg_namespace.oid, 0, 'standard public schema'],
    [11, catalogShapes.pg_namespace.oid, 0, 'system catalog schema'],
    [99, catalogShapes.pg_namespace.oid, 0, 'reserved schema for TOAST tables'],
    [plpgsqlExtension, catalogShapes.pg_extension.oid, 0, 'PL/pgSQL procedural language'],
    [plpgsqlLanguage, catalogShapes.pg_language.oid, 0, 'PL/pgSQL procedural language'],
    [12, catalogShapes.pg_language.oid, 0, 'built-in functions'],
    [13, catalogShapes.pg_language.oid, 0, 'dynamically-loaded C functions'],
    [14, catalogShapes.pg_language.oid, 0, 'SQL-language functions'],
    [2, catalogShapes.pg_am.oid, 0, 'heap table access method'],
    [403, catalogShapes.pg_am.oid, 0, 'b-tree index access method'],
    [405, catalogShapes.pg_am.oid, 0, 'hash index access method'],
    [783, catalogShapes.pg_am.oid, 0, 'generalized search tree (GiST) access method'],
    [2742, catalogShapes.pg_am.oid, 0, 'generalized inverted (GIN) index access method'],
    [3580, catalogShapes.pg_am.oid, 0, 'block range (BRIN) index access method'],
    [4000, catalogShapes.pg_am.oid, 0, 'space-partitioned (SP-GiST) index access method'],
    ...Object.entries(typeDescriptions).map(([oid, words]) => [Number(oid), catalogShapes.pg_type.oid, 0, words]),
    ...operatorDescriptions(),
    ...functionDescriptions(),
  ];
}

/** Rows of pg_shdescription: object, catalog, text. */
export function ownSharedDescriptions(): Value[][] {
  const { oid } = catalogShapes.pg_database;
  return [
    [template1Database, oid, 'default template for new databases'],
    [template0Database, oid, 'unmodifiable empty database'],
    [postgresDatabase, oid, 'default administrative connection database'],
  ];
}
