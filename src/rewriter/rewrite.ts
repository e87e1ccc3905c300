// The rewriter's verb: a bound query in, the queries to plan out. Target lists get their defaults, updatable views become
// their base tables, views in FROM become subqueries. Rules and row security raise 0A000.
import { notSupported } from '../errors/pg-error.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { expandArguments } from '../catalog/expand-arguments.js';
import type { FuncExpr, WindowFunc } from '../trees/expression.js';
import type { Query } from '../trees/query.js';
import { mapQueryDeep } from '../trees/walk.js';
import type { RewriteContext } from './context.js';
import { completeTargetLists } from './target-list.js';
import { expandSearchAndCycle } from './search-cycle.js';
import { changesByTriggers, rewriteTriggeredView } from './triggered-view.js';
import { rewriteUpdatableView } from './updatable-view.js';
import { expandViews } from './views.js';

/** Rewrites a bound query. Throws 428C9, 55000, 0A000, 42P17. */
export function rewrite(query: Query, context: RewriteContext): readonly Query[] {
  const targeted = rewriteTargets(query, context);
  const expanded = expandViews(targeted, context, []);
  return [mapQueryDeep(expanded, (node) => (isCall(node) ? expandCall(node, context) : undefined))];
}

function isCall(node: Parameters<typeof expandArguments>[1]): node is FuncExpr | WindowFunc {
  return node.kind === 'FuncExpr' || node.kind === 'WindowFunc';
}

/** A call whose arguments are not complete yet; the others are left to the walk. */
function expandCall(node: Parameters<typeof expandArguments>[1], context: RewriteContext): typeof node | undefined {
  if (!isCall(node)) return undefined;
  const fn = context.catalog.function(node.function);
  const complete =
    fn === null || (node.args.length >= fn.argTypes.length && !node.args.some((arg) => arg.kind === 'NamedArgExpr'));
  return complete ? undefined : expandArguments(context.catalog, node);
}

/** DML of the query itself and of its CTEs, recursive CTEs' SEARCH and CYCLE. */
function rewriteTargets(query: Query, context: RewriteContext): Query {
  const ctes = query.ctes.map((cte) => {
    const expanded = expandSearchAndCycle(cte, context);
    return { ...expanded, query: rewriteTargets(expanded.query, context) };
  });
  let current: Query = ctes.length === 0 ? query : { ...query, ctes };
  if (current.commandType === 'select') return current;
  for (;;) {
    const target = current.rangeTable[current.resultRelation - 1];
    if (target?.kind !== 'relation') return current;
    const relation = context.catalog.requireRelation(target.relation);
    refuseRules(relation);
    current = completeTargetLists(current, relation, context);
    if (relation.kind !== 'v') return current;
    if (changesByTriggers(current, relation)) return rewriteTriggeredView(current, relation);
    current = rewriteUpdatableView(current, relation, context);
  }
}

function refuseRules(relation: RelationDescriptor): void {
  if (relation.rowSecurity) throw notSupported('row-level security');
  if (relation.hasRules && relation.kind !== 'v') throw notSupported('a rule on a table');
}
