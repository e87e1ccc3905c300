// The aggregates of a query level: which there are, what they cost, whether groups may be hashed.
import type { Aggref, Expression } from '../../trees/expression.js';
import { expressionCost } from '../costs/expression-cost.js';
import type { AggregateCosts } from '../costs/costs.js';
import { isMember } from '../expressions/equal.js';
import { forEachChild } from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';
import { typeWidth } from '../rels/widths.js';
import { expressionWidth } from '../rels/widths.js';

/** Distinct aggregates of this level within the expressions. */
export function collectAggregates(list: readonly Expression[]): Aggref[] {
  const result: Aggref[] = [];
  const walk = (node: Expression): void => {
    if (node.kind === 'Aggref' && node.levelsUp === 0) {
      if (!isMember(node, result)) result.push(node);
      return;
    }
    forEachChild(node, walk);
  };
  list.forEach(walk);
  return result;
}

const internalType = 2281;
/** Bytes that an aggregate with an internal state is taken to use. */
const internalStateBytes = 8192;

/** Cost of computing aggregates for each input row and each group. */
export function aggregateCosts(root: PlannerInfo, aggregates: readonly Aggref[]): AggregateCosts {
  const { catalog, settings } = root.global;
  let transitionStartup = 0;
  let transitionPerTuple = 0;
  let finalPerTuple = 0;
  let transitionSpace = 0;
  for (const node of aggregates) {
    const descriptor = catalog.aggregate(node.function);
    if (descriptor === null) continue;
    transitionPerTuple += settings.cpuOperatorCost * (catalog.function(descriptor.transitionFunction)?.cost ?? 1);
    if (descriptor.finalFunction !== 0) {
      finalPerTuple += settings.cpuOperatorCost * (catalog.function(descriptor.finalFunction)?.cost ?? 1);
    }
    const inputs = [...node.args.map((entry) => entry.expr), ...(node.filter === null ? [] : [node.filter])];
    for (const expr of inputs) {
      const cost = expressionCost(root, expr);
      transitionStartup += cost.startup;
      transitionPerTuple += cost.perTuple;
    }
    for (const expr of node.directArgs) {
      const cost = expressionCost(root, expr);
      transitionStartup += cost.startup;
      finalPerTuple += cost.perTuple;
    }
    const type = catalog.findTypeByOid(node.transitionType || descriptor.transitionType);
    if (descriptor.transitionType === internalType) transitionSpace += internalStateBytes;
    else if (type !== null && !type.byValue) {
      const [first] = node.args;
      const width =
        first !== undefined && type.oid === node.argTypes[0]
          ? expressionWidth(root, first.expr)
          : typeWidth(catalog, type.oid, -1);
      transitionSpace += Math.ceil(width / 8) * 8 + 16;
    }
  }
  return {
    transitionStartup,
    transitionPerTuple,
    finalStartup: 0,
    finalPerTuple,
    transitionSpace,
    transitionCount: aggregates.length,
  };
}

/** DISTINCT and ORDER BY inside an aggregate, and ordered-set aggregates, need sorted groups. */
export function mayHash(aggregates: readonly Aggref[]): boolean {
  return aggregates.every((node) => node.distinct.length === 0 && node.orderBy.length === 0);
}
