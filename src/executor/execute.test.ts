// Hand-made plans over an in-memory store with PostgreSQL's catalogs in it. Expected rows are what PostgreSQL 17 answers
// to the statement that each plan stands for.
import { test } from 'tap';
import { PgError } from '../errors/pg-error.js';
import { type Expression, indexVar, innerVar, outerVar } from '../trees/expression.js';
import type { Agg, IndexScan, Plan, SeqScan } from '../trees/plan.js';
import type { Row } from '../types/value.js';
import { evaluateExpression } from './evaluate.js';
import {
  aggregate,
  bench,
  bool,
  common,
  constant,
  contextOf,
  entry,
  functionOid,
  int4,
  int8,
  modify,
  op,
  operatorOid,
  peopleBench,
  run,
  seqScan,
  target,
  targets,
  text,
  values,
  variable,
} from './test-bench.js';

test('expressions follow three-valued logic and short circuits', async (t) => {
  const b = await bench();
  const context = contextOf(b);
  const evaluate = (expr: Expression) => evaluateExpression(expr, context);
  const nothing = constant(bool, null);
  const or = (...args: Expression[]): Expression => ({ kind: 'BoolExpr', op: 'or', args, location: -1 });
  const and = (...args: Expression[]): Expression => ({ kind: 'BoolExpr', op: 'and', args, location: -1 });
  const crash = op(b, '=', op(b, '/', constant(int4, 1), constant(int4, 0), int4), constant(int4, 1));
  t.equal(evaluate(or(nothing, constant(bool, true))), true);
  t.equal(evaluate(or(nothing, constant(bool, false))), null);
  t.equal(evaluate(and(nothing, constant(bool, false))), false);
  t.equal(evaluate(and(constant(bool, false), crash)), false);
  t.throws(() => evaluate(and(constant(bool, true), crash)), new PgError('22012', 'division by zero'));
  t.equal(evaluate(op(b, '+', constant(int4, 2), constant(int4, 40), int4)), 42);
  t.equal(evaluate(op(b, '<', constant(int4, 2), constant(int8, 3n))), true);
  const viaText: Expression = {
    kind: 'CoerceViaIO',
    arg: constant(text, '12'),
    type: int4,
    collation: 0,
    form: 'explicitCast',
    location: -1,
  };
  t.equal(evaluate(viaText), 12);
  b.manager.rollback();
});

test('a table is written, scanned and found by its key', async (t) => {
  const { b, people, table } = await peopleBench();
  t.same(await run(b, seqScan(), table), [
    [1, 'Ada'],
    [2, null],
    [3, 'Bob'],
    [4, 'Ada'],
  ]);
  t.same(
    await run(
      b,
      seqScan([op(b, '=', variable(1, 2, text), constant(text, 'Ada'))], targets(variable(1, 1, int4))),
      table,
    ),
    [[1], [4]],
  );
  const byKey: IndexScan = {
    ...common(targets(variable(1, 2, text))),
    kind: 'IndexScan',
    scanRtIndex: 1,
    index: people.indexes[0]?.oid ?? 0,
    direction: 'forward',
    ordered: false,
    indexQuals: [
      {
        column: 0,
        strategy: '=',
        value: { kind: 'Param', paramKind: 'extern', id: 1, type: int4, typmod: -1, collation: 0, location: -1 },
        clause: op(b, '=', variable(indexVar, 1, int4), constant(int4, 3)),
      },
    ],
  };
  t.same(await run(b, byKey, table, [{ type: int4, value: 3 }]), [['Bob']]);
  const between: IndexScan = {
    ...byKey,
    ...common(targets(variable(1, 1, int4))),
    direction: 'backward',
    indexQuals: [
      { column: 0, strategy: '>', value: constant(int4, 1), clause: constant(bool, true) },
      { column: 0, strategy: '<=', value: constant(int8, 4n), clause: constant(bool, true) },
    ],
  };
  t.same(await run(b, between, table), [[4], [3], [2]]);
  const duplicate = await run(b, modify('insert', values([3, 'Eve'])), table).catch((error: unknown) => error);
  t.match(duplicate, {
    code: '23505',
    message: 'duplicate key value violates unique constraint "people_pkey"',
    fields: { detail: 'Key (id)=(3) already exists.' },
  });
  const missing = await run(b, modify('insert', values([null, 'Eve'])), table).catch((error: unknown) => error);
  t.match(missing, { code: '23502', fields: { detail: 'Failing row contains (null, Eve).', column: 'id' } });
  b.manager.rollback();
});

test('updates move keys, deletes remove them', async (t) => {
  const { b, people, table } = await peopleBench();
  const ctid = variable(1, -1, 27);
  const source = seqScan(
    [op(b, '=', variable(1, 1, int4), constant(int4, 3))],
    [target(op(b, '+', variable(1, 1, int4), constant(int4, 10), int4), 1, 'id'), target(ctid, 2, 'ctid', true)],
  );
  const update = modify('update', source, {
    updateColumns: [1],
    returningList: targets(variable(1, 1, int4), variable(1, 2, text)),
  });
  t.same(await run(b, update, table), [[13, 'Bob']]);
  const lookUp = (id: number): IndexScan => ({
    ...common(targets(variable(1, 2, text))),
    kind: 'IndexScan',
    scanRtIndex: 1,
    index: people.indexes[0]?.oid ?? 0,
    direction: 'forward',
    ordered: false,
    indexQuals: [{ column: 0, strategy: '=', value: constant(int4, id), clause: constant(bool, true) }],
  });
  t.same(await run(b, lookUp(3), table), []);
  t.same(await run(b, lookUp(13), table), [['Bob']]);
  const removal = modify(
    'delete',
    seqScan([op(b, '>', variable(1, 1, int4), constant(int4, 2))], [target(ctid, 1, 'ctid', true)]),
  );
  t.same(await run(b, removal, table), []);
  t.same(await run(b, seqScan(), table), [
    [1, 'Ada'],
    [2, null],
  ]);
  b.manager.rollback();
});

