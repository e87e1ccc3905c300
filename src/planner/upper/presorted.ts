// Aggregates with ORDER BY or DISTINCT whose input the plan sorts once for all of them, together with the groups:
//   SELECT g, sum(x ORDER BY y), max(x ORDER BY y) FROM t GROUP BY g   ->   Sort by g, y below the Agg
// The order that suits most aggregates wins, the earlier one among equals; the others sort their own inputs.
import type { Aggref, Expression } from '../../trees/expression.js';
import { equalTrees } from '../expressions/equal.js';
import { mapTargetList, rewriteTopDown } from '../expressions/walk.js';
import type { PathKey } from '../path.js';
import { appendKey, comparePathKeys, pathKeysForClauses } from '../paths/pathkeys.js';
import type { PlannerInfo } from '../planner-info.js';
import { collectAggregates } from './aggregates.js';

/** Extends `root.groupPathKeys` by the best order and marks its aggregates in the target list and HAVING. */
export function presortAggregates(root: PlannerInfo): void {
  if (!root.global.settings.enable.presorted_aggregate || root.query.groupingSets.length > 0) return;
  const having = root.query.having;
  const expressions = root.processedTargetList.map((entry) => entry.expr);
  const aggregates = collectAggregates(having === null ? expressions : [...expressions, having]);
  const best = bestOrder(root, aggregates.filter(mayPresort));
  if (best === null) return;
  root.groupPathKeys = best.keys;
  const mark = (expression: Expression): Expression =>
    rewriteTopDown(expression, (node) => {
      if (node.kind !== 'Aggref') return null;
      return best.aggregates.some((aggregate) => equalTrees(aggregate, node)) ? { ...node, presorted: true } : node;
    });
  root.processedTargetList = mapTargetList(root.processedTargetList, mark);
  if (having !== null) root.query.having = mark(having);
}

/** Arguments of an aggregate with FILTER are computed for rows that it drops when these are sorted: only columns, which
 *  can't fail. */
function mayPresort(aggregate: Aggref): boolean {
  if (aggregate.aggKind !== 'n' || (aggregate.orderBy.length === 0 && aggregate.distinct.length === 0)) return false;
  if (aggregate.filter === null) return true;
  return aggregate.args.every(({ expr }) => {
    let inner = expr;
    while (inner.kind === 'RelabelType') inner = inner.arg;
    return inner.kind === 'Var' || inner.kind === 'Const';
  });
}

interface Order {
  readonly keys: PathKey[];
  readonly aggregates: readonly Aggref[];
}

function bestOrder(root: PlannerInfo, candidates: readonly Aggref[]): Order | null {
  const wanted = candidates.flatMap((aggregate) => {
    const clauses = aggregate.distinct.length > 0 ? aggregate.distinct : aggregate.orderBy;
    const own = pathKeysForClauses(root, clauses, aggregate.args);
    if (own.some((key) => key.ec.hasVolatile) || clauses.some((clause) => clause.sortOperator === 0)) return [];
    const keys = [...root.groupPathKeys];
    for (const key of own) appendKey(keys, key);
    return [{ aggregate, keys }];
  });
  let best: Order | null = null;
  let left = wanted;
  for (let [first] = left; first !== undefined; [first] = left) {
    let { keys } = first;
    const covered: typeof wanted = [];
    for (const item of left) {
      const relation = comparePathKeys(keys, item.keys);
      if (relation === 'different') continue;
      if (relation === 'worse') keys = item.keys;
      covered.push(item);
    }
    left = left.filter((item) => !covered.includes(item));
    if (covered.length > (best?.aggregates.length ?? 0))
      best = { keys, aggregates: covered.map((item) => item.aggregate) };
  }
  return best;
}
