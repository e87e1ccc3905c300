// Parameters that carry values between query levels and from the outer to the inner side of nested loops.
import type { Expression, Param, PlaceHolderVar, Var } from '../trees/expression.js';
import { equalTrees } from './expressions/equal.js';
import { execParam } from './expressions/make.js';
import { typeOf } from './expressions/typing.js';
import { mapChildren, rewriteTopDown, shiftLevels } from './expressions/walk.js';
import type { PlannerGlobal, PlannerInfo } from './planner-info.js';
import { relidsOf, isSubset, contains, overlaps } from './relids.js';
import { requireRoot } from './require.js';

/** A new exec Param of the given type. */
export function newParamId(global: PlannerGlobal, type: number): number {
  global.paramExecTypes.push(type);
  return global.paramExecTypes.length - 1;
}

/** Replaces references to outer query levels by exec Params that those levels will supply. */
export function replaceOuterReferences(root: PlannerInfo, expression: Expression): Expression {
  if (root.parent === null) return expression;
  const walk = (node: Expression): Expression => {
    switch (node.kind) {
      case 'Var':
      case 'PlaceHolderVar':
      case 'Aggref':
      case 'GroupingFunc':
        if (node.levelsUp > 0) return outerParam(root, node);
        return mapChildren(node, walk);
      default:
        return mapChildren(node, walk);
    }
  };
  return walk(expression);
}

function outerParam(root: PlannerInfo, node: Extract<Expression, { levelsUp: number }>): Param {
  let owner = root;
  for (let level = node.levelsUp; level > 0; level--) owner = requireRoot(owner.parent);
  const local = shiftLevels({ ...node, levelsUp: 0 } as Expression, -node.levelsUp, node.levelsUp);
  return supplyFrom(owner, local);
}

/** The Param under which `owner` hands `item` to queries below it. */
export function supplyFrom(owner: PlannerInfo, item: Expression): Param {
  const known = owner.plannerParams.find((entry) => equalTrees(entry.item, item));
  if (known !== undefined) return execParam(known.paramId, item);
  const paramId = newParamId(owner.global, typeOf(item));
  owner.plannerParams.push({ item, paramId });
  return execParam(paramId, item);
}

/** Replaces Vars of enclosing nested loops' outer relations by Params, and asks those loops to set them. */
export function replaceNestLoopVars(root: PlannerInfo, expression: Expression): Expression {
  if (root.currentOuterRels === 0n) return expression;
  return rewriteTopDown(expression, (node) => {
    if (node.kind === 'Var') {
      return node.levelsUp === 0 && contains(root.currentOuterRels, node.varno) ? nestLoopParam(root, node) : node;
    }
    if (node.kind === 'PlaceHolderVar') {
      const info = root.placeholders.get(node.id);
      const evalAt = info?.evalAt ?? relidsOf(node.relids);
      if (!isSubset(evalAt, root.currentOuterRels)) return null;
      return nestLoopParam(root, node);
    }
    return null;
  });
}

function nestLoopParam(root: PlannerInfo, value: Var | PlaceHolderVar): Param {
  const known = root.currentOuterParams.find((entry) => equalTrees(entry.value, value));
  if (known !== undefined) return execParam(known.paramId, value);
  const paramId = newParamId(root.global, typeOf(value));
  root.currentOuterParams.push({ paramId, value });
  return execParam(paramId, value);
}

/** A lateral subquery's params: those that enclosing nested loops have to supply are requested from them. */
export function requestSubqueryParams(
  root: PlannerInfo,
  params: readonly { readonly item: Expression; readonly paramId: number }[],
): void {
  for (const { item, paramId } of params) {
    if (item.kind !== 'Var' && item.kind !== 'PlaceHolderVar') continue;
    const at =
      item.kind === 'Var'
        ? 1n << BigInt(item.varno)
        : (root.placeholders.get(item.id)?.evalAt ?? relidsOf(item.relids));
    if (!overlaps(at, root.currentOuterRels)) continue;
    if (!root.currentOuterParams.some((entry) => entry.paramId === paramId)) {
      root.currentOuterParams.push({ paramId, value: item });
    }
  }
}
