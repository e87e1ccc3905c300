// Which plan a prepared statement runs with: a generic one, made once, or one made for the parameter values. PostgreSQL's
// rule (manual, PREPARE): five custom plans, then the generic one if it costs no more than those did on average; what the
// protocol prepares begins with the generic one where another session of the worker has found that out.
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import { planQuery } from './corridor.js';
import type { ParameterValue } from './parameters.js';
import type { SharedPlans } from './plan-cache/shared-plans.js';
import type { Session } from './session.js';

/** Custom plans that are made before the generic one is considered. */
const customPlansFirst = 5;
/** What planning once is worth, in cost units a relation: PostgreSQL's 1000 * cpu_operator_cost. */
const planningCostPerRelation = 2.5;

/** A prepared statement's plans and their costs. */
export class PlanChoice {
  genericPlanCount = 0;
  customPlanCount = 0;
  private generic: PlannedStatement | null = null;
  private customCost = 0;
  /** The generic plan is one that another session settled on. */
  private isShared = false;

  /** Forgets the plans: the catalogs moved. The counts go on. */
  forget(): void {
    this.generic = null;
    this.isShared = false;
  }

  /** The plan to run `query` with for these values; `shared`: what other sessions know of it. */
  choose(
    session: Session,
    query: Query,
    parameters: readonly ParameterValue[],
    shared: SharedPlans | null = null,
  ): PlannedStatement {
    if (this.generic === null && shared !== null) {
      this.generic = shared.find(session);
      this.isShared = this.generic !== null;
    }
    if (this.wantsCustom(session, query, parameters)) {
      const plan = planQuery(session, query, parameters);
      this.customPlanCount++;
      this.customCost += plan.plan.totalCost + planningCost(query);
      return plan;
    }
    this.genericPlanCount++;
    const generic = this.genericPlan(session, query);
    if (!this.isShared && shared !== null && this.settled(session, parameters.length) === generic) {
      shared.keep(session, generic);
      this.isShared = true;
    }
    return generic;
  }

  /** The plan that every value of `parameterCount` parameters runs with; null where that isn't settled (yet). */
  settled(session: Session, parameterCount: number): PlannedStatement | null {
    const { generic } = this;
    if (generic === null || parameterCount === 0) return generic;
    const mode = session.settings.text('plan_cache_mode');
    if (mode === 'force_custom_plan') return null;
    if (mode === 'force_generic_plan' || this.isShared) return generic;
    if (this.customPlanCount < customPlansFirst) return null;
    return generic.plan.totalCost < this.customCost / this.customPlanCount ? generic : null;
  }

  private wantsCustom(session: Session, query: Query, parameters: readonly ParameterValue[]): boolean {
    if (parameters.length === 0) return false;
    const mode = session.settings.text('plan_cache_mode');
    if (mode === 'force_generic_plan') return false;
    if (mode === 'force_custom_plan') return true;
    if (this.isShared) return false;
    if (this.customPlanCount < customPlansFirst) return true;
    return this.genericPlan(session, query).plan.totalCost >= this.customCost / this.customPlanCount;
  }

  private genericPlan(session: Session, query: Query): PlannedStatement {
    this.generic ??= planQuery(session, query, null);
    return this.generic;
  }
}

function planningCost(query: Query): number {
  return planningCostPerRelation * (query.rangeTable.length + 1);
}
