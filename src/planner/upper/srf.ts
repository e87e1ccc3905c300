// Set-returning functions in target lists: each level of nesting is computed by a ProjectSet of its own, beneath the
// projection that uses the results:
//   SELECT f(g(x)) + 1   ->   Result (c + 1) over ProjectSet (f(d) AS c) over ProjectSet (g(x) AS d)
import type { Expression } from '../../trees/expression.js';
import { isMember } from '../expressions/equal.js';
import { containsSetReturning, isSetReturningCall } from '../expressions/facts.js';
import { forEachChild } from '../expressions/walk.js';
import { callRows } from '../paths/base-scans.js';
import { projectionPath } from '../paths/simple-paths.js';
import type { Path, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { makeTarget } from '../rels/targets.js';
import { clampRows } from '../selectivity/variable.js';
import { inputsOf } from './targets.js';

/** The path with `target`, set-returning functions computed on the way unless the input has them already. */
export function pathWithTarget(root: PlannerInfo, rel: RelOptInfo, path: Path, target: PathTarget): Path {
  const steps = setReturningSteps(root, target, path.target);
  let result = path;
  for (const step of steps) {
    result = step.isSet
      ? projectSetPath(root, rel, result, step.target)
      : projectionPath(root, rel, result, step.target);
  }
  return result;
}

interface Step {
  readonly target: PathTarget;
  readonly isSet: boolean;
}

function setReturningSteps(root: PlannerInfo, target: PathTarget, input: PathTarget): Step[] {
  const has = (expr: Expression): boolean => isMember(expr, input.exprs);
  const depth = (expr: Expression): number => {
    if (has(expr) || !containsSetReturning(expr)) return 0;
    let inner = 0;
    forEachChild(expr, (child) => {
      inner = Math.max(inner, depth(child));
    });
    return isSetReturningCall(expr) ? inner + 1 : inner;
  };
  const levels = Math.max(0, ...target.exprs.map(depth));
  if (levels === 0) return [{ target, isSet: false }];
  const steps: Step[] = [];
  const isPlain = target.exprs.every((expr) => depth(expr) === 0 || isSetReturningCall(expr));
  for (let level = 1; level <= levels; level++) {
    const last = level === levels;
    if (last && isPlain) {
      steps.push({ target, isSet: true });
      break;
    }
    const exprs: Expression[] = [];
    const refs: number[] = [];
    const add = (expr: Expression, ref: number): void => {
      if (isMember(expr, exprs)) return;
      exprs.push(expr);
      refs.push(ref);
    };
    target.exprs.forEach((expr, index) => {
      const ref = target.sortRefs[index] ?? 0;
      if (depth(expr) <= (isSetReturningCall(expr) ? level : 0) || (ref > 0 && depth(expr) === 0)) {
        add(expr, ref);
        return;
      }
      for (const part of partsUpTo(expr, level, depth, has)) add(part, 0);
    });
    steps.push({ target: makeTarget(root, exprs, refs), isSet: true });
  }
  if (!isPlain) steps.push({ target, isSet: false });
  return steps;
}

/** Calls of at most `level` nested set-returning functions within an expression, and the columns of the rest. */
function partsUpTo(
  expr: Expression,
  level: number,
  depth: (expr: Expression) => number,
  has: (expr: Expression) => boolean,
): Expression[] {
  const result: Expression[] = [];
  const walk = (node: Expression): void => {
    if (has(node) || (isSetReturningCall(node) && depth(node) <= level)) result.push(node);
    else if (depth(node) === 0 && !containsSetReturning(node)) {
      for (const input of [...inputsOf(node, 'whole')]) result.push(input);
    } else forEachChild(node, walk);
  };
  walk(expr);
  return result;
}

function projectSetPath(root: PlannerInfo, rel: RelOptInfo, subpath: Path, target: PathTarget): Path {
  const { settings } = root.global;
  let rowsPerInput = 1;
  for (const expr of target.exprs)
    if (isSetReturningCall(expr)) rowsPerInput = Math.max(rowsPerInput, callRows(root, expr));
  const rows = clampRows(subpath.rows * rowsPerInput);
  const total =
    subpath.totalCost +
    target.startupCost +
    (settings.cpuTupleCost + target.perTupleCost) * subpath.rows +
    ((rows - subpath.rows) * settings.cpuTupleCost) / 2;
  return {
    kind: 'ProjectSet',
    rel,
    target,
    param: subpath.param,
    rows,
    startupCost: subpath.startupCost + target.startupCost,
    totalCost: total,
    pathKeys: subpath.pathKeys,
    subpath,
  };
}
