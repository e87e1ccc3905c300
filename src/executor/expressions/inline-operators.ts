// The operators worth a machine instruction: comparisons of numbers, bigints, booleans and (by equality) strings, by the
// symbol of their function. Arguments are evaluated and not null. Everything else calls its implementation.

const strictEqual = new Set([
  'int2eq',
  'int4eq',
  'int8eq',
  'int24eq',
  'int42eq',
  'oideq',
  'booleq',
  'timestamp_eq',
  'time_eq',
  'enum_eq',
  'cash_eq',
  'cideq',
  'pg_lsn_eq',
  'xid8eq',
  'date_eq',
  'charEq',
  'char_eq',
]);
const textEqual = new Set(['texteq', 'nameeq', 'nameeqtext', 'texteqname']);
const textNotEqual = new Set(['textne', 'namene', 'namenetext', 'textnename']);
const strictNotEqual = new Set([
  'int2ne',
  'int4ne',
  'int8ne',
  'int24ne',
  'int42ne',
  'oidne',
  'boolne',
  'timestamp_ne',
  'time_ne',
  'enum_ne',
  'cash_ne',
  'pg_lsn_ne',
  'xid8ne',
  'date_ne',
]);
/** int8 is a bigint, int2 and int4 numbers: only the loose operators compare the two. */
const looseEqual = new Set(['int28eq', 'int82eq', 'int48eq', 'int84eq']);
const looseNotEqual = new Set(['int28ne', 'int82ne', 'int48ne', 'int84ne']);

const orderings = new Map<string, string>();
for (const prefix of [
  'int2',
  'int4',
  'int8',
  'int24',
  'int42',
  'int28',
  'int82',
  'int48',
  'int84',
  'oid',
  'timestamp_',
  'time_',
  'date_',
  'cash_',
  'pg_lsn_',
  'bool',
  'xid8',
]) {
  orderings.set(`${prefix}lt`, '<');
  orderings.set(`${prefix}le`, '<=');
  orderings.set(`${prefix}gt`, '>');
  orderings.set(`${prefix}ge`, '>=');
}

/** JavaScript for the operator with this function symbol, or null where it is not worth inlining. */
export function inlineOperator(symbol: string, args: readonly string[], isDeterministic: boolean): string | null {
  if (args.length !== 2) return null;
  const [left, right] = args;
  if (strictEqual.has(symbol)) return `${left} === ${right}`;
  if (strictNotEqual.has(symbol)) return `${left} !== ${right}`;
  if (looseEqual.has(symbol)) return `${left} == ${right}`;
  if (looseNotEqual.has(symbol)) return `${left} != ${right}`;
  if (isDeterministic && textEqual.has(symbol)) return `${left} === ${right}`;
  if (isDeterministic && textNotEqual.has(symbol)) return `${left} !== ${right}`;
  const ordering = orderings.get(symbol);
  return ordering === undefined ? null : `${left} ${ordering} ${right}`;
}
