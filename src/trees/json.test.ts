// Bound trees survive the way through text, values of every kind included.
import { test } from 'tap';
import { Jsonb, JsonbObject } from '../types/jsonb.js';
import { Numeric } from '../types/numeric.js';
import { PgArray, PgRecord, type Value } from '../types/value.js';
import { equalTrees } from './equal.js';
import type { Expression } from './expression.js';
import { expressionFromJson, treeToJson } from './json.js';

test('values in stored trees', async (t) => {
  const values: readonly Value[] = [
    null,
    true,
    -0,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    9223372036854775807n,
    '$bigint',
    Buffer.from([0, 255]),
    Numeric.parse('-1.50'),
    { months: 1, days: -2, microseconds: 3n },
    new Jsonb(JsonbObject.from([['a', [Numeric.one, null, 'x']]])),
    new PgArray(23, [1, 2], [0, 1], [1, null]),
    new PgRecord(
      2249,
      [1n, 'a'],
      [
        { name: 'f1', type: 20, typmod: -1 },
        { name: 'f2', type: 25, typmod: -1 },
      ],
    ),
  ];
  for (const value of values) {
    const constant: Expression = { kind: 'Const', type: 25, typmod: -1, collation: 0, value, location: 3 };
    const back = expressionFromJson(treeToJson(constant));
    t.ok(equalTrees(back, constant), treeToJson(constant));
    if (back.kind === 'Const') t.equal(Object.is(back.value, value) || typeof value === 'object', true);
  }
});
