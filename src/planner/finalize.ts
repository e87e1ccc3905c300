// Numbers the nodes of a finished plan and notes for each on which exec Params its rows depend: when one of them changes,
// the subtree is run again.
import type { Expression, SubPlan } from '../trees/expression.js';
import type { Plan } from '../trees/plan.js';
import { forEachChild } from './expressions/walk.js';
import { planChildren, planExpressions, withChildren } from '../trees/plan-children.js';
import type { RangeTableEntry } from '../trees/query.js';
import { mapRte } from './expressions/walk.js';

export interface FinishedPlans {
  readonly plan: Plan;
  readonly subplans: readonly Plan[];
}

/** Finishes the main plan and all subplans. */
export function finalizePlans(
  main: Plan,
  subplans: readonly Plan[],
  rangeTable: readonly RangeTableEntry[],
): FinishedPlans {
  const finisher = new Finisher(rangeTable, subplans);
  const done = subplans.map((_, index) => finisher.subplan(index + 1));
  const plan = finisher.finish(main).plan;
  return { plan, subplans: done };
}

interface Finished {
  readonly plan: Plan;
  readonly params: ReadonlySet<number>;
}

class Finisher {
  private nextId = 0;
  private readonly done = new Map<number, Finished>();

  constructor(
    private readonly rangeTable: readonly RangeTableEntry[],
    private readonly subplans: readonly Plan[],
  ) {}

  subplan(planId: number): Plan {
    return this.finishSubplan(planId).plan;
  }

  private finishSubplan(planId: number): Finished {
    const known = this.done.get(planId);
    if (known !== undefined) return known;
    const plan = this.subplans[planId - 1];
    if (plan === undefined) throw new Error(`planner: subplan ${planId} is missing`);
    const finished = this.finish(plan);
    this.done.set(planId, finished);
    return finished;
  }

  finish(plan: Plan): Finished {
    const nodeId = this.nextId++;
    const params = new Set<number>();
    for (const expression of planExpressions(plan)) this.collect(expression, params);
    if ('scanRtIndex' in plan) this.collectScan(plan, params);
    if (plan.kind === 'CteScan') params.add(plan.cteParam);
    if (plan.kind === 'WorkTableScan') params.add(plan.workTableParam);
    for (const init of plan.initPlans) {
      if (init.linkType === 'cte') continue;
      for (const param of this.finishSubplan(init.planId).params) params.add(param);
      for (const param of init.setParams) params.add(param);
    }
    const supplied = plan.kind === 'NestLoop' ? new Set(plan.parameters.map((item) => item.param)) : null;
    const children = planChildren(plan).map((child, index) => {
      const finished = this.finish(child);
      for (const param of finished.params) {
        if (index === 1 && supplied?.has(param) === true) continue;
        params.add(param);
      }
      return finished.plan;
    });
    if (plan.kind === 'RecursiveUnion') params.delete(plan.workTableParam);
    const externParams = [...params].sort((left, right) => left - right);
    return { plan: { ...withChildren(plan, children), nodeId, externParams } as Plan, params };
  }

  private collectScan(plan: Extract<Plan, { scanRtIndex: number }>, params: Set<number>): void {
    if (plan.kind !== 'FunctionScan' && plan.kind !== 'ValuesScan') return;
    const rte = this.rangeTable[plan.scanRtIndex - 1];
    if (rte === undefined) return;
    mapRte(rte, {
      expression: (node) => {
        this.collect(node, params);
        return node;
      },
      subquery: (query) => query,
    });
  }

  private collect(node: Expression, params: Set<number>): void {
    if (node.kind === 'Param' && node.paramKind === 'exec') params.add(node.id);
    if (node.kind === 'SubPlan') {
      this.collectSubPlan(node, params);
      return;
    }
    forEachChild(node, (child) => this.collect(child, params));
  }

  private collectSubPlan(node: SubPlan, params: Set<number>): void {
    const own = new Set<number>();
    for (const param of this.finishSubplan(node.planId).params) own.add(param);
    for (const param of node.parameterIds) own.delete(param);
    if (node.test !== null) {
      const inTest = new Set<number>();
      this.collect(node.test, inTest);
      for (const param of inTest) if (!node.paramIds.includes(param)) own.add(param);
    }
    for (const arg of node.args) this.collect(arg, own);
    for (const param of own) params.add(param);
  }
}
