// Conditions in a canonical form: nested ANDs and ORs flattened, and what all alternatives of an OR share pulled out:
//   (a AND b) OR (a AND c)   ->   a AND (b OR c)
// A condition that is NULL lets no row pass, as one that is false; in a CHECK it lets every row pass:
//   (a AND NULL) OR b        ->   b
import type { Expression } from '../../trees/expression.js';
import { equalTrees, isMember } from '../expressions/equal.js';
import { andList, boolConst, makeAnd, makeOr } from '../expressions/make.js';

/** The canonical form of a condition of WHERE, ON or HAVING; `isCheck`: of a CHECK constraint. */
export function canonicalizeQual(node: Expression, isCheck = false): Expression {
  if (node.kind !== 'BoolExpr' || node.op === 'not') return node;
  if (node.op === 'and') {
    const parts: Expression[] = [];
    for (const arg of node.args) {
      for (const part of andList(canonicalizeQual(arg, isCheck))) {
        const truth = constantTruth(part, isCheck);
        if (truth === false) return boolConst(false);
        if (truth === null) parts.push(part);
      }
    }
    return makeAnd(parts);
  }
  const alternatives: Expression[] = [];
  for (const arg of node.args) {
    const item = canonicalizeQual(arg, isCheck);
    const truth = constantTruth(item, isCheck);
    if (truth === true) return boolConst(true);
    if (truth === false) continue;
    if (item.kind === 'BoolExpr' && item.op === 'or') alternatives.push(...item.args);
    else alternatives.push(item);
  }
  return alternatives.length === 0 ? boolConst(false) : extractCommon(alternatives);
}

/** What a constant condition comes to; null for others. */
function constantTruth(node: Expression, isCheck: boolean): boolean | null {
  if (node.kind !== 'Const') return null;
  return node.value === null ? isCheck : node.value === true;
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
