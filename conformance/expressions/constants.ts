// Literals per type for the expression generator: the interesting ones by hand, others made up from a seeded source.

/** A seeded source of numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

type Random = () => number;

/** One of a list. */
export function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T;
}

function digits(count: number, random: Random): string {
  let text = '';
  for (let at = 0; at < count; at++) text += Math.floor(random() * 10);
  return text;
}

function integer(digitsMax: number, random: Random): string {
  const magnitude = digits(1 + Math.floor(random() * digitsMax), random).replace(/^0+(?=\d)/, '');
  return random() < 0.4 && magnitude !== '0' ? `-${magnitude}` : magnitude;
}

function numericText(random: Random): string {
  const whole = integer(random() < 0.2 ? 25 : 6, random);
  return random() < 0.3 ? whole : `${whole}.${digits(1 + Math.floor(random() * 8), random)}`;
}

function word(random: Random): string {
  const alphabet = ['a', 'b', 'B', 'c', ' ', 'é', 'ß', '😀', '1', '%', '_', ',', "'", '\\', 'Ω', 'x', '.'];
  let text = '';
  for (let count = Math.floor(random() * 7); count > 0; count--) text += pick(alphabet, random);
  return text;
}

function bits(random: Random): string {
  let text = '';
  for (let count = Math.floor(random() * 20); count > 0; count--) text += random() < 0.5 ? '0' : '1';
  return text;
}

function hex(bytes: number, random: Random): string {
  let text = '';
  for (let at = 0; at < bytes; at++)
    text += Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0');
  return text;
}

interface Source {
  readonly fixed: readonly string[];
  readonly made: (random: Random) => string;
}

const integers = ['0', '1', '-1', '2', '3', '5', '10', '7'];
const floats = [
  '0',
  '-0',
  '1',
  '-1',
  '0.5',
  '2',
  '-2.5',
  '3.7',
  '1e10',
  '1e-10',
  '100',
  'NaN',
  'Infinity',
  '-Infinity',
  '0.1',
  '90',
  '45',
  '1e300',
  '1e-300',
];
const texts = [
  '',
  'a',
  'abc',
  'ABC',
  'hello world',
  'a,b,c',
  'ab%',
  'a_c',
  '%b%',
  'é',
  '😀x',
  ' x ',
  'UTF8',
  'NFC',
  '\\',
  'null',
  'Abc Def-ghi',
  'base64',
  'hex',
  'escape',
  '12',
  'aaa',
];

/** Sources by type name (format_type's). */
export const sources: Readonly<Record<string, Source>> = {
  boolean: { fixed: ['t', 'f'], made: (random) => (random() < 0.5 ? 't' : 'f') },
  smallint: { fixed: [...integers, '32767', '-32768', '100'], made: (random) => integer(4, random) },
  integer: {
    fixed: [...integers, '2147483647', '-2147483648', '100', '31', '32'],
    made: (random) => integer(9, random),
  },
  bigint: {
    fixed: [...integers, '9223372036854775807', '-9223372036854775808', '4294967296', '63', '64'],
    made: (random) => integer(18, random),
  },
  oid: { fixed: ['0', '1', '16384', '4294967295'], made: (random) => digits(1 + Math.floor(random() * 9), random) },
  real: {
    fixed: floats.filter((text) => !/300/.test(text)),
    made: (random) => `${integer(5, random)}.${digits(3, random)}`,
  },
  'double precision': { fixed: floats, made: (random) => `${integer(8, random)}.${digits(6, random)}` },
  numeric: {
    fixed: [
      '0',
      '0.00',
      '1',
      '-1',
      '1.5',
      '2.50',
      '-2.5',
      '10',
      '100',
      'NaN',
      'Infinity',
      '-Infinity',
      '0.0001',
      '1e20',
      '1e-20',
      '12345678901234567890.123456789',
      '0.5',
      '3',
    ],
    made: numericText,
  },
  text: { fixed: texts, made: word },
  'character varying': { fixed: texts, made: word },
  character: { fixed: [...texts, 'ab  '], made: word },
  name: { fixed: texts, made: word },
  '"char"': { fixed: ['', 'a', 'Z', '\\377', '\\200'], made: (random) => pick(['b', 'c', '0', '\\001'], random) },
  bytea: {
    fixed: ['\\x', '\\x00', '\\x01ff', '\\xdeadbeef', '\\x616263', '\\xc3a9'],
    made: (random) => `\\x${hex(Math.floor(random() * 6), random)}`,
  },
  uuid: {
    fixed: [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
      'c232ab00-9414-11ec-b3c8-9f6bdeced846',
    ],
    made: (random) => hex(16, random),
  },
  money: {
    fixed: ['0', '1', '-1', '0.01', '1234567.89', '92233720368547758.07', '-92233720368547758.08'],
    made: (random) => `${integer(6, random)}.${digits(2, random)}`,
  },
  bit: { fixed: ['', '0', '1', '101', '11111111', '010101010'], made: bits },
  'bit varying': { fixed: ['', '0', '1', '101', '11111111', '010101010'], made: bits },
  pg_lsn: {
    fixed: ['0/0', '0/1', '16/B374D848', 'FFFFFFFF/FFFFFFFF'],
    made: (random) => `${hex(1, random)}/${hex(4, random)}`,
  },
  xid: { fixed: ['0', '3', '4294967295'], made: (random) => digits(6, random).replace(/^0+(?=.)/, '') },
  xid8: { fixed: ['0', '3', '18446744073709551615'], made: (random) => digits(12, random).replace(/^0+(?=.)/, '') },
  cid: { fixed: ['0', '1'], made: (random) => digits(3, random).replace(/^0+(?=.)/, '') },
  tid: {
    fixed: ['(0,0)', '(0,1)', '(4294967295,65535)'],
    made: (random) => `(${digits(3, random)},${digits(2, random)})`,
  },
  'integer[]': {
    fixed: ['{}', '{1}', '{1,2,3}', '{NULL}', '{1,NULL,3}', '{{1,2},{3,4}}', '[0:2]={1,2,3}', '{{1},{2}}', '{3,2,1}'],
    made: (random) => `{${Array.from({ length: 1 + Math.floor(random() * 5) }, () => integer(2, random)).join(',')}}`,
  },
  'text[]': {
    fixed: ['{}', '{a}', '{a,b}', '{NULL}', '{"",a b}', '{{a,b},{c,d}}', '{"x,y","\\""}'],
    made: (random) => `{${pick(['a', 'b', 'NULL', '"c d"'], random)},z}`,
  },
  'numeric[]': { fixed: ['{}', '{1.0,2.50}', '{NULL,1}', '{NaN}'], made: (random) => `{${numericText(random)}}` },
  'double precision[]': {
    fixed: ['{}', '{1,2}', '{0.5,NULL,1}', '{NaN,1}'],
    made: (random) => `{${integer(3, random)}.5}`,
  },
  int2vector: { fixed: ['', '1', '1 2 3'], made: (random) => integer(3, random) },
  oidvector: { fixed: ['', '1', '1 2 3', '3 2'], made: (random) => digits(3, random) },
  aclitem: { fixed: ['=r/postgres', 'postgres=arw/postgres'], made: () => 'postgres=r*/postgres' },
  pg_snapshot: { fixed: ['10:20:10,14,15', '12:12:'], made: () => '10:30:11' },
};

/** A literal of a type: NULL now and then. */
export function literal(type: string, random: Random): string | null {
  const source = sources[type];
  if (source === undefined) throw new Error(`no literals for type ${type}`);
  if (random() < 0.04) return null;
  return random() < 0.6 ? pick(source.fixed, random) : source.made(random);
}
