// Text input of every type: good literals bent a little, and junk. Compared as `select 'text'::type`.
import { literal, pick, seededRandom, sources } from './constants.js';
import { typedLiteral } from './generator.js';

export interface InputCase {
  readonly type: string;
  readonly text: string;
  readonly sql: string;
}

const junk = [
  '',
  ' ',
  'x',
  '-',
  '+',
  '.',
  '1e',
  '0x',
  '0x1F',
  '0b101',
  '0o17',
  '1_000',
  '1__0',
  '_1',
  '1_',
  '1e5',
  '1E+5',
  '.5',
  '5.',
  'nan',
  'inf',
  '-inf',
  '+Infinity',
  'infinit',
  '99999999999999999999',
  '-99999999999999999999',
  '1e1000',
  '1e-1000',
  'true',
  'on',
  'of',
  'of f',
  'y',
  '\\',
  '\\x',
  '\\x1',
  '\\xzz',
  '\\001',
  '\\400',
  '{',
  '}',
  '{}',
  '{{}}',
  '{1,}',
  '{,1}',
  '{1,2',
  '{1}}',
  '{{1},{2,3}}',
  '{{1,2},3}',
  '{1,{2}}',
  '[1:2]={1,2}',
  '[2:1]={1}',
  '[1]={1}',
  '[1:2={1,2}',
  '[0:1]{1,2}',
  '[1:3]={1,2}',
  '{"a"b}',
  '{a"b}',
  '{ 1 , 2 }',
  '{null,NULL,"NULL"}',
  '{a b, "c,d"}',
  '{"\\"","\\\\"}',
  '(1,2)',
  '(1,2',
  '( 1,2)',
  '0/0',
  'g/0',
  '1/123456789',
  '=r/postgres',
  'x=r',
  'postgres=rz/postgres',
  '$1.234',
  '($1)',
  '1,2',
  '10:20:',
  '10:9:',
  '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
  'a0eebc999c0b4ef8bb6d6bb9bd380a11',
  'a0eebc99-9c0b',
  '1 2 3',
  '1 a',
  'b101',
  'x1F',
  'B12',
  'é',
  '😀',
  '{"a": 1}',
  '[1,2',
  '{"a":1,"a":2}',
  '"\\u00e9"',
  '"\\ud800"',
  '1.50',
  '[1, 2.0, "x", null, true]',
  'tru',
  '{"b":1,"aa":2,"a":3}',
  '[1e2]',
  '"a\nb"',
  '01',
  '-0',
  '1.',
  '[]',
  '{"a"}',
  'null',
  '  [1]  ',
];

/** Types whose input is checked: all with literals, and the JSON ones. */
export const inputTypes: readonly string[] = [
  ...Object.keys(sources).filter((type) => type !== 'aclitem'),
  'json',
  'jsonb',
  'boolean[]',
  'bytea[]',
  'bit(3)',
  'character(3)',
  'character varying(3)',
  'numeric(5,2)',
  'numeric(3,-2)',
  'numeric(2,4)',
  'bit varying(4)',
];

/** `count` inputs; the same seed makes the same ones. */
export function* generateInputs(count: number, seed: number): Iterable<InputCase> {
  const random = seededRandom(seed);
  for (let made = 0; made < count; made++) {
    const type = pick(inputTypes, random);
    let text = random() < 0.5 || sources[type] === undefined ? pick(junk, random) : (literal(type, random) ?? '');
    if (random() < 0.3) text = bend(text, random);
    yield { type, text, sql: `select ${typedLiteral(text, type)}` };
  }
}

/** Inserts, drops or doubles one character. */
function bend(text: string, random: () => number): string {
  const characters = [...text];
  const at = Math.floor(random() * (characters.length + 1));
  const how = random();
  if (how < 0.3) characters.splice(at, 1);
  else if (how < 0.5) characters.splice(at, 0, characters[at] ?? '0');
  else
    characters.splice(
      at,
      0,
      pick([' ', '-', '.', ',', 'e', '0', '"', '{', '}', '\\', '_', '9', 'x', '\t', '\n', '+'], random),
    );
  return characters.join('');
}
