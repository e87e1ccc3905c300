// Running subplans: one node tree per SubPlan and execution, rescanned for each new set of outer values; initplans run
// once and set their exec parameters.
import { defined } from '../errors/unreachable.js';
import type { SubPlan } from '../trees/expression.js';
import { buildNode } from './build-node.js';
import { arrayOf, onlyRow } from './expressions/sub-plans.js';
import { valueBytes } from '../types/value-size.js';
import type { Batch, InitPlanState, PlanNode, RunState } from './state.js';
import { watchGrowth } from '../types/memory.js';

export class SubPlanState {
  private node: PlanNode | null = null;
  private ended = false;

  constructor(
    private readonly x: RunState,
    readonly subPlan: SubPlan,
  ) {}

  /** Sets the correlation parameters and begins anew. */
  start(args: readonly import('../types/value.js').Value[]): void {
    const { parameterIds } = this.subPlan;
    for (const [n, param] of parameterIds.entries()) {
      this.x.p[param] = args[n] ?? null;
      this.x.touch(param);
    }
    if (this.node === null) {
      const planned = defined(this.x.planned, 'planned statement of a subplan');
      this.node = buildNode(defined(planned.subplans[this.subPlan.planId - 1], 'subplan'), this.x);
    } else this.node.rescan();
    this.ended = false;
  }

  async next(rowCountMax: number): Promise<Batch | null> {
    if (this.ended) return null;
    const batch = await defined(this.node, 'started subplan').next(rowCountMax);
    if (batch === null) this.ended = true;
    return batch;
  }

  close(): void {
    this.node?.close();
    this.node = null;
  }
}

/** The state of a SubPlan in this execution, made at its first use. */
export function subPlanState(x: RunState, subPlan: SubPlan): SubPlanState {
  let state = x.subPlanStates.get(subPlan);
  if (state === undefined) {
    state = new SubPlanState(x, subPlan);
    x.subPlanStates.set(subPlan, state);
  }
  return state;
}

/** Makes a node's initplans known under the parameters they set. */
export function registerInitPlans(x: RunState, initPlans: readonly SubPlan[]): void {
  for (const subPlan of initPlans) {
    if (subPlan.linkType === 'cte') continue;
    const plan: InitPlanState = { evaluate: () => evaluateInitPlan(x, subPlan) };
    for (const param of subPlan.setParams) {
      x.initPlans.set(param, plan);
      // A tree that was closed and is built anew must not find the values of its former run.
      if (x.p[param] === undefined) continue;
      x.p[param] = undefined;
      x.touch(param);
    }
  }
}

/** Forgets the initplans' values, so that the next use computes them again. */
export function resetInitPlans(x: RunState, initPlans: readonly SubPlan[]): void {
  for (const subPlan of initPlans) {
    if (subPlan.linkType === 'cte') continue;
    for (const param of subPlan.setParams) {
      x.p[param] = undefined;
      x.touch(param);
    }
  }
}

async function evaluateInitPlan(x: RunState, subPlan: SubPlan): Promise<void> {
  const state = subPlanState(x, subPlan);
  state.start([]);
  const [first] = subPlan.setParams;
  if (first === undefined) return;
  if (subPlan.linkType === 'exists') {
    x.p[first] = (await state.next(1)) !== null;
  } else if (subPlan.linkType === 'array') {
    const elements: import('../types/value.js').Value[] = [];
    for (let batch = await state.next(4096); batch !== null; batch = await state.next(4096)) {
      for (const row of batch) {
        const element = row[0] ?? null;
        watchGrowth(elements);
        elements.push(element);
        x.memory.charge(8 + valueBytes(element));
      }
    }
    x.p[first] = arrayOf(x, subPlan.firstType, elements);
  } else {
    const row = await onlyRow(state);
    subPlan.setParams.forEach((param, n) => {
      x.p[param] = row === null ? null : (row[n] ?? null);
    });
  }
  state.close();
}
