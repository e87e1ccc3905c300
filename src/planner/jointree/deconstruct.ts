// Takes the join tree apart: which relations are joined (the join list), in which orders outer joins allow
// (SpecialJoinInfo), and at which place each condition is applied. WHERE and inner ON conditions sink to the lowest
// place where all their columns exist; conditions of an outer join that look at its preserved side stay at the join.
import type { Expression } from '../../trees/expression.js';
import type { JoinExpr, JoinTreeNode } from '../../trees/query.js';
import { containsVolatile, pullVars, relidsOfExpression } from '../expressions/facts.js';
import { needVars } from '../rels/targets.js';
import { andList, boolConst } from '../expressions/make.js';
import { processEquivalence, initMergeclauseEcs } from '../equivalence.js';
import type { JoinListItem, PlannerInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import { nonNullableRels } from '../prep/outer-joins.js';
import type { Relids } from '../relids.js';
import {
  contains,
  isSingleton,
  isSubset,
  noRelids,
  overlaps,
  relidMembers,
  singleRelid,
  firstRelid,
} from '../relids.js';
import { findBaseRel } from '../require.js';
import { makeRestrictInfo } from './restrict-info.js';
import { semijoinDetails } from './semijoin.js';

interface Part {
  readonly relids: Relids;
  /** Relations joined by inner joins only, below any outer join of the part. */
  readonly innerJoinRels: Relids;
  readonly list: JoinListItem[];
  /** Conditions of merged lateral subqueries that need relations from outside the part: they move up. */
  readonly postponed: readonly Expression[];
}

/** Distributes all conditions; returns what has to be joined. */
export function deconstructJoinTree(root: PlannerInfo): JoinListItem[] {
  return deconstruct(root, root.query.joinTree, noRelids).list;
}

function deconstruct(root: PlannerInfo, node: JoinTreeNode, below: Relids): Part {
  switch (node.kind) {
    case 'RangeTableRef': {
      const relids = singleRelid(node.rtIndex);
      return { relids, innerJoinRels: noRelids, list: [node.rtIndex], postponed: [] };
    }
    case 'FromExpr': {
      const limit = root.global.settings.fromCollapseLimit;
      let list: JoinListItem[] = [];
      let relids = noRelids;
      let inner = noRelids;
      let remaining = node.fromList.length;
      const waiting: Expression[] = [];
      for (const item of node.fromList) {
        const part = deconstruct(root, item, below);
        waiting.push(...part.postponed);
        relids |= part.relids;
        inner |= part.innerJoinRels;
        remaining--;
        const fits = part.list.length <= 1 || list.length + part.list.length + remaining <= limit;
        if (fits) list = [...list, ...part.list];
        else list = [...list, part.list];
      }
      if (node.fromList.length > 1) inner = relids;
      const context: QualContext = { scope: relids, ojScope: null, nonNullable: noRelids, special: null };
      const { here, later } = splitByScope(root, [...waiting, ...andList(node.quals)], relids);
      for (const qual of here) distributeQual(root, qual, context);
      return { relids, innerJoinRels: inner, list, postponed: later };
    }
    case 'JoinExpr':
      return deconstructJoin(root, node, below);
  }
}

/** Conditions that can be evaluated within the relations at hand, and those that can't. */
function splitByScope(
  root: PlannerInfo,
  quals: readonly Expression[],
  scope: Relids,
): { here: Expression[]; later: Expression[] } {
  const isHere = (qual: Expression): boolean => isSubset(relidsOfExpression(qual) & root.allBaseRels, scope);
  return { here: quals.filter(isHere), later: quals.filter((qual) => !isHere(qual)) };
}

function deconstructJoin(root: PlannerInfo, node: JoinExpr, below: Relids): Part {
  const left = deconstruct(root, node.left, below);
  const right = deconstruct(root, node.right, below);
  const both = left.relids | right.relids;
  const isNulling =
    node.joinType === 'left' || node.joinType === 'full' || (node.joinType === 'anti' && node.rtIndex > 0);
  const relids = isNulling ? both | singleRelid(node.rtIndex) : both;
  const innerJoinRels = node.joinType === 'inner' ? both : left.innerJoinRels | right.innerJoinRels;
  const split = splitByScope(root, [...left.postponed, ...right.postponed, ...andList(node.quals)], both);
  const quals = split.here;
  let special: SpecialJoinInfo | null = null;
  let ojScope: Relids | null = null;
  let nonNullable = noRelids;
  if (node.joinType !== 'inner') {
    special = makeSpecialJoin(root, node, left, right, quals);
    root.joinInfos.push(special);
    if (isNulling) {
      root.outerJoinRels |= singleRelid(node.rtIndex);
      const nulled = node.joinType === 'full' ? both : right.relids;
      for (const relid of relidMembers(nulled)) {
        const rel = root.rels[relid];
        if (rel !== undefined) rel.nullingRels |= singleRelid(node.rtIndex);
      }
    }
    if (node.joinType !== 'semi') {
      ojScope = special.minLeft | special.minRight;
      nonNullable = node.joinType === 'full' ? both : left.relids;
    }
  }
  const context: QualContext = { scope: both, ojScope, nonNullable, special };
  for (const qual of quals) distributeQual(root, qual, context);
  return { relids, innerJoinRels, list: joinList(root, node, left, right), postponed: split.later };
}

function joinList(root: PlannerInfo, node: JoinExpr, left: Part, right: Part): JoinListItem[] {
  if (node.joinType === 'full') return [[wrap(left.list), wrap(right.list)]];
  const limit = root.global.settings.joinCollapseLimit;
  if (left.list.length + right.list.length <= limit) return [...left.list, ...right.list];
  return [wrap(left.list), wrap(right.list)];
}

function wrap(list: JoinListItem[]): JoinListItem {
  const [only] = list;
  return list.length === 1 && only !== undefined ? only : list;
}

function makeSpecialJoin(
  root: PlannerInfo,
  node: JoinExpr,
  left: Part,
  right: Part,
  quals: readonly Expression[],
): SpecialJoinInfo {
  const { catalog } = root.global;
  const joinType = node.joinType;
  const base = {
    syntacticLeft: left.relids,
    syntacticRight: right.relids,
    joinType,
    ojRelid: joinType === 'semi' ? 0 : node.rtIndex,
    commuteBelow: noRelids,
    ...semijoinDetails(root, node, right.relids, quals),
  };
  if (joinType === 'full') return { ...base, minLeft: left.relids, minRight: right.relids, lhsStrict: false };
  const clauseRelids = quals.reduce((set, qual) => set | relidsOfExpression(qual), noRelids);
  const strictRelids = quals.reduce((set, qual) => set | nonNullableRels(qual, catalog), noRelids);
  const lhsStrict = overlaps(strictRelids, left.relids);
  let minLeft = clauseRelids & left.relids;
  // An inner join below must not be torn apart by this join's null extension.
  let minRight = (clauseRelids | right.innerJoinRels) & right.relids;
  for (const other of root.joinInfos) {
    const otherAll =
      other.syntacticLeft | other.syntacticRight | (other.ojRelid > 0 ? singleRelid(other.ojRelid) : noRelids);
    if (other.joinType === 'full') {
      if (overlaps(left.relids, otherAll)) minLeft |= otherAll;
      if (overlaps(right.relids, otherAll)) minRight |= otherAll;
      continue;
    }
    if (overlaps(left.relids, other.syntacticRight)) {
      if (overlaps(clauseRelids, other.syntacticRight) || joinType === 'semi' || joinType === 'anti') {
        if (overlaps(clauseRelids, other.syntacticRight)) minLeft |= otherAll;
      }
    }
    if (overlaps(right.relids, other.syntacticRight)) {
      const must =
        overlaps(clauseRelids, other.syntacticRight) ||
        !overlaps(clauseRelids, other.minLeft) ||
        joinType === 'semi' ||
        joinType === 'anti' ||
        other.joinType === 'semi' ||
        other.joinType === 'anti' ||
        !other.lhsStrict ||
        (other.ojRelid > 0 && contains(root.delayingJoins, other.ojRelid));
      if (must) minRight |= otherAll;
    }
  }
  // Placeholders that are computed within one side need that side whole.
  for (const info of root.placeholders.values()) {
    if (isSubset(info.evalAt, right.relids) && !isSingleton(info.evalAt)) minRight |= info.evalAt;
    if (isSubset(info.evalAt, left.relids) && overlaps(info.evalAt, minLeft)) minLeft |= info.evalAt & left.relids;
  }
  if (minLeft === noRelids) minLeft = left.relids;
  if (minRight === noRelids) minRight = right.relids;
  return { ...base, minLeft, minRight, lhsStrict };
}

interface QualContext {
  /** Relations below the place where the condition was written. */
  readonly scope: Relids;
  /** For an outer join's own conditions: the least set of relations at which it is done. */
  readonly ojScope: Relids | null;
  readonly nonNullable: Relids;
  readonly special: SpecialJoinInfo | null;
}

function distributeQual(root: PlannerInfo, clause: Expression, context: QualContext): void {
  const { catalog } = root.global;
  if (isKnownNull(root, clause)) return;
  let relids = relidsOfExpression(clause);
  root.delayingJoins |= relids & root.outerJoinRels;
  let pseudoConstant = false;
  if (relids === noRelids) {
    if (context.ojScope !== null) relids = context.ojScope;
    else {
      relids = context.scope;
      pseudoConstant = !containsVolatile(clause, catalog);
    }
  }
  // A lateral condition may look at relations outside its syntactic scope: it waits until they are joined.
  let isPushedDown = true;
  let mayBeEquivalence = true;
  let requiredRelids = relids;
  if (context.ojScope !== null && (overlaps(relids, context.nonNullable) || relids === context.ojScope)) {
    isPushedDown = false;
    mayBeEquivalence = false;
    requiredRelids = context.ojScope | relids;
  } else if (context.ojScope !== null && context.special?.joinType === 'full') {
    isPushedDown = false;
    mayBeEquivalence = false;
    requiredRelids = context.ojScope;
  }
  if (!isSingleton(requiredRelids)) needVars(root, pullVars(clause), requiredRelids);
  const info = makeRestrictInfo(root, clause, {
    isPushedDown,
    requiredRelids,
    outerRelids: isPushedDown ? noRelids : context.nonNullable,
    pseudoConstant,
  });
  if (mayBeEquivalence && info.mergeFamilies.length > 0 && processEquivalence(root, info)) return;
  if (info.mergeFamilies.length > 0) initMergeclauseEcs(root, info);
  distributeRestrictInfo(root, info);
}

/** IS NULL of a column of an antijoin's right side, above that join: nothing else comes out of it. */
function isKnownNull(root: PlannerInfo, clause: Expression): boolean {
  if (clause.kind !== 'NullTest' || !clause.isNull || clause.argIsRow || clause.arg.kind !== 'Var') return false;
  const { nullingRels } = clause.arg;
  return root.joinInfos.some(
    ({ joinType, ojRelid }) => joinType === 'anti' && ojRelid > 0 && nullingRels.includes(ojRelid),
  );
}

/** Attaches a condition to the base relation it restricts, or to all relations that it joins. */
export function distributeRestrictInfo(root: PlannerInfo, given: RestrictInfo): void {
  const truth = given.isPushedDown ? knownTruth(root, given.clause) : null;
  if (truth === true) return;
  const info =
    truth === null
      ? given
      : makeRestrictInfo(root, boolConst(false), { isPushedDown: true, requiredRelids: given.requiredRelids });
  const base = info.requiredRelids & ~root.outerJoinRels;
  if (isSingleton(info.requiredRelids) && contains(root.allBaseRels, firstRelid(info.requiredRelids))) {
    findBaseRel(root, firstRelid(info.requiredRelids)).baseRestrictions.push(info);
    return;
  }
  for (const relid of relidMembers(base)) {
    const rel = root.rels[relid];
    if (rel !== undefined) rel.joinClauses.push(info);
  }
}

/** IS [NOT] NULL of a column that is declared NOT NULL and not null-extended has a known answer; so has an OR of such. */
export function knownTruth(root: PlannerInfo, clause: Expression): boolean | null {
  if (clause.kind === 'NullTest' && !clause.argIsRow) {
    const { arg } = clause;
    if (arg.kind !== 'Var' || arg.levelsUp > 0 || arg.nullingRels.length > 0 || arg.attno === 0) return null;
    const rel = root.rels[arg.varno];
    if (rel?.relation === null || rel === undefined || rel.members.length > 0) return null;
    const isNotNull = arg.attno < 0 || rel.relation.attributes[arg.attno - 1]?.notNull === true;
    return isNotNull ? !clause.isNull : null;
  }
  if (clause.kind !== 'BoolExpr' || clause.op !== 'or') return null;
  const parts = clause.args.map((arg) => knownTruth(root, arg));
  if (parts.some((part) => part === true)) return true;
  return parts.every((part) => part === false) ? false : null;
}
