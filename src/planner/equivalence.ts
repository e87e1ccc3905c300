// Equivalence classes: expressions that WHERE makes equal.
//   WHERE a.x = b.y AND b.y = c.z   ->   {a.x, b.y, c.z}, from which each join takes the one equality it needs
//   WHERE a.x = b.y AND a.x = 42    ->   {a.x, b.y, 42}, from which each relation gets its own "= 42"
// The original conditions are replaced by what the class implies. Classes also say which sort orders are the same.
import type { Expression } from '../trees/expression.js';
import {
  containsAggregate,
  containsNonStrict,
  containsSetReturning,
  containsWindowFunction,
  pullVars,
  relidsOfExpression,
} from './expressions/facts.js';
import { equalTrees } from './expressions/equal.js';
import { makeOp } from './expressions/make.js';
import { collationOf, typeOf, typmodOf } from './expressions/typing.js';
import { distributeRestrictInfo } from './jointree/deconstruct.js';
import { makeRestrictInfo } from './jointree/restrict-info.js';
import type { EquivalenceClass, EquivalenceMember, PlannerInfo, RelOptInfo, RestrictInfo } from './planner-info.js';
import { needVars } from './rels/targets.js';
import type { Relids } from './relids.js';
import { contains, isSingleton, isSubset, noRelids, overlaps, relidMembers, firstRelid } from './relids.js';

/** The expression under the type and collation that an operator sees: relabelled where they differ. */
export function canonicalMember(expr: Expression, type: number, collation: number): Expression {
  const actual = typeOf(expr);
  const wanted = isPolymorphic(type) ? actual : type;
  if (actual === wanted && collationOf(expr) === collation) return expr;
  const typmod = actual === wanted ? typmodOf(expr) : -1;
  const arg = expr.kind === 'RelabelType' ? expr.arg : expr;
  if (expr.kind === 'Const' && actual === wanted) return { ...expr, collation };
  if (typeOf(arg) === wanted && collationOf(arg) === collation && typmodOf(arg) === typmod) return arg;
  return { kind: 'RelabelType', arg, type: wanted, typmod, collation, form: 'implicitCast', location: -1 };
}

function isPolymorphic(type: number): boolean {
  return (
    type === 2277 ||
    type === 2283 ||
    type === 2776 ||
    type === 3500 ||
    type === 3831 ||
    type === 2249 ||
    type === 5077 ||
    type === 5078 ||
    type === 5079 ||
    type === 5080 ||
    type === 4537 ||
    type === 4538
  );
}

function sameFamilies(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((family, index) => family === right[index]);
}

/** The class that a merged one has become part of. */
export function finalEc(ec: EquivalenceClass): EquivalenceClass {
  let result = ec;
  while (result.merged !== null) result = result.merged;
  return result;
}

function newEc(families: readonly number[], collation: number): EquivalenceClass {
  return {
    families,
    collation,
    members: [],
    sources: [],
    derived: [],
    relids: noRelids,
    hasConst: false,
    hasVolatile: false,
    broken: false,
    sortRef: 0,
    merged: null,
  };
}

function addMember(ec: EquivalenceClass, expr: Expression, type: number): EquivalenceMember {
  const relids = relidsOfExpression(expr);
  // Columns of set operations (varno 0) belong to no relation but vary all the same.
  const isConst =
    relids === noRelids &&
    pullVars(expr).length === 0 &&
    !containsAggregate(expr) &&
    !containsWindowFunction(expr) &&
    !containsSetReturning(expr);
  const member: EquivalenceMember = { expr, relids, isConst, isChild: false, type };
  if (isConst) ec.hasConst = true;
  ec.relids |= relids;
  ec.members.push(member);
  return member;
}

/** A member by its expression; those made for an inheritance child count for `child`'s relids only. */
function findMember(
  ec: EquivalenceClass,
  expr: Expression,
  type: number,
  child: Relids = noRelids,
): EquivalenceMember | undefined {
  return ec.members.find(
    (member) => (!member.isChild || member.relids === child) && member.type === type && equalTrees(member.expr, expr),
  );
}

