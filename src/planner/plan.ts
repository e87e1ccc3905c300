// The planner's verb: a bound, rewritten query goes in, a planned statement comes out.
import type { PlannedStatement, Plan } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import type { PlannerContext } from './api.js';
import { createPlan } from './create-plan/create-plan.js';
import { materialPlan } from './create-plan/plan-base.js';
import { finalizePlans } from './finalize.js';
import { cheapestFractional } from './paths/add-path.js';
import type { PlannerGlobal } from './planner-info.js';
import { planQuery } from './plan-query.js';
import { flattenJoinAliases } from './prep/aliases.js';
import { required } from './require.js';
import { setReferences } from './set-references.js';
import { readSettings } from './settings.js';

/** Plans a query. Synchronous; throws PostgreSQL's errors for what can't be planned (0A000) and those of constant
 *  expressions that are evaluated on the way (22012, ...). */
export function plan(query: Query, context: PlannerContext): PlannedStatement {
  const { catalog } = context;
  const global: PlannerGlobal = {
    context,
    catalog,
    settings: readSettings((name) => context.setting(name)),
    subplans: [],
    paramExecTypes: [],
    dependencies: new Set(),
    rangeTable: [],
    rowMarks: [],
    nextRowMarkId: 0,
    nextPlaceHolderId: 0,
    usesParameterValues: false,
    dependsOnRole: false,
  };
  const fraction = context.cursor?.fast === true ? global.settings.cursorTupleFraction : 0;
  const root = planQuery(global, flattenJoinAliases(query), null, {
    hasRecursion: false,
    tupleFraction: fraction >= 1 ? 0 : fraction,
  });
  const best = cheapestFractional(required(root.finalRel, 'final relation'), fraction);
  let top = createPlan(root, best);
  // A scrollable cursor must be able to fetch backwards.
  if (context.cursor?.scroll === true && !supportsBackward(top)) {
    const { initPlans } = top;
    top = { ...materialPlan({ ...top, initPlans: [] }, global.settings), initPlans };
  }
  const main = setReferences(root, top);
  const subplans = global.subplans.map((entry) =>
    setReferences(required(entry.root, 'subplan root'), required(entry.plan, 'subplan')),
  );
  for (const rte of global.rangeTable) if (rte.kind === 'relation') global.dependencies.add(rte.relation);
  const finished = finalizePlans(main, subplans, global.rangeTable);
  return {
    kind: 'PlannedStatement',
    commandType: query.commandType,
    plan: finished.plan,
    rangeTable: global.rangeTable,
    subplans: finished.subplans,
    paramExecTypes: global.paramExecTypes,
    hasReturning: query.returningList.length > 0,
    hasModifyingCte: query.hasModifyingCte,
    rowMarks: global.rowMarks,
    dependencies: [...global.dependencies],
    catalogVersion: catalog.version(),
    dependsOnRole: global.dependsOnRole,
  };
}

function supportsBackward(top: Plan): boolean {
  switch (top.kind) {
    case 'SeqScan':
    case 'IndexScan':
    case 'IndexOnlyScan':
    case 'FunctionScan':
    case 'ValuesScan':
    case 'CteScan':
    case 'Material':
    case 'Sort':
      return true;
    case 'Limit':
      return supportsBackward(top.outer);
    default:
      return false;
  }
}
