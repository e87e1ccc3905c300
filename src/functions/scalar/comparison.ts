// Comparison operators, B-tree support functions and larger/smaller of every type with an order. Each family names its
// symbols; what the order is comes from the types room. Hot ones are inlined into compiled expressions.
import { compareCodePoints, compareText, equalText } from '../../types/text-compare.js';
import { compareBits } from '../../types/bit-string.js';
import { compareEnums } from '../../types/enum.js';
import { compareFloats } from '../../types/float-types.js';
import { compareNumerics } from '../../types/numeric-math.js';
import { compareTids } from '../../types/oid-types.js';
import { byteOfChar, trimBlanks } from '../../types/text-types.js';
import type { BitString, Tid } from '../../types/value.js';
import type { Numeric } from '../../types/numeric.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';

type Compare<L, R = L> = (left: L, right: R, info: CallInfo) => number;

interface FamilyNames {
  /** The six operators' symbols: '' leaves one out. */
  readonly operators: readonly [eq: string, ne: string, lt: string, le: string, gt: string, ge: string];
  readonly support?: string;
  readonly larger?: string;
  readonly smaller?: string;
}

const tests: readonly ((order: number) => boolean)[] = [
  (order) => order === 0,
  (order) => order !== 0,
  (order) => order < 0,
  (order) => order <= 0,
  (order) => order > 0,
  (order) => order >= 0,
];
const jsOperators = ['===', '!==', '<', '<=', '>', '>='];

/** Registers a family's comparison symbols over one compare function. */
export function comparisonFamily<L, R = L>(names: FamilyNames, compare: Compare<L, R>): void {
  names.operators.forEach((symbol, at) => {
    const test = tests[at] as (order: number) => boolean;
    if (symbol !== '') fn(symbol, { impl: (left: L, right: R, info: CallInfo) => test(compare(left, right, info)) });
  });
  supportFunctions(names, compare);
}

// Where JavaScript's own operators are the type's order: numbers without NaN, bigints, booleans as bits.
function nativeFamily(names: FamilyNames): void {
  names.operators.forEach((symbol, at) => {
    const operator = jsOperators[at] as string;
    const test = tests[at] as (order: number) => boolean;
    if (symbol === '') return;
    fn(symbol, {
      impl: (left: number, right: number) => test(left < right ? -1 : left > right ? 1 : 0),
      inline: (left = '', right = '') => `(${left} ${operator} ${right})`,
    });
  });
  supportFunctions(names, (left: number, right: number) => (left < right ? -1 : left > right ? 1 : 0));
}

// int8 against int4 and int2: a bigint and a number compare with < and ==, not with ===.
function mixedFamily(names: FamilyNames): void {
  names.operators.forEach((symbol, at) => {
    const operator = (jsOperators[at] as string).replace(/==$/, '=');
    const test = tests[at] as (order: number) => boolean;
    fn(symbol, {
      impl: (left: number, right: number) => test(left < right ? -1 : left > right ? 1 : 0),
      inline: (left = '', right = '') => `(${left} ${operator} ${right})`,
    });
  });
  supportFunctions(names, (left: number, right: number) => (left < right ? -1 : left > right ? 1 : 0));
}

function supportFunctions<L, R>(names: FamilyNames, compare: Compare<L, R>): void {
  if (names.support !== undefined) {
    fn(names.support, { impl: (left: L, right: R, info: CallInfo) => Math.sign(compare(left, right, info)) });
  }
  if (names.larger !== undefined) {
    fn(names.larger, {
      impl: (left: L, right: R, info: CallInfo) => (compare(left, right, info) > 0 ? left : right),
    });
  }
  if (names.smaller !== undefined) {
    fn(names.smaller, {
      impl: (left: L, right: R, info: CallInfo) => (compare(left, right, info) < 0 ? left : right),
    });
  }
}

/** The six operator symbols `prefix` + eq, ne, lt, le, gt, ge. */
export function operatorNames(prefix: string): FamilyNames['operators'] {
  return [`${prefix}eq`, `${prefix}ne`, `${prefix}lt`, `${prefix}le`, `${prefix}gt`, `${prefix}ge`];
}

function named(prefix: string, support: string, extremes = ''): FamilyNames {
  const operators = operatorNames(prefix);
  return extremes === ''
    ? { operators, support }
    : { operators, support, larger: `${extremes}larger`, smaller: `${extremes}smaller` };
}

