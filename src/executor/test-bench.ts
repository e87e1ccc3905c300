// For the executor's tests: an in-memory store with PostgreSQL's catalogs in it, tables that exist only as descriptors,
// and short names for the parts of hand-made plans.
import { bootstrapCatalogs } from '../catalog/bootstrap.js';
import { createCatalog } from '../catalog/catalog.js';
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import '../functions/index.js';
import type { SessionServices } from '../functions/call-info.js';
import type { Store } from '../storage/api.js';
import { openStore } from '../storage/store.js';
import type { Transaction } from '../transaction/api.js';
import { createTransactionManager } from '../transaction/transaction.js';
import type { SessionTransactions } from '../transaction/transaction.js';
import { type Aggref, type Expression, type TargetEntry, type Var, outerVar } from '../trees/expression.js';
import type { ModifyTable, Plan, PlannedStatement, SeqScan } from '../trees/plan.js';
import type { RangeTableEntry } from '../trees/query.js';
import { sessionMemory } from '../types/memory.js';
import type { Row, Value } from '../types/value.js';
import type { ExecutionContext } from './api.js';
import { startExecution } from './execute.js';

export const int4 = 23;
export const text = 25;
export const bool = 16;
export const int8 = 20;

export interface Bench {
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

export async function bench(): Promise<Bench> {
  const store = await sharedStore();
  processId += 1;
  const manager = createTransactionManager(store, {
    processId,
    database: 1,
    waits: {
      lockTimeoutMs: () => 0,
      deadlockTimeoutMs: () => 1000,
      onInterrupt: () => () => undefined,
      checkInterrupts: () => undefined,
      showWait: () => undefined,
    },
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

export function contextOf(b: Bench, parameters: readonly { type: number; value: Value }[] = []): ExecutionContext {
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
    pipelines: { mode: 'off', threadCount: 1 },
    memory: sessionMemory(() => 0),
    checkInterrupts: () => {},
    yieldToEventLoop: () => undefined,
    subqueries: null as never,
    instrument: false,
    userId: 10,
  };
}

export async function run(
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

export function variable(varno: number, attno: number, type: number): Var {
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
export function constant(type: number, value: Value): Expression {
  return { kind: 'Const', type, typmod: -1, collation: 0, value, location: -1 };
}
export function target(expr: Expression, n: number, name: string | null = null, junk = false): TargetEntry {
  return { kind: 'TargetEntry', expr, resno: n, name, sortGroupRef: 0, originTable: 0, originColumn: 0, junk };
}
export function targets(...exprs: Expression[]): TargetEntry[] {
  return exprs.map((expr, n) => target(expr, n + 1));
}
let nodeId = 0;
export function common(targetList: readonly TargetEntry[], qual: readonly Expression[] = []) {
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
export function operatorOid(b: Bench, name: string, left: number, right: number): number {
  const found = b.catalog.operatorsNamed('pg_catalog', name, 'b').find((o) => o.left === left && o.right === right);
  if (found === undefined) throw new Error(`no operator ${name}`);
  return found.oid;
}
export function op(b: Bench, name: string, left: Expression, right: Expression, type = bool): Expression {
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
export function functionOid(b: Bench, name: string, argTypes: readonly number[]): number {
  const found = b.catalog.functionsNamed('pg_catalog', name).find((f) => f.argTypes.join() === argTypes.join());
  if (found === undefined) throw new Error(`no function ${name}`);
  return found.oid;
}
export function aggregate(b: Bench, name: string, args: readonly Expression[], type: number): Aggref {
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

/** The primary key of the table that createPeople makes. */
function peopleIndex(table: number): IndexDescriptor {
  return {
    oid: nextOid++,
    name: 'people_pkey',
    table,
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
}

/** CREATE TABLE people (id int4 PRIMARY KEY, name text) */
export function createPeople(): RelationDescriptor {
  const oid = nextOid++;
  const index = peopleIndex(oid);
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

export function entry(relation: RelationDescriptor): RangeTableEntry {
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

export function withLayout(b: Bench, relation: RelationDescriptor): RelationDescriptor {
  const layout = { attributes: relation.attributes.map((a) => ({ type: b.catalog.typeByOid(a.type), missing: null })) };
  const complete = { ...relation, layout };
  relations.set(relation.oid, complete);
  return complete;
}

export function modify(
  operation: ModifyTable['operation'],
  outer: Plan,
  extra: Partial<ModifyTable> = {},
): ModifyTable {
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
export function values(...rows: (readonly [number | null, string | null])[]): Plan {
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
export function seqScan(
  quals: readonly Expression[] = [],
  list = targets(variable(1, 1, int4), variable(1, 2, text)),
): SeqScan {
  return { ...common(list, quals), kind: 'SeqScan', scanRtIndex: 1 };
}

export async function peopleBench(): Promise<{ b: Bench; people: RelationDescriptor; table: RangeTableEntry[] }> {
  const b = await bench();
  b.manager.begin({ isolation: 'read committed', readOnly: false, deferrable: false });
  const people = withLayout(b, createPeople());
  const table = [entry(people)];
  await run(b, modify('insert', values([1, 'Ada'], [2, null], [3, 'Bob'], [4, 'Ada'])), table);
  return { b, people, table };
}

/** Puts a relation's descriptor (again) where every bench finds it. */
export function replaceRelation(relation: RelationDescriptor): void {
  relations.set(relation.oid, relation);
}
