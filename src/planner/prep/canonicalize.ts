// Conditions in a canonical form: nested ANDs and ORs flattened, and what all alternatives of an OR share pulled out:
//   (a AND b) OR (a AND c)   ->   a AND (b OR c)
import type { Expression } from '../../trees/expression.js';
import { equalTrees, isMember } from '../expressions/equal.js';
import { andList, makeAnd, makeOr } from '../expressions/make.js';

/** The canonical form of a condition of WHERE, ON or HAVING. */
export function canonicalizeQual(node: Expression): Expression {
  if (node.kind !== 'BoolExpr' || node.op === 'not') return node;
  if (node.op === 'and') {
    const parts: Expression[] = [];
    for (const arg of node.args) for (const part of andList(canonicalizeQual(arg))) parts.push(part);
    return parts.length === 0 ? makeAnd([]) : makeAnd(parts);
  }
  const alternatives: Expression[] = [];
  for (const arg of node.args) {
    const item = canonicalizeQual(arg);
    if (item.kind === 'BoolExpr' && item.op === 'or') alternatives.push(...item.args);
    else alternatives.push(item);
  }
  return extractCommon(alternatives);
}

function extractCommon(alternatives: readonly Expression[]): Expression {
  const lists = alternatives.map((item) => (item.kind === 'BoolExpr' && item.op === 'and' ? item.args : [item]));
  const shortest = lists.reduce((best, list) => (list.length < best.length ? list : best));
  const common: Expression[] = [];
  for (const candidate of shortest) {
    if (isMember(candidate, common)) continue;
    if (lists.every((list) => isMember(candidate, list))) common.push(candidate);
  }
  if (common.length === 0) return makeOr(alternatives);
  const rests = lists.map((list) => list.filter((item) => !common.some((winner) => equalTrees(winner, item))));
  // An alternative that is nothing but the common part makes the rest of the OR true.
  if (rests.some((rest) => rest.length === 0)) return makeAnd(common);
  const rest = makeOr(
    rests
      .map((list) => makeAnd(list))
      .flatMap((item) => (item.kind === 'BoolExpr' && item.op === 'or' ? item.args : [item])),
  );
  return makeAnd([...common, rest]);
}
