// Merges subqueries in FROM into the query above:
//   SELECT s.x FROM (SELECT a + 1 AS x FROM t WHERE b) s WHERE s.x > 3   ->   SELECT a + 1 FROM t WHERE b AND a + 1 > 3
// Only plain joins qualify (no grouping, windows, sorting, limits, set operations). Below an outer join an expression
// that is not a plain column is wrapped in a PlaceHolderVar, so that it becomes NULL with its row.
import type { Expression, PlaceHolderVar, TargetEntry, Var } from '../../trees/expression.js';
import type { FromExpr, FunctionRte, JoinExpr, JoinTreeNode, Query, RangeTableEntry } from '../../trees/query.js';
import { containsNonStrict, containsSetReturning, containsVolatile, relidsOfExpression } from '../expressions/facts.js';
import { makeAnd, nullConst } from '../expressions/make.js';
import { mapQuery, rewriteDeep, shiftLevels, visitExpressionDeep } from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, relidMembers, relidsOf } from '../relids.js';
import { mergeRangeTable } from './merge-range-table.js';
import { pullUpSublinks } from './sublinks.js';

/** Pulls up all subqueries in FROM that qualify, innermost ones first. */
export function pullUpSubqueries(root: PlannerInfo): void {
  const tree = asFrom(pullUp(root, root.query.joinTree, { nullable: false, depthOuter: false, outerRels: noRelids }));
  root.query.joinTree = flattenFrom(tree);
  root.query.rangeTable = root.rangeTable;
}

interface Place {
  /** Some outer join above can null the item. */
  readonly nullable: boolean;
  /** The item stands on one side of an outer join. */
  readonly depthOuter: boolean;
  /** Relations of the lowest outer join above it: lateral references within them are harmless. */
  readonly outerRels: Relids;
}

function asFrom(node: JoinTreeNode): FromExpr {
  return node.kind === 'FromExpr' ? node : { kind: 'FromExpr', fromList: [node], quals: null };
}

function pullUp(root: PlannerInfo, node: JoinTreeNode, place: Place): JoinTreeNode {
  switch (node.kind) {
    case 'RangeTableRef':
      return pullUpReference(root, node.rtIndex, place) ?? node;
    case 'FromExpr': {
      // The replacements change the query as a whole: quals of this very tree included. Work item by item on a copy
      // that the query holds, so that substitution reaches the rest.
      const fromList = node.fromList.map((item) => pullUp(root, item, place));
      return { kind: 'FromExpr', fromList, quals: substitutePending(root, node.quals) };
    }
    case 'JoinExpr': {
      const { joinType } = node;
      const outer = joinType !== 'inner' && joinType !== 'semi';
      const outerRelsOf = (join: JoinExpr): Relids =>
        outer || joinType === 'semi' ? relidsOf(treeRelids(join)) : place.outerRels;
      const before = replacementsOf(root).length;
      const left = pullUp(root, node.left, {
        nullable: place.nullable || joinType === 'right' || joinType === 'full',
        depthOuter: place.depthOuter || outer,
        outerRels: outerRelsOf(node),
      });
      // The right side's lateral references show what has taken the place of a subquery on the left.
      const rightPlace = {
        nullable: place.nullable || joinType === 'left' || joinType === 'full',
        depthOuter: place.depthOuter || outer || joinType === 'semi',
        outerRels: outerRelsOf({ ...node, left }),
      };
      const middle = replacementsOf(root).length;
      const right = pullUp(root, node.right, rightPlace);
      const made = replacementsOf(root);
      // A full join's condition must show which side each of its expressions comes from: constants wouldn't.
      if (joinType === 'full') markNulled(made.slice(before));
      // Another join's condition sees its inputs as they are; only above it they may have been replaced by NULLs.
      const quals = substitutePending(root, node.quals);
      if (joinType === 'right') markNulled(made.slice(before, middle));
      if (joinType === 'left') markNulled(made.slice(middle));
      return { ...node, left, right, quals };
    }
  }
}

interface Replacement {
  /** Puts the entry's expressions as they are, or protected against becoming other than NULL where their row is. */
  readonly plain: (expression: Expression) => Expression;
  readonly protecting: (expression: Expression) => Expression;
  /** The recursion has left an outer join that nulls the entry's rows. */
  isNulled: boolean;
}

/** Replacements of pulled-up entries so far, applied to tree parts as the recursion leaves them. */
const replacements = new WeakMap<PlannerInfo, Replacement[]>();

function replacementsOf(root: PlannerInfo): readonly Replacement[] {
  return replacements.get(root) ?? [];
}

