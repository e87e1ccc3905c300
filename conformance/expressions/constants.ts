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

function twoDigits(below: number, random: Random): string {
  return String(Math.floor(random() * below)).padStart(2, '0');
}

function byte(random: Random): number {
  return Math.floor(random() * 256);
}

const offsets = ['+00', '-08', '+05:30', '+14:00', '-03:30', '+01:02:03', 'Z'];

function dateText(random: Random): string {
  const year = random() < 0.8 ? 1900 + Math.floor(random() * 200) : 1 + Math.floor(random() * 9000);
  const month = String(1 + Math.floor(random() * 12)).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${month}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`;
}

function timeText(random: Random): string {
  const fraction = random() < 0.5 ? '' : `.${digits(1 + Math.floor(random() * 6), random)}`;
  return `${twoDigits(24, random)}:${twoDigits(60, random)}:${twoDigits(60, random)}${fraction}`;
}

const jsonTexts = [
  '{}',
  '[]',
  'null',
  'true',
  '1',
  '"a"',
  '-0.50',
  '1e3',
  '{"a": 1}',
  '{"a": {"b": [1, 2, {"c": null}]}}',
  '[1, "a", null, {"a": 1}]',
  '{"a": null, "b": "x"}',
  '["a", "b"]',
  '{"b":1,"aa":2,"a":3}',
  '"12"',
  '[[1,2],[3]]',
  '"\\u00e9\\n"',
];

/** A random JSON value nested at most `depth` deep. */
export function jsonText(random: Random, depth: number): string {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  if (kind === 0) return pick(['null', 'true', 'false'], random);
  if (kind <= 2) return random() < 0.5 ? integer(3, random) : `${integer(2, random)}.${digits(2, random)}`;
  if (kind <= 4) return JSON.stringify(pick(['a', 'b', '', 'é', 'x"y', '1', 'a b', '\n'], random));
  const count = Math.floor(random() * 4);
  const items = Array.from({ length: count }, () => jsonText(random, depth - 1));
  if (kind === 5) return `[${items.join(', ')}]`;
  return `{${items.map((item) => `"${pick(['a', 'b', 'c', '1', ''], random)}": ${item}`).join(', ')}}`;
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
  date: {
    fixed: [
      '2024-02-29',
      '2000-01-01',
      '1999-12-31',
      'infinity',
      '-infinity',
      '0044-03-15 BC',
      '4713-01-01 BC',
      '5874897-12-31',
      '1970-01-01',
      '2023-03-26',
      '0001-01-01',
    ],
    made: (random) => dateText(random),
  },
  'time without time zone': {
    fixed: ['00:00:00', '24:00:00', '23:59:59.999999', '12:34:56.789', '01:02:03'],
    made: (random) => timeText(random),
  },
  'time with time zone': {
    fixed: ['00:00:00+00', '24:00:00-15:59', '23:59:59.999999+14', '12:34:56.789-03:30', '01:02:03+05:30:15'],
    made: (random) => `${timeText(random)}${pick(offsets, random)}`,
  },
  'timestamp without time zone': {
    fixed: [
      '2024-02-29 12:34:56.789',
      '2000-01-01 00:00:00',
      'infinity',
      '-infinity',
      '0044-03-15 01:02:03 BC',
      '294276-12-31 23:59:59.999999',
      '4714-11-24 00:00:00 BC',
      '2023-03-26 02:30:00',
      '1999-12-31 23:59:59.999999',
    ],
    made: (random) => `${dateText(random)} ${timeText(random)}`,
  },
  'timestamp with time zone': {
    fixed: [
      '2024-02-29 12:34:56.789+01',
      '2000-01-01 00:00:00+00',
      'infinity',
      '-infinity',
      '0044-03-15 01:02:03+00 BC',
      '294276-12-31 23:59:59.999999+00',
      '2023-03-26 02:30:00 Europe/Berlin',
      '2023-10-29 02:30:00 Europe/Berlin',
      '1883-11-18 12:03:58 America/New_York',
    ],
    made: (random) => `${dateText(random)} ${timeText(random)}${pick(offsets, random)}`,
  },
  interval: {
    fixed: [
      '0',
      '1 day',
      '-1 day',
      '1 mon',
      '1 year 2 mons 3 days 04:05:06.789',
      '-1 year -2 mons +3 days -04:05:06',
      'infinity',
      '-infinity',
      '178000000 years',
      '00:00:00.000001',
      '36:00',
      'P1Y2M3DT4H5M6.7S',
      '1.5 weeks',
      '2562047788:00:54.775807',
    ],
    made: (random) =>
      `${integer(2, random)} mons ${integer(3, random)} days ${integer(2, random)} hours ${integer(3, random)}.${digits(3, random)} secs`,
  },
  inet: {
    fixed: [
      '127.0.0.1',
      '10.0.0.0/8',
      '192.168.1.5/24',
      '0.0.0.0/0',
      '255.255.255.255',
      '::1',
      '::/0',
      'fe80::1/64',
      '2001:db8::ff00:42:8329',
      '::ffff:1.2.3.4/112',
    ],
    made: (random) =>
      random() < 0.7
        ? `${byte(random)}.${byte(random)}.${byte(random)}.${byte(random)}/${Math.floor(random() * 33)}`
        : `${hex(2, random)}:${hex(2, random)}::${hex(2, random)}/${Math.floor(random() * 129)}`,
  },
  cidr: {
    fixed: ['127.0.0.1', '10.0.0.0/8', '192.168.1.0/24', '0.0.0.0/0', '::1', '::/0', 'fe80::/64', '10.1'],
    made: (random) => `${byte(random)}.${byte(random)}.0.0/${16 + Math.floor(random() * 3)}`,
  },
  json: { fixed: jsonTexts, made: (random) => jsonText(random, 2) },
  jsonb: { fixed: jsonTexts, made: (random) => jsonText(random, 2) },
  regclass: { fixed: ['pg_class', 'pg_type', '0', '-', '1259', '99999'], made: (random) => digits(5, random) },
  regtype: { fixed: ['integer', 'text', 'int4[]', '-', '0', '23'], made: (random) => digits(3, random) },
  regproc: { fixed: ['int4pl', '-', '0', '1242'], made: (random) => digits(4, random) },
  regprocedure: { fixed: ['int4pl(integer,integer)', '-', '0', '1242'], made: (random) => digits(4, random) },
  regoper: { fixed: ['||/', '-', '0', '91'], made: (random) => digits(3, random) },
  regoperator: { fixed: ['+(integer,integer)', '0', '91'], made: (random) => digits(3, random) },
  regnamespace: { fixed: ['pg_catalog', '-', '0', '11'], made: (random) => digits(5, random) },
  regrole: { fixed: ['postgres', '-', '0', '10'], made: (random) => digits(5, random) },
  regcollation: { fixed: ['"C"', '"POSIX"', '-', '0', '950'], made: (random) => digits(4, random) },
  'boolean[]': { fixed: ['{}', '{t,f}', '{NULL}', '{{t},{f}}'], made: () => '{f,t,NULL}' },
  'smallint[]': { fixed: ['{}', '{1,2}', '{NULL,3}'], made: (random) => `{${integer(3, random)}}` },
  'bigint[]': {
    fixed: ['{}', '{1,2}', '{NULL,3}', '[2:3]={5,6}', '{{1,2},{3,4}}'],
    made: (random) => `{${integer(12, random)},${integer(3, random)}}`,
  },
  'date[]': { fixed: ['{}', '{2000-01-01,NULL}', '{infinity}'], made: (random) => `{${dateText(random)}}` },
  'timestamp without time zone[]': {
    fixed: ['{}', '{"2000-01-01 00:00:00",NULL}'],
    made: (random) => `{${dateText(random)}}`,
  },
  'interval[]': { fixed: ['{}', '{"1 day",NULL}', '{"1 mon","2 days 03:00"}'], made: () => '{-00:00:01}' },
  'uuid[]': { fixed: ['{}', '{00000000-0000-0000-0000-000000000000}'], made: (random) => `{${hex(16, random)}}` },
  'jsonb[]': { fixed: ['{}', '{1,NULL}', '{"{\\"a\\": 1}"}'], made: () => '{null}' },
  'bytea[]': { fixed: ['{}', '{"\\\\x00ff",NULL}'], made: () => '{abc}' },
  'character varying[]': { fixed: ['{}', '{a,b}', '{NULL}'], made: () => '{x," y "}' },
  'name[]': { fixed: ['{}', '{a,b}', '{NULL}'], made: () => '{x," y "}' },
  'inet[]': { fixed: ['{}', '{10.0.0.1,NULL}'], made: () => '{::1/64}' },
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
