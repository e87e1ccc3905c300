// A join along a foreign key: every referencing row finds exactly one referenced row, whatever the columns' statistics
// would make of several equalities at once.
import type { Expression } from '../../trees/expression.js';
import { stripRelabel } from '../expressions/make.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import { contains, relidMembers } from '../relids.js';

/** Selectivity of the conditions that foreign keys explain, and the conditions that remain. */
export function foreignKeySelectivity(
  root: PlannerInfo,
  left: RelOptInfo,
  right: RelOptInfo,
  special: SpecialJoinInfo,
  restrictions: readonly RestrictInfo[],
): { selectivity: number; remaining: readonly RestrictInfo[] } {
  let selectivity = 1;
  let remaining = restrictions;
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    for (const relid of relidMembers(from.relids)) {
      const referencing = root.rels[relid];
      for (const constraint of referencing?.relation?.constraints ?? []) {
        if (constraint.kind !== 'f' || referencing === undefined) continue;
        for (const otherId of relidMembers(to.relids)) {
          const referenced = root.rels[otherId];
          if (referenced?.relation?.oid !== constraint.foreignRelation) continue;
          const used = matchKey(remaining, relid, otherId, constraint.keys, constraint.foreignKeys);
          if (used === null) continue;
          const semi = special.joinType === 'semi' || special.joinType === 'anti';
          if (semi && (!contains(special.minRight, otherId) || right.rtIndex === 0)) continue;
          remaining = remaining.filter((info) => !used.includes(info));
          const tuples = Math.max(1, referenced.tuples);
          selectivity *= semi ? referenced.rows / tuples : 1 / tuples;
        }
      }
    }
  }
  return { selectivity, remaining };
}

function matchKey(
  restrictions: readonly RestrictInfo[],
  referencing: number,
  referenced: number,
  keys: readonly number[],
  foreignKeys: readonly number[],
): RestrictInfo[] | null {
  const isColumn = (node: Expression | undefined, varno: number, attno: number | undefined): boolean => {
    const base = node === undefined ? undefined : stripRelabel(node);
    return base?.kind === 'Var' && base.varno === varno && base.attno === attno;
  };
  const used: RestrictInfo[] = [];
  for (const [index, key] of keys.entries()) {
    const foreign = foreignKeys[index];
    const found = restrictions.find((info) => {
      if (info.clause.kind !== 'OpExpr' || info.mergeFamilies.length === 0) return false;
      const [left, right] = info.clause.args;
      return (
        (isColumn(left, referencing, key) && isColumn(right, referenced, foreign)) ||
        (isColumn(right, referencing, key) && isColumn(left, referenced, foreign))
      );
    });
    if (found === undefined) return null;
    used.push(found);
  }
  return used;
}