/** Makes an inheritance child's columns members of the classes that its parent's columns are in. */
export function addChildMembers(
  root: PlannerInfo,
  parent: RelOptInfo,
  child: RelOptInfo,
  translate: (expression: Expression) => Expression,
): void {
  for (const ec of root.equivalences) {
    if (ec.hasVolatile || ec.members.some((member) => member.isChild && member.relids === child.relids)) continue;
    for (const member of ec.members.filter((item) => !item.isChild && item.relids === parent.relids)) {
      const expr = translate(member.expr);
      ec.members.push({ expr, relids: child.relids, isConst: false, isChild: true, type: member.type });
    }
  }
}

/** Takes an equality into the classes; false where it stays an ordinary condition. */
export function processEquivalence(root: PlannerInfo, info: RestrictInfo): boolean {
  const { clause } = info;
  if (clause.kind !== 'OpExpr' || info.clauseRelids === noRelids || info.hasVolatile) return false;
  const operator = root.global.catalog.operator(clause.operator);
  if (operator === null) return false;
  const left = canonicalMember(clause.args[0] as Expression, operator.left, clause.inputCollation);
  const right = canonicalMember(clause.args[1] as Expression, operator.right, clause.inputCollation);
  if (equalTrees(left, right)) return replaceReflexive(root, info, left);
  const leftType = typeOf(left);
  const rightType = typeOf(right);
  const matches = (ec: EquivalenceClass): boolean =>
    !ec.hasVolatile && ec.collation === clause.inputCollation && sameFamilies(ec.families, info.mergeFamilies);
  let leftEc: EquivalenceClass | null = null;
  let rightEc: EquivalenceClass | null = null;
  for (const ec of root.equivalences) {
    if (!matches(ec)) continue;
    if (leftEc === null && findMember(ec, left, leftType) !== undefined) leftEc = ec;
    if (rightEc === null && findMember(ec, right, rightType) !== undefined) rightEc = ec;
  }
  const ec = leftEc ?? rightEc ?? newEc(info.mergeFamilies, clause.inputCollation);
  if (leftEc === null && rightEc === null) root.equivalences.push(ec);
  if (leftEc !== null && rightEc !== null && leftEc !== rightEc) mergeInto(root, leftEc, rightEc);
  info.leftMember = findMember(ec, left, leftType) ?? addMember(ec, left, leftType);
  info.rightMember = findMember(ec, right, rightType) ?? addMember(ec, right, rightType);
  ec.sources.push(info);
  info.leftEc = ec;
  info.rightEc = ec;
  return true;
}

/** x = x is true exactly where x is not null. */
function replaceReflexive(root: PlannerInfo, info: RestrictInfo, expr: Expression): boolean {
  if (info.clause.kind !== 'OpExpr') return false;
  if (!(root.global.catalog.function(info.clause.function)?.isStrict ?? false)) return false;
  if (containsNonStrict(expr, root.global.catalog) && relidsOfExpression(expr) === noRelids) return false;
  const clause: Expression = { kind: 'NullTest', arg: expr, isNull: false, argIsRow: false, location: -1 };
  distributeRestrictInfo(
    root,
    makeRestrictInfo(root, clause, { isPushedDown: true, requiredRelids: info.requiredRelids }),
  );
  return true;
}

function mergeInto(root: PlannerInfo, target: EquivalenceClass, source: EquivalenceClass): void {
  target.members.push(...source.members);
  target.sources.push(...source.sources);
  target.derived.push(...source.derived);
  target.relids |= source.relids;
  target.hasConst ||= source.hasConst;
  source.merged = target;
  root.equivalences = root.equivalences.filter((ec) => ec !== source);
}

