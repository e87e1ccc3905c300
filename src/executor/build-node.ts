// From a plan to its running node tree: one constructor for each plan node. A node kind without one does not compile.
import type { Plan } from '../trees/plan.js';
import { AggNode } from './nodes/agg.js';
import { AppendNode, MergeAppendNode } from './nodes/append.js';
import { BitmapHeapScanNode } from './nodes/bitmap-scan.js';
import { FunctionScanNode } from './nodes/function-scan.js';
import { HashJoinNode } from './nodes/hash-join.js';
import { IndexScanNode } from './nodes/index-scan.js';
import { LimitNode } from './nodes/limit.js';
import { LockRowsNode } from './nodes/lock-rows.js';
import { MaterialNode, MemoizeNode } from './nodes/material.js';
import { MergeJoinNode } from './nodes/merge-join.js';
import { ModifyTableNode } from './nodes/modify-table.js';
import { ModifyViewNode } from './nodes/modify-view.js';
import { NestLoopNode } from './nodes/nest-loop.js';
import { RecursiveUnionNode } from './nodes/recursive-union.js';
import { OneRowNode, ProjectSetNode, ResultNode } from './nodes/result.js';
import { SampleScanNode } from './nodes/sample-scan.js';
import { SeqScanNode } from './nodes/seq-scan.js';
import { IncrementalSortNode, SortNode } from './nodes/sort.js';
import { NamedTuplestoreScanNode } from './nodes/named-tuplestore-scan.js';
import { CteScanNode, SubqueryScanNode, WorkTableScanNode } from './nodes/subquery-scan.js';
import { TidRangeScanNode, TidScanNode } from './nodes/tid-scan.js';
import { SetOpNode, UniqueNode } from './nodes/unique.js';
import { ValuesScanNode } from './nodes/values-scan.js';
import { WindowAggNode } from './nodes/window-agg.js';
import { instrumented } from './instrumentation.js';
import type { PlanNode, RunState } from './state.js';
import { registerInitPlans, resetInitPlans } from './subplan.js';

type Builders = { readonly [K in Plan['kind']]: (plan: Extract<Plan, { kind: K }>, x: RunState) => PlanNode };

const builders: Builders = {
  Result: (plan, x) => {
    const { outer } = plan;
    return outer === null ? new OneRowNode(x, plan) : new ResultNode(x, plan, outer);
  },
  ProjectSet: (plan, x) => new ProjectSetNode(x, plan),
  ModifyTable: (plan, x) =>
    isView(x, plan.resultRelation) ? new ModifyViewNode(x, plan) : new ModifyTableNode(x, plan),
  Append: (plan, x) => new AppendNode(x, plan),
  MergeAppend: (plan, x) => new MergeAppendNode(x, plan),
  RecursiveUnion: (plan, x) => new RecursiveUnionNode(x, plan),
  SeqScan: (plan, x) => new SeqScanNode(x, plan),
  SampleScan: (plan, x) => new SampleScanNode(x, plan),
  IndexScan: (plan, x) => new IndexScanNode(x, plan),
  IndexOnlyScan: (plan, x) => new IndexScanNode(x, plan),
  BitmapHeapScan: (plan, x) => new BitmapHeapScanNode(x, plan),
  BitmapIndexScan: onlyBelow,
  BitmapAnd: onlyBelow,
  BitmapOr: onlyBelow,
  TidScan: (plan, x) => new TidScanNode(x, plan),
  TidRangeScan: (plan, x) => new TidRangeScanNode(x, plan),
  SubqueryScan: (plan, x) => new SubqueryScanNode(x, plan),
  FunctionScan: (plan, x) => new FunctionScanNode(x, plan),
  ValuesScan: (plan, x) => new ValuesScanNode(x, plan),
  CteScan: (plan, x) => new CteScanNode(x, plan),
  NamedTuplestoreScan: (plan, x) => new NamedTuplestoreScanNode(x, plan),
  WorkTableScan: (plan, x) => new WorkTableScanNode(x, plan),
  NestLoop: (plan, x) => new NestLoopNode(x, plan),
  MergeJoin: (plan, x) => new MergeJoinNode(x, plan),
  HashJoin: (plan, x) => new HashJoinNode(x, plan),
  Hash: onlyBelow,
  Material: (plan, x) => new MaterialNode(x, plan),
  Memoize: (plan, x) => new MemoizeNode(x, plan),
  Sort: (plan, x) => new SortNode(x, plan),
  IncrementalSort: (plan, x) => new IncrementalSortNode(x, plan),
  Group: (plan, x) => new UniqueNode(x, plan),
  Agg: (plan, x) => new AggNode(x, plan),
  WindowAgg: (plan, x) => new WindowAggNode(x, plan),
  Unique: (plan, x) => new UniqueNode(x, plan),
  SetOp: (plan, x) => new SetOpNode(x, plan),
  LockRows: (plan, x) => new LockRowsNode(x, plan),
  Limit: (plan, x) => new LimitNode(x, plan),
};

/** Makes the running form of a plan; nothing runs before its first `next`. */
export function buildNode(plan: Plan, x: RunState): PlanNode {
  if (plan.initPlans.length > 0) registerInitPlans(x, plan.initPlans);
  const build = builders[plan.kind] as (plan: Plan, x: RunState) => PlanNode;
  let node = build(plan, x);
  const dependent = plan.initPlans.filter((init) => dependsOnParams(x, init.planId));
  if (dependent.length > 0) {
    const rescan = node.rescan.bind(node);
    node.rescan = () => {
      resetInitPlans(x, dependent);
      rescan();
    };
  }
  if (x.context.instrument) node = instrumented(plan, node, x);
  return node;
}

/** Of a written relation: its changes go to INSTEAD OF triggers. */
function isView(x: RunState, rtIndex: number): boolean {
  const entry = x.unit.rangeTable[rtIndex - 1];
  return entry?.kind === 'relation' && entry.relkind === 'v';
}

function dependsOnParams(x: RunState, planId: number): boolean {
  return (x.planned?.subplans[planId - 1]?.externParams.length ?? 0) > 0;
}

function onlyBelow(plan: Plan): never {
  throw new Error(`${plan.kind} does not run by itself`);
}
