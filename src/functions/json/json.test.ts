// Reading, changing and hashing documents: answers are PostgreSQL 17's.
import { test } from 'tap';
import { parseJsonb } from '../../types/json-parser.js';
import { formatJsonb } from '../../types/json-types.js';
import { Jsonb } from '../../types/jsonb.js';
import { PgArray } from '../../types/value.js';
import '../index.js';
import { builtinFunction } from '../registry.js';

function call(symbol: string, ...args: unknown[]): unknown {
  const entry = builtinFunction(symbol);
  if (entry?.kind !== 'scalar') throw new Error(`${symbol} is not registered`);
  const result = entry.impl(...args) as unknown;
  return result instanceof Jsonb ? formatJsonb(result.root) : result;
}

const jsonb = (text: string) => new Jsonb(parseJsonb(text));
const path = (...steps: (string | null)[]) => PgArray.of(25, steps);

test('parts of documents', (t) => {
  t.equal(call('json_object_field', '{"a": 1, "a":  {"b" : 2}}', 'a'), '{"b" : 2}');
  t.equal(call('jsonb_array_element', jsonb('"a"'), 0), '"a"', 'a jsonb scalar is an array of one');
  t.equal(call('json_array_element', '"a"', 0), null);
  t.equal(call('jsonb_extract_path_text', jsonb('{"a":{"b":[1,"x"]}}'), path('a', 'b', '-1')), 'x');
  t.equal(
    call('json_strip_nulls', '{"a":null,"b":[null,{"c":null}], "d" : "\\u00e9\\n"}'),
    '{"b":[null,{}],"d":"é\\n"}',
  );
  t.end();
});

test('containment', (t) => {
  t.equal(call('jsonb_contains', jsonb('[1,2]'), jsonb('1')), true, 'a scalar in an array, at the top only');
  t.equal(call('jsonb_contains', jsonb('1'), jsonb('[1]')), false);
  t.equal(call('jsonb_contains', jsonb('[1,1.0]'), jsonb('[1.00]')), true);
  t.equal(call('jsonb_contains', jsonb('[]'), jsonb('{}')), false);
  t.end();
});

test('changed copies', (t) => {
  t.equal(call('jsonb_set', jsonb('[1,2,3]'), path('-5'), jsonb('9'), true), '[9, 1, 2, 3]');
  t.equal(call('jsonb_set', jsonb('[1,2,3]'), path('5'), jsonb('9'), false), '[1, 2, 3]');
  t.equal(call('jsonb_insert', jsonb('[1,2]'), path('-1'), jsonb('0'), true), '[1, 2, 0]');
  t.equal(call('jsonb_delete_path', jsonb('{"a":{"b":[1,2]}}'), path('a', 'b', '0')), '{"a": {"b": [2]}}');
  t.throws(() => call('jsonb_insert', jsonb('{"a":1}'), path('a'), jsonb('1'), false), {
    message: 'cannot replace existing key',
  });
  t.end();
});

test('hash', (t) => {
  t.equal(call('jsonb_hash', jsonb('[]'), { argTypes: [], resultType: null }), 0);
  t.equal(call('jsonb_hash', jsonb('"a"'), { argTypes: [], resultType: null }), -1072467791);
  t.equal(call('jsonb_hash', jsonb('[1,2,[3]]'), { argTypes: [], resultType: null }), 1587515101);
  t.end();
});