function markNulled(list: readonly Replacement[]): void {
  for (const item of list) item.isNulled = true;
}

function substitutePending(root: PlannerInfo, quals: Expression | null): Expression | null {
  if (quals === null) return null;
  return replacementsOf(root).reduce((result, item) => (item.isNulled ? item.protecting : item.plain)(result), quals);
}

function pullUpReference(root: PlannerInfo, rtIndex: number, place: Place): JoinTreeNode | null {
  root.global.context.checkInterrupts?.();
  const rte = root.rangeTable[rtIndex - 1];
  if (rte?.kind === 'subquery' && !rte.securityBarrier) return pullUpSimpleSubquery(root, rtIndex, rte, place);
  if (rte?.kind === 'values') return pullUpValues(root, rtIndex, rte, place);
  if (rte?.kind === 'function') pullUpConstant(root, rtIndex, rte, place);
  return null;
}

type SubqueryEntry = Extract<RangeTableEntry, { kind: 'subquery' }>;
type ValuesEntry = Extract<RangeTableEntry, { kind: 'values' }>;

function pullUpSimpleSubquery(
  root: PlannerInfo,
  rtIndex: number,
  rte: SubqueryEntry,
  place: Place,
): JoinTreeNode | null {
  if (!isSimple(root, rte.subquery)) return null;
  const prepared = prepareSubquery(root, rte);
  if (!isSimple(root, prepared)) return null;
  const empty = prepared.joinTree.fromList.length === 0;
  if (rte.lateral && lateralIsUnsafe(prepared, place)) return null;
  const moved = mergeRangeTable(root, prepared);
  const tree = moved.moveTree(prepared.joinTree);
  const columns = prepared.targetList.map((entry) => ({
    ...entry,
    expr: shiftLevels(moved.moveExpression(entry.expr), -1),
  }));
  let body: FromExpr = tree;
  if (empty) {
    root.rangeTable.push(resultEntry());
    body = { ...tree, fromList: [{ kind: 'RangeTableRef', rtIndex: root.rangeTable.length }] };
  }
  const relids = treeRelids(body);
  const marks = prepared.rowMarks.map((mark) => ({ ...mark, rtIndex: mark.rtIndex + moved.offset }));
  if (marks.length > 0) root.query.rowMarks = [...root.query.rowMarks, ...marks];
  root.rangeTable[rtIndex - 1] = { ...rte, subquery: emptied(prepared) };
  replaceReferences(root, rtIndex, columns, place.nullable || hasGroupingSets(root) ? relids : null, rte);
  return body;
}

/** What a grouping set leaves out becomes NULL: an expression must not be taken for its value, a constant least of all. */
function hasGroupingSets(root: PlannerInfo): boolean {
  return root.query.groupingSets.length > 0;
}

/** What stays of a merged subquery: its entry is kept for the privileges it asks for, and every later step would walk
 *  through its content once more. */
function emptied(query: Query): Query {
  return {
    ...query,
    rangeTable: [],
    joinTree: { kind: 'FromExpr', fromList: [], quals: null },
    targetList: [],
    ctes: [],
    rowMarks: [],
  };
}

function resultEntry(): RangeTableEntry {
  const eref = { name: '*RESULT*', columns: [] };
  return { kind: 'result', alias: null, eref, lateral: false, inFromClause: false };
}

/** A subquery's own CTE-free planning steps that come before its pull-up: its sublinks and its own subqueries. */
function prepareSubquery(root: PlannerInfo, rte: SubqueryEntry): Query {
  const child: PlannerInfo = {
    ...root,
    parent: root,
    query: { ...rte.subquery },
    rangeTable: [...rte.subquery.rangeTable],
  };
  if (child.query.hasSubLinks) pullUpSublinks(child);
  pullUpSubqueries(child);
  child.query.rangeTable = child.rangeTable;
  return child.query;
}

function isSimple(root: PlannerInfo, query: Query): boolean {
  if (
    query.commandType !== 'select' ||
    query.setOperations !== null ||
    query.hasAggregates ||
    query.hasWindowFunctions ||
    query.groupClause.length > 0 ||
    query.groupingSets.length > 0 ||
    query.having !== null ||
    query.sortClause.length > 0 ||
    query.distinctClause.length > 0 ||
    query.limitOffset !== null ||
    query.limitCount !== null ||
    query.hasForUpdate ||
    query.ctes.length > 0
  ) {
    return false;
  }
  return !query.targetList.some(
    (entry) => containsSetReturning(entry.expr) || containsVolatile(entry.expr, root.global.catalog),
  );
}