nativeFamily(named('int2', 'btint2cmp', 'int2'));
nativeFamily(named('int4', 'btint4cmp', 'int4'));
nativeFamily(named('int8', 'btint8cmp', 'int8'));
nativeFamily(named('int24', 'btint24cmp'));
nativeFamily(named('int42', 'btint42cmp'));
nativeFamily(named('oid', 'btoidcmp', 'oid'));
nativeFamily(named('xid8', 'xid8cmp', 'xid8_'));
nativeFamily({ ...named('pg_lsn_', 'pg_lsn_cmp', 'pg_lsn_') });
nativeFamily(named('bool', 'btboolcmp'));
nativeFamily(named('cash_', 'cash_cmp', 'cash'));
// The right side may be an integer, whose negative values stand for the largest ids.
fn('xideq', { impl: (left: number, right: number) => left >>> 0 === right >>> 0 });
fn('xidneq', { impl: (left: number, right: number) => left >>> 0 !== right >>> 0 });
nativeFamily({ operators: ['cideq', '', '', '', '', ''] });
for (const pair of ['28', '82', '48', '84']) mixedFamily(named(`int${pair}`, `btint${pair}cmp`));

const floatCompare: Compare<number> = (left, right) => compareFloats(left, right);
for (const prefix of ['float4', 'float8']) floatFamily(named(prefix, `bt${prefix}cmp`, prefix));
for (const prefix of ['float48', 'float84']) floatFamily(named(prefix, `bt${prefix}cmp`));

// JavaScript agrees with PostgreSQL on everything but NaN, so the inlined form asks for it only when it must.
function floatFamily(names: FamilyNames): void {
  comparisonFamily(names, floatCompare);
}

comparisonFamily<Numeric>(named('numeric_', 'numeric_cmp', 'numeric_'), (left, right) => compareNumerics(left, right));
comparisonFamily<Buffer>(named('bytea', 'byteacmp'), (left, right) => Buffer.compare(left, right));
comparisonFamily<Buffer>(named('uuid_', 'uuid_cmp'), (left, right) => Buffer.compare(left, right));
comparisonFamily<BitString>(named('bit', 'bitcmp'), compareBits);
comparisonFamily<Tid>(named('tid', 'bttidcmp', 'tid'), compareTids);
comparisonFamily<string>(named('char', 'btcharcmp'), (left, right) => byteOfChar(left) - byteOfChar(right));
comparisonFamily<number>(named('enum_', 'enum_cmp', 'enum_'), (left, right, info) =>
  left === right ? 0 : compareEnums(left, right, info.argTypes[0] ?? info.resultType),
);

const nameCompare: Compare<string> = (left, right, info) => compareText(left, right, info.io);
comparisonFamily<string>(named('name', 'btnamecmp'), nameCompare);

const textCompare: Compare<string> = (left, right, info) => compareText(left, right, info.io);
comparisonFamily<string>(
  {
    operators: ['', '', 'text_lt', 'text_le', 'text_gt', 'text_ge'],
    support: 'bttextcmp',
    larger: 'text_larger',
    smaller: 'text_smaller',
  },
  textCompare,
);
for (const prefix of ['nametext', 'textname']) {
  const [first, second] = prefix === 'nametext' ? ['name', 'text'] : ['text', 'name'];
  comparisonFamily<string>(
    {
      operators: ['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map(
        (op) => `${first}${op}${second}`,
      ) as unknown as FamilyNames['operators'],
      support: `bt${first}${second}cmp`,
    },
    textCompare,
  );
}

fn('texteq', {
  impl: (left: string, right: string, info: CallInfo) => equalText(left, right, info.io),
});
fn('textne', {
  impl: (left: string, right: string, info: CallInfo) => !equalText(left, right, info.io),
});

comparisonFamily<string>(
  { ...named('bpchar', 'bpcharcmp'), larger: 'bpchar_larger', smaller: 'bpchar_smaller' },
  (left, right, info) => compareText(trimBlanks(left), trimBlanks(right), info.io),
);

comparisonFamily<string>(
  {
    operators: ['', '', 'text_pattern_lt', 'text_pattern_le', 'text_pattern_gt', 'text_pattern_ge'],
    support: 'bttext_pattern_cmp',
  },
  (left, right) => compareCodePoints(left, right),
);
comparisonFamily<string>(
  {
    operators: ['', '', 'bpchar_pattern_lt', 'bpchar_pattern_le', 'bpchar_pattern_gt', 'bpchar_pattern_ge'],
    support: 'btbpchar_pattern_cmp',
  },
  (left, right) => compareCodePoints(trimBlanks(left), trimBlanks(right)),
);