test('aggregates, sorts and limits', async (t) => {
  const { b, table } = await peopleBench();
  const scan = seqScan();
  const count = aggregate(b, 'count', [], int8);
  const sum = aggregate(b, 'sum', [variable(outerVar, 1, int4)], int8);
  const agg: Agg = {
    ...common(targets(variable(outerVar, 2, text), count, sum)),
    kind: 'Agg',
    strategy: 'hashed',
    outer: scan,
    groupColumns: [{ column: 2, operator: operatorOid(b, '=', text, text), collation: 100 }],
    groupingSets: null,
    groupCountEstimate: 2,
  };
  const sorted: Plan = {
    ...common(
      agg.targetList.map((e, n) => target(variable(outerVar, n + 1, 'type' in e.expr ? e.expr.type : 0), n + 1)),
    ),
    kind: 'Sort',
    outer: agg,
    keys: [
      { column: 1, operator: operatorOid(b, '<', text, text), collation: 100, descending: true, nullsFirst: true },
    ],
  };
  t.same(await run(b, sorted, table), [
    [null, 1n, 2n],
    ['Bob', 1n, 3n],
    ['Ada', 2n, 5n],
  ]);
  const limit: Plan = {
    ...common(sorted.targetList),
    kind: 'Limit',
    outer: sorted,
    offset: constant(int8, 1n),
    count: constant(int8, 1n),
    withTies: false,
    tieColumns: [],
  };
  t.same(await run(b, limit, table), [['Bob', 1n, 3n]]);
  b.manager.rollback();
});

test('the three joins agree', async (t) => {
  const { b, people } = await peopleBench();
  const table = [entry(people), entry(people)];
  const second = (): SeqScan => ({
    ...common(targets(variable(2, 1, int4), variable(2, 2, text))),
    kind: 'SeqScan',
    scanRtIndex: 2,
  });
  const equal = op(b, '=', variable(outerVar, 2, text), variable(innerVar, 2, text));
  const list = () => targets(variable(outerVar, 1, int4), variable(innerVar, 1, int4));
  const expected = [
    [1, 1],
    [1, 4],
    [2, null],
    [3, 3],
    [4, 1],
    [4, 4],
  ];
  const order = (rows: Row[]) => rows.sort((l, r) => Number(l[0]) - Number(r[0]) || Number(l[1]) - Number(r[1]));
  const base = { joinType: 'left' as const, outer: seqScan(), innerUnique: false };
  const loop: Plan = {
    ...common(list()),
    ...base,
    kind: 'NestLoop',
    inner: second(),
    joinQual: [equal],
    parameters: [],
  };
  t.same(order(await run(b, loop, table)), expected);
  const hashed = second();
  const hash: Plan = {
    ...common(list()),
    ...base,
    kind: 'HashJoin',
    inner: { ...common(hashed.targetList), kind: 'Hash', outer: hashed },
    joinQual: [],
    hashClauses: [equal],
    outerKeys: [variable(outerVar, 2, text)],
    innerKeys: [variable(innerVar, 2, text)],
    hashOperators: [operatorOid(b, '=', text, text)],
    collations: [100],
  };
  t.same(order(await run(b, hash, table)), expected);
  const byName = (outer: Plan): Plan => ({
    ...common(targets(variable(outerVar, 1, int4), variable(outerVar, 2, text))),
    kind: 'Sort',
    outer,
    keys: [
      { column: 2, operator: operatorOid(b, '<', text, text), collation: 100, descending: false, nullsFirst: false },
    ],
  });
  const merge: Plan = {
    ...common(list()),
    ...base,
    kind: 'MergeJoin',
    outer: byName(seqScan()),
    inner: byName(second()),
    joinQual: [],
    mergeClauses: [
      {
        outerKey: variable(outerVar, 2, text),
        innerKey: variable(innerVar, 2, text),
        clause: equal,
        family: 1994,
        collation: 100,
        descending: false,
        nullsFirst: false,
      },
    ],
  };
  t.same(order(await run(b, merge, table)), expected);
  b.manager.rollback();
});

test('sorts and hash tables beyond work_mem spill and give the same rows', async (t) => {
  const { b, table } = await peopleBench();
  const series: Expression = {
    kind: 'FuncExpr',
    function: functionOid(b, 'generate_series', [int4, int4]),
    type: int4,
    returnsSet: true,
    variadic: false,
    form: 'explicitCall',
    collation: 0,
    inputCollation: 0,
    args: [constant(int4, 1), constant(int4, 60_000)],
    location: -1,
  };
  const project: Plan = {
    ...common(targets(series)),
    kind: 'ProjectSet',
    outer: { ...common([]), kind: 'Result', outer: null, constantQual: [] },
  };
  const sorted: Plan = {
    ...common(targets(variable(outerVar, 1, int4))),
    kind: 'Sort',
    outer: project,
    keys: [{ column: 1, operator: operatorOid(b, '<', int4, int4), collation: 0, descending: true, nullsFirst: true }],
  };
  const rows = await run(b, sorted, table);
  t.equal(rows.length, 60_000);
  t.same([rows[0], rows[59_999]], [[60_000], [1]]);
  b.manager.rollback();
});
