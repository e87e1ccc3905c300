// Hand-made plans over an in-memory store with PostgreSQL's catalogs in it. Expected rows are what PostgreSQL 17 answers
// to the statement that each plan stands for.
import { test } from 'tap';
import { bootstrapCatalogs } from '../catalog/bootstrap.js';
import { createCatalog } from '../catalog/catalog.js';
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { PgError } from '../errors/pg-error.js';
import '../functions/index.js';
import type { SessionServices } from '../functions/call-info.js';
import type { Store } from '../storage/api.js';
import { openStore } from '../storage/store.js';
import type { Transaction } from '../transaction/api.js';
import { createTransactionManager } from '../transaction/transaction.js';
import type { SessionTransactions } from '../transaction/transaction.js';
import {
  type Aggref,
  type Expression,
  type TargetEntry,
  type Var,
  indexVar,
  innerVar,
  outerVar,
} from '../trees/expression.js';
import type { Agg, IndexScan, ModifyTable, Plan, PlannedStatement, SeqScan } from '../trees/plan.js';
import type { RangeTableEntry } from '../trees/query.js';
import type { Row, Value } from '../types/value.js';
import type { ExecutionContext } from './api.js';
import { evaluateExpression } from './evaluate.js';
import { startExecution } from './execute.js';

const int4 = 23;
const text = 25;
const bool = 16;
const int8 = 20;

interface Bench {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly manager: SessionTransactions;
  readonly session: SessionServices;
}

const relations = new Map<number, RelationDescriptor>();
let shared: { store: Store } | null = null;

async function sharedStore(): Promise<Store> {
  if (shared === null) {
    const store = openStore(null);
    await bootstrapCatalogs(store);
    shared = { store };
  }
  return shared.store;
}

let processId = 5000;

async function bench(): Promise<Bench> {
  const store = await sharedStore();
  processId += 1;
  const manager = createTransactionManager(store, {
    processId,
    database: 1,
    waits: {
      lockTimeoutMs: () => 0,
      deadlockTimeoutMs: () => 1000,
      onInterrupt: () => () => false,
      checkInterrupts: () => {},
    } as never,
    describeRelation: (relation) => String(relation),
  });
  const real = createCatalog({
    store,
    database: 1,
    databaseName: 'template1',
    sessionId: processId,
    transaction: () => manager.current,
    userId: () => 10,
    sessionUserId: () => 10,
    searchPathSetting: () => 'public',
    ioSettings: {
      dateStyle: 'ISO',
      dateOrder: 'MDY',
      intervalStyle: 'postgres',
      timeZone: 'UTC',
      extraFloatDigits: 1,
      byteaOutput: 'hex',
      lcMonetary: 'C',
      xmlOption: 'content',
      transactionTimestamp: 0n,
      statementTimestamp: 0n,
    },
    icuRules: () => {
      throw new Error('no ICU here');
    },
  });
  const catalog: Catalog = Object.create(real, {
    relation: { value: (oid: number) => relations.get(oid) ?? real.relation(oid) },
    requireRelation: { value: (oid: number) => relations.get(oid) ?? real.requireRelation(oid) },
  });
  const session = { service: () => null, notice: () => {}, setting: () => null } as unknown as SessionServices;
  return { catalog, store, manager, session };
}

function contextOf(b: Bench, parameters: readonly { type: number; value: Value }[] = []): ExecutionContext {
  const transaction: Transaction =
    b.manager.current ?? b.manager.begin({ isolation: 'read committed', readOnly: false, deferrable: false });
  transaction.advanceCommand();
  return {
    catalog: b.catalog,
    store: b.store,
    transaction,
    view: transaction.statementView(),
    session: b.session,
    io: b.catalog.io,
    parameters,
    workMemBytes: 4 * 1024 * 1024,
    checkInterrupts: () => {},
    yieldToEventLoop: () => undefined,
    subqueries: null as never,
    instrument: false,
    userId: 10,
  };
}

