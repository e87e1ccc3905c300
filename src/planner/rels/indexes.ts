// What the planner knows of a table's indexes: key expressions over the table's columns, sizes, abilities.
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { Expression } from '../../trees/expression.js';
import { andList, makeVar, tidType } from '../expressions/make.js';
import { foldExpression } from '../expressions/fold.js';
import { rewriteTopDown } from '../expressions/walk.js';
import type { IndexOptInfo, PlannerInfo, RelOptInfo } from '../planner-info.js';
import { typeWidth } from './widths.js';

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
  const size = indexSize(root, rel, index, predicate.length > 0);
  return {
    index,
    rel,
    columns,
    keyCount: index.keys.length,
    predicate,
    predicateOk: predicate.length === 0,
    pages: size.pages,
    tuples: size.tuples,
    canOrder: index.accessMethod === 'btree',
    canReturn: columns.map(() => index.accessMethod === 'btree'),
    treeHeight: size.pages <= 1 ? 0 : Math.max(1, Math.ceil(Math.log(size.pages) / Math.log(300))),
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

/** Pages by the size of an entry in PostgreSQL's B-tree, so that costs come out alike. */
function indexSize(
  root: PlannerInfo,
  rel: RelOptInfo,
  index: IndexDescriptor,
  isPartial: boolean,
): { pages: number; tuples: number } {
  const { catalog } = root.global;
  const known = catalog.relation(index.oid);
  const tuples =
    isPartial && known !== null && known.rowEstimate >= 0 ? Math.min(known.rowEstimate, rel.tuples) : rel.tuples;
  let width = 0;
  for (const key of index.keys) {
    const statistics = key.attribute > 0 ? catalog.statistics(index.table, key.attribute) : null;
    width += statistics?.averageWidth ?? typeWidth(catalog, key.type, -1);
  }
  const entryBytes = 8 + Math.ceil(width / 8) * 8 + 4;
  const perPage = Math.max(1, Math.trunc(((8192 - 24 - 16) * 0.9) / entryBytes));
  return { pages: Math.max(1, Math.ceil(tuples / perPage)) + 1, tuples };
}

/** A Var of the table's own column; system columns have negative numbers. */
export function columnVar(relation: RelationDescriptor, rtIndex: number, attno: number): Expression {
  const attribute = relation.attributes[attno - 1];
  if (attribute === undefined) return makeVar(rtIndex, attno, { type: tidType, typmod: -1, collation: 0 });
  return makeVar(rtIndex, attno, attribute);
}