/** Notes for a mergejoinable condition outside the classes which classes its sides belong to. */
export function initMergeclauseEcs(root: PlannerInfo, info: RestrictInfo): void {
  const { clause } = info;
  if (clause.kind !== 'OpExpr' || info.hasVolatile || info.leftEc !== null) return;
  const operator = root.global.catalog.operator(clause.operator);
  if (operator === null) return;
  const [left, right] = clause.args as [Expression, Expression];
  info.leftEc = ecForExpression(root, left, info.mergeFamilies, operator.left, clause.inputCollation, 0, true);
  info.rightEc = ecForExpression(root, right, info.mergeFamilies, operator.right, clause.inputCollation, 0, true);
}

/** The class that contains an expression under the given ordering families; made if `create`, else possibly null. */
export function ecForExpression(
  root: PlannerInfo,
  expr: Expression,
  families: readonly number[],
  type: number,
  collation: number,
  sortRef: number,
  create: boolean,
  child: Relids = noRelids,
): EquivalenceClass | null {
  const member = canonicalMember(expr, type, collation);
  const memberType = isPolymorphic(type) || type === 0 ? typeOf(member) : type;
  for (const ec of root.equivalences) {
    if (ec.hasVolatile && (sortRef === 0 || sortRef !== ec.sortRef)) continue;
    if (ec.collation !== collation || !sameFamilies(ec.families, families)) continue;
    if (findMember(ec, member, memberType, child) !== undefined) return ec;
  }
  if (!create) return null;
  const ec = newEc(families, collation);
  ec.sortRef = sortRef;
  addMember(ec, member, memberType);
  if (ec.hasConst && sortRef !== 0 && relidsOfExpression(expr) === noRelids)
    ec.hasConst = ec.members.some((item) => item.isConst);
  root.equivalences.push(ec);
  return ec;
}

/** The operator that says that members of two types are equal, 0 where there is none; looked up once for each pair. */
function equalityOperator(root: PlannerInfo, ec: EquivalenceClass, left: number, right: number): number {
  ec.operators ??= [];
  let known = ec.operators.find((item) => item.left === left && item.right === right);
  if (known === undefined) {
    const operator = findEqualityOperator(root, ec, left, right);
    const canHash = operator !== 0 && root.global.catalog.operator(operator)?.canHash === true;
    known = { left, right, operator, canHash };
    ec.operators.push(known);
  }
  return known.operator;
}

function isHashable(ec: EquivalenceClass, operator: number): boolean {
  return ec.operators?.some((item) => item.operator === operator && item.canHash) === true;
}

function findEqualityOperator(root: PlannerInfo, ec: EquivalenceClass, left: number, right: number): number {
  for (const family of ec.families) {
    const operator = root.global.catalog.familyOperator(family, left, right, 3);
    if (operator !== 0) return operator;
  }
  return 0;
}

/** After all conditions are known: gives each relation what the classes imply for it alone. */
export function generateBaseEqualities(root: PlannerInfo): void {
  for (const ec of root.equivalences) {
    if (ec.members.length < 2) continue;
    if (ec.hasConst) impliedByConstant(root, ec);
    else {
      impliedWithinRelation(root, ec);
      for (const member of ec.members) needVars(root, pullVars(member.expr), ec.relids);
    }
    if (relidMembers(ec.relids & ~root.outerJoinRels).length > 1 && !ec.hasConst) {
      for (const relid of relidMembers(ec.relids)) {
        const rel = root.rels[relid];
        if (rel !== undefined) rel.hasEquivalenceJoins = true;
      }
    }
  }
  root.equivalencesMerged = true;
}

