// EXPLAIN ANALYZE: a node wrapped so that its calls are timed and its rows counted, by nodeId.
import type { Plan } from '../trees/plan.js';
import type { NodeInstrumentation } from './api.js';
import type { Batch, PlanNode, RunState } from './state.js';

interface Counters {
  startupMs: number;
  totalMs: number;
  rowCount: number;
  loopCount: number;
  /** Rows that such a node dropped. */
  filteredRowCount: number;
  readonly nodes: PlanNode[];
}

const countersOf = new WeakMap<RunState, Map<number, Counters>>();

/** The node, observed. */
export function instrumented(plan: Plan, node: PlanNode, x: RunState): PlanNode {
  const counters = countersFor(plan, x);
  counters.nodes.push(node);
  return observe(node, counters);
}

/** One run of a plan node that another node does the work of. */
export function noteRun(plan: Plan, x: RunState, rowCount: number, elapsedMs: number, filteredCount = 0): void {
  const counters = countersFor(plan, x);
  counters.filteredRowCount += filteredCount;
  counters.loopCount += 1;
  counters.rowCount += rowCount;
  counters.startupMs += elapsedMs;
  counters.totalMs += elapsedMs;
}

function countersFor(plan: Plan, x: RunState): Counters {
  let byNode = countersOf.get(x);
  if (byNode === undefined) {
    byNode = new Map();
    countersOf.set(x, byNode);
  }
  let counters = byNode.get(plan.nodeId);
  if (counters === undefined) {
    counters = { startupMs: 0, totalMs: 0, rowCount: 0, loopCount: 0, filteredRowCount: 0, nodes: [] };
    byNode.set(plan.nodeId, counters);
  }
  return counters;
}

function observe(node: PlanNode, counters: Counters): PlanNode {
  const next = node.next.bind(node);
  const rescan = node.rescan.bind(node);
  let isFresh = true;
  let loopMs = 0;
  const account = (started: number, batch: Batch | null): Batch | null => {
    const elapsed = performance.now() - started;
    loopMs += elapsed;
    counters.totalMs += elapsed;
    if (isFresh) {
      isFresh = false;
      counters.loopCount += 1;
      counters.startupMs += loopMs;
    }
    if (batch !== null) counters.rowCount += batch.length;
    return batch;
  };
  node.next = (rowCountMax) => {
    const started = performance.now();
    const batch = next(rowCountMax);
    return batch instanceof Promise ? batch.then((rows) => account(started, rows)) : account(started, batch);
  };
  node.rescan = () => {
    isFresh = true;
    loopMs = 0;
    rescan();
  };
  return node;
}

/** What was measured, indexed by nodeId; nodes that never ran count no loop. */
export function instrumentationOf(x: RunState): readonly NodeInstrumentation[] {
  const result: NodeInstrumentation[] = [];
  for (const [nodeId, counters] of countersOf.get(x) ?? []) {
    const sum = (pick: (node: PlanNode) => number | undefined) =>
      counters.nodes.reduce((total, node) => total + (pick(node) ?? 0), 0);
    result[nodeId] = {
      startupMs: counters.startupMs,
      totalMs: counters.totalMs,
      rowCount: counters.rowCount,
      loopCount: counters.loopCount,
      filteredRowCount: counters.filteredRowCount + sum((node) => node.filtered),
      joinFilteredRowCount: sum((node) => node.joinFiltered),
      extra: Object.assign({}, ...counters.nodes.map((node) => node.extra?.() ?? {})) as Record<
        string,
        string | number
      >,
    };
  }
  return result;
}
