// Inheritance parents: the table itself and its children, each a member relation with its own scan, under an Append.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, Var } from '../../trees/expression.js';
import type { RelationRte } from '../../trees/query.js';
import { nullConst } from '../expressions/make.js';
import { mapChildren } from '../expressions/walk.js';
import { knownTruth } from '../jointree/deconstruct.js';
import { makeRestrictInfo } from '../jointree/restrict-info.js';
import type { MergeAppendPath, Path, PathKey } from '../path.js';
import { requiredOuter } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { noRelids, singleRelid } from '../relids.js';
import { required } from '../require.js';
import { buildBaseRel } from '../rels/build-rel.js';
import { makeTarget } from '../rels/targets.js';
import { sortCost } from '../costs/costs.js';
import { addChildMembers } from '../equivalence.js';
import { addPath, setCheapest } from './add-path.js';
import { setBaseSize, setBasePaths } from './base-scans.js';
import { foldExpression } from '../expressions/fold.js';
import { cheapestForPathKeys, comparePathKeys, pathKeysContained } from './pathkeys.js';

/** Makes a member relation for each table of an inheritance tree, where there is more than the parent. */
export function expandInheritance(root: PlannerInfo, rel: RelOptInfo): void {
  const { rte, relation } = rel;
  if (rte?.kind !== 'relation' || !rte.inherit || relation === null || !relation.hasSubclass) return;
  const { catalog } = root.global;
  const oids = catalog.inheritors(relation.oid);
  if (oids.length < 2 && relation.kind !== 'p') return;
  for (const oid of oids) {
    const child = catalog.requireRelation(oid);
    if (child.kind === 'p') continue;
    // EXPLAIN numbers the members' names after the parent's.
    const alias = rte.alias ?? { name: rte.eref.name, columns: [] };
    const childRte: RelationRte = {
      ...rte,
      alias,
      relation: oid,
      relkind: child.kind,
      inherit: false,
      permissions: null,
    };
    root.rangeTable.push(childRte);
    const rtIndex = root.rangeTable.length;
    const translation = relation.attributes.map((attribute): Expression | null => {
      if (attribute.isDropped) return null;
      const found = child.attributes.find((item) => !item.isDropped && item.name === attribute.name);
      if (found === undefined) return nullConst(attribute.type, attribute.typmod, attribute.collation);
      const { type, typmod, collation } = found;
      if (type !== attribute.type || typmod !== attribute.typmod) throw strangeChild(attribute.name, child.name);
      return {
        kind: 'Var',
        varno: rtIndex,
        attno: found.number,
        type,
        typmod,
        collation,
        levelsUp: 0,
        nullingRels: [],
        location: -1,
      };
    });
    root.appendParents.set(rtIndex, { parent: rel.rtIndex, translation });
    const member = buildBaseRel(root, rtIndex, 'member');
    rel.members.push(member);
  }
  root.query.rangeTable = root.rangeTable;
}

/** A child was taken from its parent and altered while the statement waited for its lock. */
function strangeChild(attribute: string, child: string): Error {
  const message = `attribute "${attribute}" of relation "${child}" does not match parent's type`;
  return pgError(SqlState.datatypeMismatch, message);
}

/** The expression with the parent's columns replaced by the member's. */
export function translateToMember(
  root: PlannerInfo,
  member: Pick<RelOptInfo, 'rtIndex' | 'relation'>,
  expression: Expression,
): Expression {
  const link = required(root.appendParents.get(member.rtIndex), 'inheritance parent');
  const walk = (node: Expression): Expression => {
    if (node.kind === 'Var' && node.varno === link.parent && node.levelsUp === 0)
      return translateVar(node, link, member);
    if (node.kind === 'PlaceHolderVar') {
      const inner = mapChildren(node, walk) as typeof node;
      return { ...inner, relids: inner.relids.map((relid) => (relid === link.parent ? member.rtIndex : relid)) };
    }
    if (node.kind === 'CurrentOfExpr' && node.varno === link.parent) return { ...node, varno: member.rtIndex };
    return mapChildren(node, walk);
  };
  return walk(expression);
}

function translateVar(
  node: Var,
  link: { readonly parent: number; readonly translation: readonly (Expression | null)[] },
  member: Pick<RelOptInfo, 'rtIndex' | 'relation'>,
): Expression {
  if (node.attno < 0) return { ...node, varno: member.rtIndex };
  if (node.attno === 0) {
    const row: Var = { ...node, varno: member.rtIndex, type: member.relation?.rowType ?? node.type };
    return { kind: 'ConvertRowtypeExpr', arg: row, type: node.type, form: 'implicitCast', location: -1 };
  }
  const column = link.translation[node.attno - 1];
  if (column === null || column === undefined) return nullConst(node.type, node.typmod, node.collation);
  return column.kind === 'Var' ? { ...column, nullingRels: node.nullingRels } : column;
}

