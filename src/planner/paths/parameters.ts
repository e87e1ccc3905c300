// Parameterizations of relations: which join clauses a path enforces once some outer relations supply their values, and
// how many rows remain.
import { generateJoinEqualities } from '../equivalence.js';
import type { ParamPathInfo } from '../path.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, overlaps } from '../relids.js';
import { listSelectivity } from '../selectivity/clauses.js';
import { clampRows } from '../selectivity/variable.js';

/** The parameterization of a base relation by `outer`; one object for each set. */
export function parameterInfo(root: PlannerInfo, rel: RelOptInfo, outer: Relids): ParamPathInfo {
  const known = rel.parameterInfos.get(outer);
  if (known !== undefined) return known;
  const joined = rel.relids | outer;
  const clauses: RestrictInfo[] = rel.joinClauses.filter((info) => isMovableInto(info, rel, joined));
  if (rel.lateralRelids === noRelids || !isSubset(outer, rel.lateralRelids)) {
    clauses.push(...generateJoinEqualities(root, joined, outer, rel.relids).filter((info) => !clauses.includes(info)));
  } else {
    clauses.push(...generateJoinEqualities(root, joined, outer, rel.relids));
  }
  const selectivity = listSelectivity(root, [...rel.baseRestrictions, ...clauses], {
    varRelid: rel.rtIndex,
    join: null,
  });
  const rows = Math.min(clampRows(rel.tuples * selectivity), rel.rows === 0 ? Infinity : rel.rows);
  const info: ParamPathInfo = { requiredOuter: outer, rows, clauses };
  rel.parameterInfos.set(outer, info);
  return info;
}

/** May the clause be enforced in a scan of `rel`, given values from the rest of `joined`? */
export function isMovableInto(info: RestrictInfo, rel: RelOptInfo, joined: Relids): boolean {
  return isSubset(info.clauseRelids, joined) && isMovableTo(info, rel);
}

/** Could the clause be moved down to a scan of `rel`, whatever supplies the other side? */
export function isMovableTo(info: RestrictInfo, rel: RelOptInfo): boolean {
  if (!overlaps(info.clauseRelids, rel.relids)) return false;
  // The relation's columns must not be needed in their null-extended form, and it must not be the preserved side.
  if (overlaps(info.outerRelids, rel.relids)) return false;
  if (overlaps(info.clauseRelids, rel.nullingRels)) return false;
  return !overlaps(rel.lateralReferencers, info.clauseRelids);
}