function impliedByConstant(root: PlannerInfo, ec: EquivalenceClass): void {
  const [source] = ec.sources;
  if (ec.members.length === 2 && ec.sources.length === 1 && source !== undefined) {
    distributeRestrictInfo(root, source);
    return;
  }
  const constants = ec.members.filter((member) => member.isConst);
  const constant = constants.find((member) => member.expr.kind === 'Const') ?? constants[0];
  if (constant === undefined) return;
  for (const member of ec.members) {
    if (member === constant || member.isChild) continue;
    const info = joinClause(root, ec, member, constant);
    if (info === null) {
      ec.broken = true;
      for (const original of ec.sources) distributeRestrictInfo(root, original);
      return;
    }
    if (member.relids === noRelids && info.clauseRelids === noRelids) info.requiredRelids = root.allQueryRels;
    distributeRestrictInfo(root, info);
  }
}

function impliedWithinRelation(root: PlannerInfo, ec: EquivalenceClass): void {
  const previous = new Map<Relids, EquivalenceMember>();
  for (const member of ec.members) {
    if (!isSingleton(member.relids)) continue;
    const last = previous.get(member.relids);
    if (last !== undefined) {
      const info = joinClause(root, ec, last, member);
      if (info === null) {
        ec.broken = true;
        for (const source of ec.sources) {
          if (isSingleton(source.requiredRelids)) distributeRestrictInfo(root, source);
        }
        return;
      }
      distributeRestrictInfo(root, info);
    }
    previous.set(member.relids, member);
  }
}

/** The equality of two members: an original condition where one says just that. */
function joinClause(
  root: PlannerInfo,
  ec: EquivalenceClass,
  left: EquivalenceMember,
  right: EquivalenceMember,
): RestrictInfo | null {
  const same = (info: RestrictInfo): boolean =>
    (info.leftMember === left && info.rightMember === right) ||
    (info.leftMember === right && info.rightMember === left);
  const known = ec.sources.find(same) ?? ec.derived.find(same);
  if (known !== undefined) return known;
  const operatorOid = equalityOperator(root, ec, left.type, right.type);
  const operator = operatorOid === 0 ? null : root.global.catalog.operator(operatorOid);
  if (operator === null) return null;
  const clause = makeOp(operator, left.expr, right.expr, ec.collation);
  const info = makeRestrictInfo(root, clause, { isPushedDown: true });
  info.leftEc = ec;
  info.rightEc = ec;
  info.leftMember = left;
  info.rightMember = right;
  info.parentEc = ec;
  ec.derived.push(info);
  return info;
}

/** Equalities that a join of `outer` and `inner` relids has to enforce. */
export function generateJoinEqualities(
  root: PlannerInfo,
  joinRelids: Relids,
  outerRelids: Relids,
  innerRelids: Relids,
): RestrictInfo[] {
  const result: RestrictInfo[] = [];
  for (const ec of root.equivalences) {
    if (ec.hasConst || ec.members.length < 2 || !overlaps(ec.relids, innerRelids)) continue;
    if (!overlaps(ec.relids, joinRelids & ~innerRelids)) continue;
    if (ec.broken) result.push(...brokenEqualities(ec, joinRelids, outerRelids, innerRelids));
    else result.push(...normalEqualities(root, ec, joinRelids, outerRelids, innerRelids));
  }
  return result;
}

function brokenEqualities(ec: EquivalenceClass, join: Relids, outer: Relids, inner: Relids): RestrictInfo[] {
  return ec.sources.filter(
    (info) =>
      isSubset(info.requiredRelids, join) &&
      !isSubset(info.requiredRelids, outer) &&
      !isSubset(info.requiredRelids, inner),
  );
}