async function run(
  b: Bench,
  plan: Plan,
  rangeTable: readonly RangeTableEntry[],
  parameters: readonly { type: number; value: Value }[] = [],
  subplans: readonly Plan[] = [],
): Promise<Row[]> {
  const planned: PlannedStatement = {
    kind: 'PlannedStatement',
    commandType: 'select',
    plan,
    rangeTable,
    subplans,
    paramExecTypes: [],
    hasReturning: false,
    hasModifyingCte: false,
    rowMarks: [],
    dependencies: [],
    catalogVersion: 0,
    dependsOnRole: false,
  };
  const execution = startExecution(planned, contextOf(b, parameters));
  const rows: Row[] = [];
  for (let batch = await execution.next(4096); batch !== null; batch = await execution.next(4096)) rows.push(...batch);
  await execution.close();
  return rows;
}

function variable(varno: number, attno: number, type: number): Var {
  return {
    kind: 'Var',
    varno,
    attno,
    type,
    typmod: -1,
    collation: type === text ? 100 : 0,
    levelsUp: 0,
    nullingRels: [],
    location: -1,
  };
}
function constant(type: number, value: Value): Expression {
  return { kind: 'Const', type, typmod: -1, collation: 0, value, location: -1 };
}
function target(expr: Expression, n: number, name: string | null = null, junk = false): TargetEntry {
  return { kind: 'TargetEntry', expr, resno: n, name, sortGroupRef: 0, originTable: 0, originColumn: 0, junk };
}
function targets(...exprs: Expression[]): TargetEntry[] {
  return exprs.map((expr, n) => target(expr, n + 1));
}
let nodeId = 0;
function common(targetList: readonly TargetEntry[], qual: readonly Expression[] = []) {
  nodeId += 1;
  return {
    startupCost: 0,
    totalCost: 0,
    planRows: 1,
    planWidth: 1,
    nodeId,
    targetList,
    qual,
    initPlans: [],
    externParams: [],
  };
}
function operatorOid(b: Bench, name: string, left: number, right: number): number {
  const found = b.catalog.operatorsNamed('pg_catalog', name, 'b').find((o) => o.left === left && o.right === right);
  if (found === undefined) throw new Error(`no operator ${name}`);
  return found.oid;
}
function op(b: Bench, name: string, left: Expression, right: Expression, type = bool): Expression {
  const types = [left, right].map((e) => ('type' in e ? e.type : bool));
  const operator = b.catalog.requireOperator(operatorOid(b, name, types[0] as number, types[1] as number));
  return {
    kind: 'OpExpr',
    operator: operator.oid,
    function: operator.function,
    type,
    returnsSet: false,
    collation: 0,
    inputCollation: types[0] === text ? 100 : 0,
    args: [left, right],
    location: -1,
  };
}
function functionOid(b: Bench, name: string, argTypes: readonly number[]): number {
  const found = b.catalog.functionsNamed('pg_catalog', name).find((f) => f.argTypes.join() === argTypes.join());
  if (found === undefined) throw new Error(`no function ${name}`);
  return found.oid;
}
function aggregate(b: Bench, name: string, args: readonly Expression[], type: number): Aggref {
  const argTypes = args.map((e) => ('type' in e ? e.type : 0));
  const oid = functionOid(b, name, argTypes);
  return {
    kind: 'Aggref',
    function: oid,
    type,
    collation: 0,
    inputCollation: 0,
    transitionType: b.catalog.aggregate(oid)?.transitionType ?? 0,
    argTypes,
    directArgs: [],
    args: targets(...args),
    orderBy: [],
    distinct: [],
    filter: null,
    star: args.length === 0,
    variadic: false,
    aggKind: 'n',
    levelsUp: 0,
    location: -1,
  };
}

let nextOid = 90000;

