// EXPLAIN ANALYZE: how often each trigger of a statement was called, and how long it took.
import type { RelationDescriptor, TriggerDescriptor } from '../../catalog/descriptors.js';
import type { Awaitable } from '../../base/awaitable.js';
import type { TriggerInstrumentation } from '../api.js';
import type { RunState } from '../state.js';

interface Counters {
  readonly relation: RelationDescriptor;
  readonly trigger: TriggerDescriptor;
  totalMs: number;
  callCount: number;
}

const countersOf = new WeakMap<RunState, Map<number, Counters>>();

/** Runs a trigger's work, and counts it where the statement is measured. */
export function timed<T>(
  statement: RunState,
  relation: RelationDescriptor,
  trigger: TriggerDescriptor,
  callCount: number,
  work: () => Awaitable<T>,
): Awaitable<T> {
  if (!statement.context.instrument) return work();
  return measured(countersFor(statement, relation, trigger), callCount, work);
}

async function measured<T>(counters: Counters, callCount: number, work: () => Awaitable<T>): Promise<T> {
  const started = performance.now();
  counters.callCount += callCount;
  try {
    return await work();
  } finally {
    counters.totalMs += performance.now() - started;
  }
}

function countersFor(statement: RunState, relation: RelationDescriptor, trigger: TriggerDescriptor): Counters {
  let byTrigger = countersOf.get(statement);
  if (byTrigger === undefined) {
    byTrigger = new Map();
    countersOf.set(statement, byTrigger);
  }
  let counters = byTrigger.get(trigger.oid);
  if (counters === undefined) {
    counters = { relation, trigger, totalMs: 0, callCount: 0 };
    byTrigger.set(trigger.oid, counters);
  }
  return counters;
}

/** What was measured: by relation in the order of their first trigger, then by the triggers' names. */
export function triggerInstrumentation(statement: RunState): readonly TriggerInstrumentation[] {
  const all = [...(countersOf.get(statement)?.values() ?? [])];
  const relations = [...new Set(all.map(({ relation }) => relation.oid))];
  const place = ({ relation }: Counters): number => relations.indexOf(relation.oid);
  const byName = (left: Counters, right: Counters): number => (left.trigger.name < right.trigger.name ? -1 : 1);
  return all
    .sort((left, right) => place(left) - place(right) || byName(left, right))
    .map(({ relation, trigger, totalMs, callCount }) => ({
      name: trigger.name,
      constraint: trigger.constraint,
      relation: relation.name,
      totalMs,
      callCount,
    }));
}