function normalEqualities(
  root: PlannerInfo,
  ec: EquivalenceClass,
  join: Relids,
  outer: Relids,
  inner: Relids,
): RestrictInfo[] {
  const outerMembers: EquivalenceMember[] = [];
  const innerMembers: EquivalenceMember[] = [];
  const newMembers: EquivalenceMember[] = [];
  for (const member of ec.members) {
    if (member.isChild || !isSubset(member.relids, join)) continue;
    if (isSubset(member.relids, outer)) outerMembers.push(member);
    else if (isSubset(member.relids, inner)) innerMembers.push(member);
    else newMembers.push(member);
  }
  const result: RestrictInfo[] = [];
  const connect = (lefts: readonly EquivalenceMember[], rights: readonly EquivalenceMember[]): boolean => {
    const best = bestPair(root, ec, lefts, rights);
    if (best === null) return false;
    result.push(best);
    return true;
  };
  let ok = true;
  if (outerMembers.length > 0 && innerMembers.length > 0) ok = connect(outerMembers, innerMembers);
  if (ok && newMembers.length > 0) {
    const old = [...outerMembers, ...innerMembers];
    if (old.length > 0) ok = connect(newMembers, old);
    for (let index = 1; ok && index < newMembers.length; index++) {
      ok = connect([newMembers[index - 1] as EquivalenceMember], [newMembers[index] as EquivalenceMember]);
    }
  }
  if (ok) return result;
  ec.broken = true;
  return brokenEqualities(ec, join, outer, inner);
}

/** Prefers plain columns: they have statistics and indexes. */
function bestPair(
  root: PlannerInfo,
  ec: EquivalenceClass,
  lefts: readonly EquivalenceMember[],
  rights: readonly EquivalenceMember[],
): RestrictInfo | null {
  const isPlain = (expr: Expression): boolean =>
    expr.kind === 'Var' || (expr.kind === 'RelabelType' && expr.arg.kind === 'Var');
  let best: { left: EquivalenceMember; right: EquivalenceMember; score: number } | null = null;
  for (const left of lefts) {
    for (const right of rights) {
      const operator = equalityOperator(root, ec, left.type, right.type);
      if (operator === 0) continue;
      const hashable = isHashable(ec, operator) ? 1 : 0;
      const score = hashable + (isPlain(left.expr) ? 1 : 0) + (isPlain(right.expr) ? 1 : 0);
      if (best === null || score > best.score) best = { left, right, score };
    }
  }
  return best === null ? null : joinClause(root, ec, best.left, best.right);
}

/** Could a class give a join condition between the two relations? */
export function haveEquivalenceJoin(root: PlannerInfo, left: Relids, right: Relids): boolean {
  return root.equivalences.some(
    (ec) => !ec.hasConst && ec.members.length > 1 && overlaps(ec.relids, left) && overlaps(ec.relids, right),
  );
}

/** Could a class give a join condition between the relation and any other one? */
export function hasEquivalenceJoin(root: PlannerInfo, rel: RelOptInfo): boolean {
  return root.equivalences.some(
    (ec) =>
      !ec.hasConst && ec.members.length > 1 && overlaps(ec.relids, rel.relids) && !isSubset(ec.relids, rel.relids),
  );
}

/** Equalities of a relation's expression with expressions of other relations, for parameterized index scans. */
export function equalitiesForExpression(
  root: PlannerInfo,
  rel: RelOptInfo,
  matches: (member: EquivalenceMember, ec: EquivalenceClass) => boolean,
  prohibited: Relids,
): RestrictInfo[] {
  const result: RestrictInfo[] = [];
  for (const ec of root.equivalences) {
    if (ec.hasConst || ec.members.length < 2 || !isSubset(rel.relids, ec.relids)) continue;
    const member = ec.members.find((item) => item.relids === rel.relids && matches(item, ec));
    if (member === undefined) continue;
    for (const other of ec.members) {
      if (other.isChild || other === member || overlaps(other.relids, rel.relids) || overlaps(other.relids, prohibited))
        continue;
      const info = joinClause(root, ec, member, other);
      if (info !== null) result.push(info);
    }
  }
  return result;
}

/** Is a base relation's column in some class with other relations? Used to keep useless sort orders away. */
export function ecMentions(ec: EquivalenceClass, rtIndex: number): boolean {
  return contains(ec.relids, rtIndex) || firstRelid(ec.relids) === rtIndex;
}