/** Lateral references in conditions of the subquery's own outer joins can't leave it; below an outer join of the query
 *  they must not reach beyond that join. */
function lateralIsUnsafe(query: Query, place: Place): boolean {
  const outside = (expression: Expression | null, safe: Relids): boolean => {
    let found = noRelids;
    if (expression === null) return false;
    visitExpressionDeep(expression, (node, depth) => {
      if (node.kind === 'Var' && node.levelsUp === depth + 1) found |= relidsOf([node.varno]);
    });
    return !isSubset(found, safe);
  };
  const check = (node: JoinTreeNode, restricted: boolean, safe: Relids): boolean => {
    switch (node.kind) {
      case 'RangeTableRef':
        return false;
      case 'FromExpr':
        return node.fromList.some((item) => check(item, restricted, safe)) || (restricted && outside(node.quals, safe));
      case 'JoinExpr': {
        const isOuter = node.joinType !== 'inner';
        const limit = isOuter ? noRelids : safe;
        const bound = restricted || isOuter;
        return (
          check(node.left, bound, limit) || check(node.right, bound, limit) || (bound && outside(node.quals, limit))
        );
      }
    }
  };
  if (check(query.joinTree, place.depthOuter, place.outerRels)) return true;
  return place.depthOuter && query.targetList.some((entry) => outside(entry.expr, place.outerRels));
}

function pullUpValues(root: PlannerInfo, rtIndex: number, rte: ValuesEntry, place: Place): JoinTreeNode | null {
  const [row] = rte.rows;
  if (rte.rows.length !== 1 || row === undefined || place.depthOuter) return null;
  const { catalog } = root.global;
  if (row.some((item) => containsVolatile(item, catalog) || containsSetReturning(item))) return null;
  const isInsertSource = root.query.commandType !== 'select';
  if (isInsertSource && root.query.joinTree.fromList.length !== 1) return null;
  const columns = row.map(
    (expr, index): TargetEntry => ({
      kind: 'TargetEntry',
      expr,
      resno: index + 1,
      name: rte.eref.columns[index] ?? null,
      sortGroupRef: 0,
      originTable: 0,
      originColumn: 0,
      junk: false,
    }),
  );
  root.rangeTable.push(resultEntry());
  const result = root.rangeTable.length;
  replaceReferences(root, rtIndex, columns, hasGroupingSets(root) ? [result] : null, rte);
  return { kind: 'RangeTableRef', rtIndex: result };
}

/** A function in FROM whose call was folded to one plain value: the value itself, beside an empty row. */
function pullUpConstant(root: PlannerInfo, rtIndex: number, rte: FunctionRte, place: Place): void {
  const [item] = rte.functions;
  const value = item?.expr;
  if (rte.functions.length !== 1 || rte.withOrdinality || value?.kind !== 'Const' || rte.eref.columns.length !== 1)
    return;
  if (root.global.catalog.findTypeByOid(value.type)?.kind === 'c') return;
  const column: TargetEntry = {
    kind: 'TargetEntry',
    expr: value,
    resno: 1,
    name: rte.eref.columns[0] ?? null,
    sortGroupRef: 0,
    originTable: 0,
    originColumn: 0,
    junk: false,
  };
  root.rangeTable[rtIndex - 1] = resultEntry();
  replaceReferences(root, rtIndex, [column], place.nullable || hasGroupingSets(root) ? [rtIndex] : null, rte);
}

/** RT indexes of the relations in a join tree, joins left out. */
export function treeRelids(node: JoinTreeNode): number[] {
  switch (node.kind) {
    case 'RangeTableRef':
      return [node.rtIndex];
    case 'JoinExpr':
      return [...treeRelids(node.left), ...treeRelids(node.right)];
    case 'FromExpr':
      return node.fromList.flatMap(treeRelids);
  }
}

