// Upper nodes by hand-made plans over people (1, Ada), (2, null), (3, Bob), (4, Ada): window frames, grouping sets, set
// operations, recursion, set-returning functions, subqueries. Expected rows are PostgreSQL 17's.
import { test } from 'tap';
import { type Expression, type SubPlan, type WindowFunc, outerVar } from '../../trees/expression.js';
import type { Agg, Plan, SortKey, WindowAgg } from '../../trees/plan.js';
import type { WindowFrame } from '../../trees/query.js';
import type { Row } from '../../types/value.js';
import {
  type Bench,
  aggregate,
  common,
  constant,
  functionOid,
  int4,
  int8,
  op,
  operatorOid,
  peopleBench,
  run,
  seqScan,
  target,
  targets,
  text,
  variable,
} from '../test-bench.js';

const wholeFrame: WindowFrame = {
  explicit: true,
  between: true,
  mode: 'rows',
  start: { kind: 'unboundedPreceding', offset: null },
  end: { kind: 'currentRow', offset: null },
  exclusion: 'none',
  startInRangeFunction: 0,
  endInRangeFunction: 0,
  inRangeCollation: 0,
  inRangeAscending: true,
  inRangeNullsFirst: false,
};

function windowFunction(
  b: Bench,
  name: string,
  args: readonly Expression[],
  type: number,
  isAggregate: boolean,
): WindowFunc {
  const argTypes = args.map((arg) => ('type' in arg ? arg.type : 0));
  return {
    kind: 'WindowFunc',
    function: functionOid(b, name, argTypes),
    type,
    collation: 0,
    inputCollation: 0,
    args,
    filter: null,
    windowRef: 1,
    star: args.length === 0,
    isAggregate,
    location: -1,
  };
}

function sortBy(b: Bench, outer: Plan, columns: readonly (readonly [number, number])[]): Plan {
  const keys = columns.map(
    ([column, type]): SortKey => ({
      column,
      operator: operatorOid(b, '<', type, type),
      collation: type === text ? 100 : 0,
      descending: false,
      nullsFirst: false,
    }),
  );
  const list = outer.targetList.map(({ expr }, n) =>
    target(variable(outerVar, n + 1, 'type' in expr ? expr.type : 0), n + 1),
  );
  return { ...common(list), kind: 'Sort', outer, keys };
}

test('window functions see partitions, peers and frames', async (t) => {
  const { b, table } = await peopleBench();
  const window = (frame: WindowFrame, ...functions: Expression[]): WindowAgg => ({
    ...common(targets(variable(outerVar, 1, int4), ...functions)),
    kind: 'WindowAgg',
    outer: sortBy(b, seqScan(), [
      [2, text],
      [1, int4],
    ]),
    windowRef: 1,
    partitionColumns: [{ column: 2, operator: operatorOid(b, '=', text, text), collation: 100 }],
    orderColumns: [{ column: 1, operator: operatorOid(b, '=', int4, int4), collation: 0 }],
    frame,
    runCondition: [],
    topWindow: true,
  });
  const id = variable(outerVar, 1, int4);
  const first = await run(
    b,
    window(wholeFrame, windowFunction(b, 'row_number', [], int8, false), windowFunction(b, 'sum', [id], int8, true)),
    table,
  );
  t.same(first, [
    [1, 1n, 1n],
    [4, 2n, 5n],
    [3, 1n, 3n],
    [2, 1n, 2n],
  ]);
  const all: WindowFrame = {
    ...wholeFrame,
    start: { kind: 'offsetPreceding', offset: constant(int8, 1n) },
    end: { kind: 'unboundedFollowing', offset: null },
    exclusion: 'currentRow',
  };
  const second = await run(b, window(all, windowFunction(b, 'sum', [id], int8, true)), table);
  t.same(second, [
    [1, 4n],
    [4, 1n],
    [3, null],
    [2, null],
  ]);
  const moving: WindowFrame = {
    ...wholeFrame,
    start: { kind: 'currentRow', offset: null },
    end: { kind: 'offsetFollowing', offset: constant(int8, 1n) },
  };
  t.same(await run(b, window(moving, windowFunction(b, 'sum', [id], int8, true)), table), [
    [1, 5n],
    [4, 4n],
    [3, 3n],
    [2, 2n],
  ]);
  b.manager.rollback();
});

test('GROUP BY ROLLUP (name) gives groups, then the total', async (t) => {
  const { b, table } = await peopleBench();
  const count = aggregate(b, 'count', [], int8);
  const grouping: Expression = {
    kind: 'GroupingFunc',
    args: [variable(outerVar, 2, text)],
    refs: [0],
    levelsUp: 0,
    location: -1,
  };
  const agg: Agg = {
    ...common(targets(variable(outerVar, 2, text), count, grouping)),
    kind: 'Agg',
    strategy: 'sorted',
    outer: sortBy(b, seqScan(), [[2, text]]),
    groupColumns: [{ column: 2, operator: operatorOid(b, '=', text, text), collation: 100 }],
    groupingSets: [
      { columns: [0], strategy: 'sorted', sort: null },
      { columns: [], strategy: 'plain', sort: null },
    ],
    groupCountEstimate: 2,
  };
  t.same(await run(b, agg, table), [
    ['Ada', 2n, 0],
    ['Bob', 1n, 0],
    [null, 1n, 0],
    [null, 4n, 1],
  ]);
  const hashed: Agg = {
    ...agg,
    ...common(agg.targetList),
    strategy: 'hashed',
    groupingSets: [
      { columns: [0], strategy: 'hashed', sort: null },
      { columns: [], strategy: 'hashed', sort: null },
    ],
  };
  t.same((await run(b, hashed, table)).length, 4);
  b.manager.rollback();
});

