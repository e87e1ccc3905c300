// What programs of one plan (or one stored expression) are compiled against and share: catalog, range table, the list of
// call sites whose CallInfo each execution makes for itself. Cached with the plan, never holds run state.
import type { Catalog } from '../../catalog/api.js';
import type { SubPlan } from '../../trees/expression.js';
import type { Plan, PlannedStatement } from '../../trees/plan.js';
import type { RangeTableEntry } from '../../trees/query.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';

export interface CallSite {
  readonly argTypes: readonly TypeDescriptor[];
  readonly resultType: TypeDescriptor;
  readonly collation: number;
  readonly isVariadic: boolean;
  readonly columns: readonly { readonly name: string; readonly type: number; readonly typmod: number }[] | null;
}

export class CompileUnit {
  readonly callSites: CallSite[] = [];
  /** Exec parameters that initplans set. */
  readonly initPlanParams = new Map<number, SubPlan>();
  /** Subplan of each CTE by the parameter that stands for its rows. */
  readonly ctePlans = new Map<number, number>();
  private readonly programs = new Map<object, unknown>();

  constructor(
    readonly catalog: Catalog,
    readonly catalogVersion: number,
    readonly rangeTable: readonly RangeTableEntry[],
  ) {}

  /** A node's compiled programs, made once per plan. */
  cached<T>(key: object, make: () => T): T {
    let program = this.programs.get(key);
    if (program === undefined) {
      program = make();
      this.programs.set(key, program);
    }
    return program as T;
  }

  addCallSite(site: CallSite): number {
    return this.callSites.push(site) - 1;
  }

  /** Text compared under this collation is equal exactly when its code points are. */
  isDeterministic(collation: number): boolean {
    if (collation === 0) return true;
    return this.catalog.collation(collation)?.deterministic ?? true;
  }
}

const units = new WeakMap<PlannedStatement, CompileUnit>();

/** The compile unit of a planned statement, shared by all its executions. */
export function unitOf(planned: PlannedStatement, catalog: Catalog): CompileUnit {
  let unit = units.get(planned);
  if (unit === undefined || unit.catalogVersion !== catalog.version()) {
    unit = new CompileUnit(catalog, catalog.version(), planned.rangeTable);
    collectInitPlans(unit, planned.plan);
    for (const plan of planned.subplans) collectInitPlans(unit, plan);
    units.set(planned, unit);
  }
  return unit;
}

function collectInitPlans(unit: CompileUnit, plan: Plan): void {
  for (const init of plan.initPlans) {
    if (init.linkType === 'cte') continue;
    for (const param of init.setParams) unit.initPlanParams.set(param, init);
  }
  if (plan.kind === 'CteScan') unit.ctePlans.set(plan.cteParam, plan.ctePlanId);
  for (const child of planChildren(plan)) collectInitPlans(unit, child);
}

/** The plans below a node, in order (subplans in expressions not included). */
export function planChildren(plan: Plan): readonly Plan[] {
  const children: Plan[] = [];
  if ('outer' in plan && plan.outer !== null) children.push(plan.outer);
  if ('inner' in plan) children.push(plan.inner);
  if ('children' in plan) children.push(...plan.children);
  if ('subplan' in plan) children.push(plan.subplan);
  return children;
}