function replaceReferences(
  root: PlannerInfo,
  rtIndex: number,
  columns: readonly TargetEntry[],
  nullableRelids: readonly number[] | null,
  rte: RangeTableEntry,
): void {
  const byNumber = new Map(
    columns.filter((entry) => !entry.junk || entry.resno > 0).map((entry) => [entry.resno, entry.expr]),
  );
  const replacer = (
    protectedBy: readonly number[] | null,
  ): ((node: Expression, depth: number) => Expression | null) => {
    const values = new Map<number, Expression>();
    const valueFor = (variable: Var): Expression => {
      if (variable.attno === 0) return wholeRow(columns, variable, rte, protectedBy, root);
      const known = values.get(variable.attno);
      if (known !== undefined) return known;
      const expr = byNumber.get(variable.attno) ?? nullConst(variable.type, variable.typmod, variable.collation);
      const value = protectedBy === null ? expr : protect(root, expr, protectedBy);
      values.set(variable.attno, value);
      return value;
    };
    const replaceNode = (node: Expression, depth: number): Expression | null => {
      if (node.kind === 'Var') {
        if (node.levelsUp !== depth || node.varno !== rtIndex) return node;
        return depth === 0 ? valueFor(node) : shiftLevels(valueFor(node), depth, 0);
      }
      if (node.kind === 'PlaceHolderVar' && node.levelsUp === depth && node.relids.includes(rtIndex)) {
        const arg = rewriteDeep(node.arg, replaceNode, depth);
        const added = nullableRelids ?? [
          ...new Set(columns.flatMap((entry) => relidMembers(relidsOfExpression(entry.expr)))),
        ];
        return { ...node, arg, relids: [...node.relids.filter((item) => item !== rtIndex), ...added] };
      }
      return null;
    };
    return replaceNode;
  };
  const replaceNode = replacer(nullableRelids);
  const plainNode = nullableRelids === null ? replaceNode : replacer(null);
  const replace = (expression: Expression): Expression => rewriteDeep(expression, replaceNode);
  const plain = (expression: Expression): Expression => rewriteDeep(expression, plainNode);
  const list = replacements.get(root) ?? [];
  list.push({ plain, protecting: replace, isNulled: false });
  replacements.set(root, list);
  root.query.rangeTable = root.rangeTable;
  const replaced = mapQuery(root.query, {
    expression: replace,
    subquery: (inner) => replaceInQuery(inner, replaceNode),
  });
  root.query = { ...replaced };
  root.rangeTable = [...replaced.rangeTable];
  root.query.rangeTable = root.rangeTable;
}

function replaceInQuery(query: Query, replaceNode: (node: Expression, depth: number) => Expression | null): Query {
  const wrapper = rewriteDeep(
    {
      kind: 'SubLink',
      linkType: 'exists',
      id: 0,
      test: null,
      operatorName: [],
      subquery: query,
      arrayType: 0,
      location: -1,
    },
    replaceNode,
  );
  return wrapper.kind === 'SubLink' ? wrapper.subquery : query;
}

/** An expression that becomes NULL by itself when its relations' rows are null-extended needs no placeholder. */
function protect(root: PlannerInfo, expr: Expression, relids: readonly number[]): Expression {
  if (expr.kind === 'Var' && expr.levelsUp === 0 && relids.includes(expr.varno)) return expr;
  if (expr.kind === 'PlaceHolderVar' && expr.levelsUp === 0) return expr;
  let local = false;
  if (hasGroupingSets(root)) return placeHolder(root, expr, relids);
  visitExpressionDeep(expr, (node, depth) => {
    if (node.kind === 'Var' && node.levelsUp === depth && relids.includes(node.varno)) local = true;
  });
  if (local && !containsNonStrict(expr, root.global.catalog)) return expr;
  return placeHolder(root, expr, relids);
}

function placeHolder(root: PlannerInfo, arg: Expression, relids: readonly number[]): PlaceHolderVar {
  root.global.nextPlaceHolderId++;
  return { kind: 'PlaceHolderVar', arg, relids, nullingRels: [], id: root.global.nextPlaceHolderId, levelsUp: 0 };
}

function wholeRow(
  columns: readonly TargetEntry[],
  variable: Var,
  rte: RangeTableEntry,
  nullableRelids: readonly number[] | null,
  root: PlannerInfo,
): Expression {
  const live = columns.filter((entry) => !entry.junk);
  const row: Expression = {
    kind: 'RowExpr',
    args: live.map((entry) => entry.expr),
    type: variable.type,
    form: 'implicitCast',
    columnNames: live.map((entry, index) => rte.eref.columns[index] ?? entry.name ?? ''),
    location: variable.location,
  };
  return nullableRelids === null ? row : placeHolder(root, row, nullableRelids);
}

/** Joins the conditions of nested FromExprs with their parent's where no outer join stands between. */
export function flattenFrom(tree: FromExpr): FromExpr {
  const fromList: JoinTreeNode[] = [];
  const quals: Expression[] = [];
  for (const item of tree.fromList) {
    if (item.kind === 'FromExpr') {
      const inner = flattenFrom(item);
      fromList.push(...inner.fromList);
      if (inner.quals !== null) quals.push(inner.quals);
    } else fromList.push(item);
  }
  if (tree.quals !== null) quals.push(tree.quals);
  return { kind: 'FromExpr', fromList, quals: quals.length === 0 ? null : makeAnd(quals) };
}