/** CREATE TABLE people (id int4 PRIMARY KEY, name text) */
function createPeople(): RelationDescriptor {
  const oid = nextOid++;
  const index: IndexDescriptor = {
    oid: nextOid++,
    name: 'people_pkey',
    table: oid,
    file: { database: 1, filenode: nextOid++, temporaryOwner: 0 },
    accessMethod: 'btree',
    isUnique: true,
    isPrimary: true,
    isExclusion: false,
    isImmediate: true,
    isValid: true,
    isReady: true,
    isReplicaIdentity: false,
    isClustered: false,
    nullsNotDistinct: false,
    keys: [
      { attribute: 1, type: int4, collation: 0, opclass: 1978, opfamily: 1976, descending: false, nullsFirst: false },
    ],
    includes: [],
    expressions: null,
    predicate: null,
    constraint: 0,
  };
  const attribute = (number: number, name: string, type: number, notNull: boolean) => ({
    number,
    name,
    type,
    typmod: -1,
    collation: type === text ? 100 : 0,
    notNull,
    hasDefault: false,
    defaultExpr: null,
    identity: '' as const,
    generated: '' as const,
    isDropped: false,
    statisticsTarget: -1,
    storage: 'p',
    compression: '',
    acl: null,
  });
  const relation = {
    oid,
    name: 'people',
    schema: 2200,
    schemaName: 'public',
    owner: 10,
    kind: 'r',
    persistence: 'p' as const,
    rowType: 0,
    accessMethod: 2,
    file: { database: 1, filenode: nextOid++, temporaryOwner: 0 },
    layout: { attributes: [] },
    isShared: false,
    hasIndexes: true,
    replicaIdentity: 'd',
    options: [],
    acl: null,
    ofType: 0,
    rowSecurity: false,
    forceRowSecurity: false,
    isPopulated: true,
    isPartition: false,
    rowEstimate: -1,
    pageEstimate: 0,
    attributes: [attribute(1, 'id', int4, true), attribute(2, 'name', text, false)],
    indexes: [index],
    constraints: [],
    referencedBy: [],
    triggers: [],
    hasRules: false,
    hasSubclass: false,
  } as unknown as RelationDescriptor;
  relations.set(oid, relation);
  return relation;
}

function entry(relation: RelationDescriptor): RangeTableEntry {
  return {
    kind: 'relation',
    relation: relation.oid,
    relkind: 'r',
    lockMode: 1,
    inherit: true,
    tableSample: null,
    permissions: null,
    alias: null,
    eref: { name: relation.name, columns: relation.attributes.map((a) => a.name) },
    lateral: false,
    inFromClause: true,
  };
}

function withLayout(b: Bench, relation: RelationDescriptor): RelationDescriptor {
  const layout = { attributes: relation.attributes.map((a) => ({ type: b.catalog.typeByOid(a.type), missing: null })) };
  const complete = { ...relation, layout };
  relations.set(relation.oid, complete);
  return complete;
}

function modify(operation: ModifyTable['operation'], outer: Plan, extra: Partial<ModifyTable> = {}): ModifyTable {
  return {
    ...common([]),
    kind: 'ModifyTable',
    operation,
    canSetTag: true,
    resultRelation: 1,
    outer,
    updateColumns: [],
    returningList: [],
    rowMarks: [],
    onConflict: null,
    mergeActions: [],
    mergeJoinCondition: null,
    withCheckOptions: [],
    evalPlanQualParam: 0,
    ...extra,
  };
}
function values(...rows: (readonly [number | null, string | null])[]): Plan {
  const make = (row: readonly [number | null, string | null]): Plan => ({
    ...common(targets(constant(int4, row[0]), constant(text, row[1]))),
    kind: 'Result',
    outer: null,
    constantQual: [],
  });
  return {
    ...common(targets(variable(outerVar, 1, int4), variable(outerVar, 2, text))),
    kind: 'Append',
    children: rows.map(make),
  };
}
function seqScan(
  quals: readonly Expression[] = [],
  list = targets(variable(1, 1, int4), variable(1, 2, text)),
): SeqScan {
  return { ...common(list, quals), kind: 'SeqScan', scanRtIndex: 1 };
}

async function peopleBench(): Promise<{ b: Bench; people: RelationDescriptor; table: RangeTableEntry[] }> {
  const b = await bench();
  b.manager.begin({ isolation: 'read committed', readOnly: false, deferrable: false });
  const people = withLayout(b, createPeople());
  const table = [entry(people)];
  await run(b, modify('insert', values([1, 'Ada'], [2, null], [3, 'Bob'], [4, 'Ada'])), table);
  return { b, people, table };
}

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
