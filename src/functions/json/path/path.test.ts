// JSON paths as text and over documents: answers are PostgreSQL 17's.
import { test } from 'tap';
import { PgError } from '../../../errors/pg-error.js';
import { parseJsonb } from '../../../types/json-parser.js';
import { formatJsonb } from '../../../types/json-types.js';
import { Jsonb } from '../../../types/jsonb.js';
import { parseJsonPath } from '../../../types/jsonpath/parser.js';
import '../../index.js';
import { builtinFunction } from '../../registry.js';

const cases = {
  texts: [
    [
      '$.a[*]?(@.b>1&&!(@.c like_regex "x" flag "i")).size()',
      '$."a"[*]?(@."b" > 1 && !(@."c" like_regex "x" flag "i")).size()',
    ],
    ['strict $.**{2 to last}."x y"[0, last - 1 to $n]', 'strict $.**{2 to last}."x y"[0,last - 1 to $"n"]'],
    ['(1).type() + -$.a * 2', '((1).type() + -$."a" * 2)'],
    ['0755', '42601 syntax error at end of jsonpath input'],
    ['@.a', '42601 @ is not allowed in root expressions'],
    ['1 == 2 == 3', '42601 syntax error at or near "==" of jsonpath input'],
  ],
  queries: [
    ['{"a":[1,{"b":2}]}', '$.a.b', '2'],
    ['{"a":[1,{"b":2}]}', 'strict $.a.b', '2203A jsonpath member accessor can only be applied to an object'],
    ['[1,[2,[3]]]', '$.**{last}', '1 2 3'],
    ['{"a":1}', 'strict $.c', '2203A JSON object does not contain key "c"'],
    ['[0,1,2]', '$[last, 5, 0 to 1]', '2 0 1'],
    ['[{"a":1},{"b":2}]', '$[*].keyvalue()', '{"id": 12, "key": "a", "value": 1} {"id": 36, "key": "b", "value": 2}'],
    ['[1,null,"x",true]', '$[*] ? (@ != 1)', 'null'],
    ['[1,"2",null]', '($[*] > 0) is unknown', 'false'],
    ['"2024-02-03 01:02:03+05:30"', '$.datetime()', '"2024-02-03T01:02:03+05:30"'],
    ['"03/02/2024"', '$.datetime("dd/mm/yyyy").type()', '"date"'],
    ['"1.55"', '$.decimal(2,1)', '1.6'],
    ['7', '$ / 0', '22012 division by zero'],
    ['"x"', '$.double()', '22036 argument "x" of jsonpath item method .double() is invalid for type double precision'],
  ],
} as const;

/** Items of jsonb_path_query, or the error. */
function query(document: string, path: string, { variables = '{}', isSilent = false } = {}): string {
  const entry = builtinFunction('jsonb_path_query');
  if (entry?.kind !== 'table') throw new Error('jsonb_path_query is not registered');
  const given = [new Jsonb(parseJsonb(document)), parseJsonPath(path), new Jsonb(parseJsonb(variables)), isSilent];
  try {
    const rows = entry.rows(...given, {}) as Jsonb[];
    return rows.map((row) => formatJsonb(row.root)).join(' ');
  } catch (error) {
    if (error instanceof PgError) return `${error.code} ${error.message}`;
    throw error;
  }
}

function textOf(path: string): string {
  try {
    return parseJsonPath(path).toString();
  } catch (error) {
    if (error instanceof PgError) return `${error.code} ${error.message}`;
    throw error;
  }
}

test('the text of a path', async (t) => {
  for (const [path, text] of cases.texts) t.equal(textOf(path), text, path);
});

test('paths over documents', async (t) => {
  for (const [document, path, items] of cases.queries) t.equal(query(document, path), items, `${document} ${path}`);
});

test('variables and silence', async (t) => {
  t.equal(query('[1,2,3]', '$[*] ? (@ >= $from)', { variables: '{"from": 2}' }), '2 3');
  t.equal(query('1', '$x'), '42704 could not find jsonpath variable "x"');
  t.equal(query('[1,"a",2]', 'strict -$[*]', { isSilent: true }), '-1');
});