/** Sizes the members and their parent. */
export function setAppendSize(root: PlannerInfo, rel: RelOptInfo): void {
  let rows = 0;
  let tuples = 0;
  let width = 0;
  for (const member of rel.members) {
    member.target = makeTarget(
      root,
      rel.target.exprs.map((expr) => translateToMember(root, member, expr)),
      rel.target.sortRefs,
    );
    for (const expr of member.target.exprs) if (expr.kind === 'Var') member.attributeNeeded.set(expr.attno, 1n);
    member.baseRestrictions = rel.baseRestrictions.flatMap((info) => {
      const clause = foldExpression(root.global, translateToMember(root, member, info.clause));
      if (knownTruth(root, clause) === true) return [];
      return makeRestrictInfo(root, clause, {
        isPushedDown: info.isPushedDown,
        pseudoConstant: info.pseudoConstant,
        requiredRelids: singleRelid(member.rtIndex),
      });
    });
    member.lateralRelids = rel.lateralRelids;
    setBaseSize(root, member);
    if (member.isDummy) continue;
    rows += member.rows;
    tuples += member.tuples;
    width += member.target.width * member.rows;
  }
  rel.rows = rows;
  rel.tuples = Math.max(tuples, rows);
  if (rows > 0) rel.target = { ...rel.target, width: Math.round(width / rows) };
  if (rel.members.every((member) => member.isDummy)) rel.isDummy = true;
}

/** Offers an Append of the members' cheapest paths, and their sorted paths merged. */
export function addAppendPaths(root: PlannerInfo, rel: RelOptInfo): void {
  const members = rel.members.filter((member) => !member.isDummy);
  for (const member of members) {
    member.hasEquivalenceJoins = rel.hasEquivalenceJoins;
    addChildMembers(root, rel, member, (expression) => translateToMember(root, member, expression));
    setBasePaths(root, member);
  }
  const children = members.map((member) => required(member.cheapestTotal, 'path of an inheritance child'));
  addPath(rel, appendPath(root, rel, children));
  addMergedPaths(root, rel, members);
  setCheapest(rel);
}

/** For each order that some member's path has: all members in that order, sorted where need be, merged. */
function addMergedPaths(root: PlannerInfo, rel: RelOptInfo, members: readonly RelOptInfo[]): void {
  if (members.length < 2) return;
  const orders: (readonly PathKey[])[] = [];
  for (const path of members.flatMap((member) => member.paths)) {
    if (path.pathKeys.length === 0 || requiredOuter(path) !== noRelids) continue;
    if (!orders.some((order) => comparePathKeys(order, path.pathKeys) === 'equal')) orders.push(path.pathKeys);
  }
  for (const order of orders) {
    for (const by of ['startup', 'total'] as const) {
      const children = members.map(
        (member) =>
          cheapestForPathKeys(member.paths, order, by) ??
          required(member.cheapestTotal, 'path of an inheritance child'),
      );
      if (children.every((child) => requiredOuter(child) === noRelids))
        addPath(rel, mergeAppendPath(root, rel, children, order));
    }
  }
}

/** Children merged in one order; those not in it are sorted first. */
function mergeAppendPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  children: readonly Path[],
  pathKeys: readonly PathKey[],
): MergeAppendPath {
  const { settings } = root.global;
  let startup = 0;
  let total = 0;
  let rows = 0;
  for (const child of children) {
    const isSorted = pathKeysContained(pathKeys, child.pathKeys);
    const cost = isSorted
      ? { startup: child.startupCost, total: child.totalCost }
      : sortCost(settings, child.totalCost, child.rows, child.target.width, -1);
    startup += cost.startup;
    total += cost.total;
    rows += child.rows;
  }
  const depth = Math.log2(Math.max(2, children.length));
  const comparison = 2 * settings.cpuOperatorCost;
  const heap = comparison * Math.max(2, children.length) * depth;
  const merging = rows * comparison * depth + settings.cpuTupleCost * 0.5 * rows;
  return {
    kind: 'MergeAppend',
    rel,
    target: rel.target,
    param: null,
    rows,
    startupCost: startup + heap,
    totalCost: total + heap + merging,
    pathKeys,
    children,
  };
}

/** An Append of paths with the relation's target. */
export function appendPath(root: PlannerInfo, rel: RelOptInfo, children: readonly Path[]): Path {
  const { settings } = root.global;
  const [first] = children;
  const rows = children.reduce((sum, child) => sum + child.rows, 0);
  const total = children.reduce((sum, child) => sum + child.totalCost, 0) + settings.cpuTupleCost * 0.5 * rows;
  return {
    kind: 'Append',
    rel,
    target: rel.target,
    param: first?.param ?? null,
    rows,
    startupCost: first?.startupCost ?? 0,
    totalCost: first === undefined ? 0 : children.length === 1 ? first.totalCost : total,
    pathKeys: [],
    children,
  };
}
