// What the planner knows of a table's indexes: key expressions over the table's columns, sizes, abilities.
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { indexSize } from '../../catalog/page-estimates.js';
import type { Expression } from '../../trees/expression.js';
import { andList, makeVar, tidType } from '../expressions/make.js';
import { foldExpression } from '../expressions/fold.js';
import { rewriteTopDown } from '../expressions/walk.js';
import type { IndexOptInfo, PlannerInfo, RelOptInfo } from '../planner-info.js';

/** The usable indexes of a table, newest last. */
export function indexInfos(root: PlannerInfo, rel: RelOptInfo, relation: RelationDescriptor): IndexOptInfo[] {
  return relation.indexes
    .filter((index) => index.isValid && index.isReady)
    .map((index) => indexInfo(root, rel, relation, index));
}

function indexInfo(
  root: PlannerInfo,
  rel: RelOptInfo,
  relation: RelationDescriptor,
  index: IndexDescriptor,
): IndexOptInfo {
  const expressions = readList(root, rel, index.expressions);
  let nextExpression = 0;
  const columns: Expression[] = [];
  for (const key of index.keys) {
    const expression =
      key.attribute === 0 ? expressions[nextExpression++] : columnVar(relation, rel.rtIndex, key.attribute);
    if (expression !== undefined) columns.push(expression);
  }
  for (const attribute of index.includes) columns.push(columnVar(relation, rel.rtIndex, attribute));
  const predicate = readList(root, rel, index.predicate).flatMap((item) => andList(item));
  const isHash = index.accessMethod === 'hash';
  const tuples = indexTuples(root, rel, index, predicate.length > 0);
  // An unanalyzed table is expected to grow; its index is as large as it is now.
  const stored = predicate.length > 0 ? tuples : root.global.catalog.relationSize(relation.oid).rows;
  const size = indexSize(root.global.catalog, index, stored);
  return {
    index,
    rel,
    columns,
    keyCount: index.keys.length,
    predicate,
    predicateOk: predicate.length === 0,
    pages: size.pages,
    tuples,
    canOrder: index.accessMethod === 'btree',
    canReturn: columns.map(() => index.accessMethod === 'btree'),
    treeHeight: size.height,
    isHash,
  };
}

/** A stored list of trees over varno 1, moved to the relation's index. */
function readList(root: PlannerInfo, rel: RelOptInfo, json: string | null): Expression[] {
  if (json === null) return [];
  const stored = root.global.context.readTree(json);
  const list = (Array.isArray(stored) ? stored : [stored]) as Expression[];
  return list.map((item) =>
    foldExpression(
      root.global,
      rewriteTopDown(item, (node) => (node.kind === 'Var' ? { ...node, varno: rel.rtIndex, location: -1 } : null)),
    ),
  );
}

function indexTuples(root: PlannerInfo, rel: RelOptInfo, index: IndexDescriptor, isPartial: boolean): number {
  const known = isPartial ? root.global.catalog.relation(index.oid) : null;
  return known !== null && known.rowEstimate >= 0 ? Math.min(known.rowEstimate, rel.tuples) : rel.tuples;
}

/** A Var of the table's own column; system columns have negative numbers. */
export function columnVar(relation: RelationDescriptor, rtIndex: number, attno: number): Expression {
  const attribute = relation.attributes[attno - 1];
  if (attribute === undefined) return makeVar(rtIndex, attno, { type: tidType, typmod: -1, collation: 0 });
  return makeVar(rtIndex, attno, attribute);
}