test('INTERSECT ALL counts copies on both sides', async (t) => {
  const { b, table } = await peopleBench();
  const side = (flag: number, ids: readonly number[]): Plan => ({
    ...common(targets(variable(outerVar, 1, int4), variable(outerVar, 2, int4))),
    kind: 'Append',
    children: ids.map(
      (id): Plan => ({
        ...common(targets(constant(int4, id), constant(int4, flag))),
        kind: 'Result',
        outer: null,
        constantQual: [],
      }),
    ),
  });
  const both: Plan = {
    ...common(targets(variable(outerVar, 1, int4), variable(outerVar, 2, int4))),
    kind: 'Append',
    children: [side(0, [1, 1, 1, 2]), side(1, [1, 1, 3])],
  };
  const setOp = (command: 'intersectAll' | 'except'): Plan => ({
    ...common(targets(variable(outerVar, 1, int4))),
    kind: 'SetOp',
    command,
    strategy: 'hashed',
    outer: both,
    columns: [{ column: 1, operator: operatorOid(b, '=', int4, int4), collation: 0 }],
    flagColumn: 2,
  });
  t.same(await run(b, setOp('intersectAll'), table), [[1], [1]]);
  t.same(await run(b, setOp('except'), table), [[2]]);
  b.manager.rollback();
});

test('WITH RECURSIVE counts to five, a correlated subquery looks up', async (t) => {
  const { b, table } = await peopleBench();
  const n = variable(1, 1, int4);
  const workTable = {
    kind: 'cte',
    cteName: 'n',
    cteLevelsUp: 1,
    selfReference: true,
    columnTypes: [int4],
    columnTypmods: [-1],
    columnCollations: [0],
    alias: null,
    eref: { name: 'n', columns: ['n'] },
    lateral: false,
    inFromClause: true,
  } as const;
  const recursive: Plan = {
    ...common(targets(variable(outerVar, 1, int4))),
    kind: 'RecursiveUnion',
    workTableParam: 0,
    distinct: [],
    outer: { ...common(targets(constant(int4, 1))), kind: 'Result', outer: null, constantQual: [] },
    inner: {
      ...common(targets(op(b, '+', n, constant(int4, 1), int4)), [op(b, '<', n, constant(int4, 5))]),
      kind: 'WorkTableScan',
      scanRtIndex: 1,
      workTableParam: 0,
    },
  };
  t.same(await run(b, recursive, [workTable]), [[1], [2], [3], [4], [5]]);
  const outerId: Expression = {
    kind: 'Param',
    paramKind: 'exec',
    id: 0,
    type: int4,
    typmod: -1,
    collation: 0,
    location: -1,
  };
  const subPlan: SubPlan = {
    kind: 'SubPlan',
    linkType: 'expr',
    test: null,
    paramIds: [],
    planId: 1,
    name: 'SubPlan 1',
    firstType: int8,
    firstTypmod: -1,
    firstCollation: 0,
    arrayType: 0,
    useHashTable: false,
    unknownEqualsFalse: false,
    setParams: [],
    parameterIds: [0],
    args: [variable(1, 1, int4)],
  };
  const below = {
    ...seqScan([op(b, '<', variable(2, 1, int4), outerId)], targets(variable(2, 1, int4))),
    scanRtIndex: 2,
    externParams: [0],
  };
  const count: Agg = {
    ...common(targets(aggregate(b, 'count', [], int8))),
    kind: 'Agg',
    strategy: 'plain',
    outer: below,
    groupColumns: [],
    groupingSets: null,
    groupCountEstimate: 1,
  };
  const rows: Row[] = await run(
    b,
    seqScan([], targets(variable(1, 1, int4), subPlan)),
    [...table, ...table],
    [],
    [count],
  );
  t.same(rows, [
    [1, 0n],
    [2, 1n],
    [3, 2n],
    [4, 3n],
  ]);
  b.manager.rollback();
});

test('set-returning functions advance in lockstep', async (t) => {
  const { b, table } = await peopleBench();
  const series = (to: number): Expression => ({
    kind: 'FuncExpr',
    function: functionOid(b, 'generate_series', [int4, int4]),
    type: int4,
    returnsSet: true,
    variadic: false,
    form: 'explicitCall',
    collation: 0,
    inputCollation: 0,
    args: [constant(int4, 1), constant(int4, to)],
    location: -1,
  });
  const project: Plan = {
    ...common(targets(series(3), series(2), constant(text, 'x'))),
    kind: 'ProjectSet',
    outer: { ...common([]), kind: 'Result', outer: null, constantQual: [] },
  };
  t.same(await run(b, project, table), [
    [1, 1, 'x'],
    [2, 2, 'x'],
    [3, null, 'x'],
  ]);
  b.manager.rollback();
});
