// Makes the RelOptInfos: base relations with their size and indexes from the catalog, joins of two relations.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { RelationRte } from '../../trees/query.js';
import type { PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { noRelids, singleRelid } from '../relids.js';
import { required } from '../require.js';
import { indexInfos } from './indexes.js';
import { typeWidth } from './widths.js';

export const emptyTarget: PathTarget = { exprs: [], sortRefs: [], startupCost: 0, perTupleCost: 0, width: 0 };

/** A blank relation. */
export function newRel(kind: RelOptInfo['kind'], relids: Relids, rtIndex: number): RelOptInfo {
  return {
    kind,
    relids,
    rtIndex,
    rte: null,
    rows: 0,
    target: emptyTarget,
    paths: [],
    cheapestStartup: null,
    cheapestTotal: null,
    cheapestParameterized: [],
    parameterInfos: new Map(),
    considerStartup: false,
    considerParameterizedStartup: false,
    isDummy: false,
    lateralRelids: noRelids,
    lateralVars: [],
    lateralReferencers: noRelids,
    relation: null,
    tuples: 0,
    pages: 0,
    indexes: [],
    attributeNeeded: new Map(),
    baseRestrictions: [],
    joinClauses: [],
    hasEquivalenceJoins: false,
    nullingRels: noRelids,
    subroot: null,
    subplanParams: [],
    members: [],
    uniquePath: undefined,
    uniqueFor: new Map(),
  };
}

/** The base relation of a range table entry, registered in `root.rels`. */
export function buildBaseRel(root: PlannerInfo, rtIndex: number, kind: 'base' | 'member' = 'base'): RelOptInfo {
  const rte = required(root.rangeTable[rtIndex - 1], 'range table entry');
  const rel = newRel(kind, singleRelid(rtIndex), rtIndex);
  rel.rte = rte;
  rel.considerStartup = root.tupleFraction > 0;
  if (rte.kind === 'relation') readRelation(root, rel, rte);
  root.rels[rtIndex] = rel;
  return rel;
}

function readRelation(root: PlannerInfo, rel: RelOptInfo, rte: RelationRte): void {
  const { catalog, dependencies } = root.global;
  const relation = catalog.requireRelation(rte.relation);
  dependencies.add(relation.oid);
  rel.relation = relation;
  const size = relationSize(root, relation);
  rel.pages = size.pages;
  rel.tuples = size.tuples;
  root.totalTablePages += size.pages;
  rel.indexes = root.global.context.withoutIndexes === true ? [] : indexInfos(root, rel, relation);
}

const pageBytes = 8192;
const pageUsableBytes = pageBytes - 24;

/** Rows and pages as PostgreSQL would guess them: the density of the last ANALYZE applied to the present size. */
function relationSize(root: PlannerInfo, relation: RelationDescriptor): { pages: number; tuples: number } {
  const { catalog } = root.global;
  if (relation.kind !== 'r' && relation.kind !== 'm' && relation.kind !== 't') return { pages: 0, tuples: 0 };
  let { pages } = catalog.relationSize(relation.oid);
  // A table never analyzed may grow soon: PostgreSQL plans for at least ten pages.
  if (pages < 10 && relation.rowEstimate < 0 && !relation.hasSubclass) pages = 10;
  if (pages === 0) return { pages: 0, tuples: 0 };
  if (relation.rowEstimate >= 0 && relation.pageEstimate > 0) {
    const density = relation.rowEstimate / relation.pageEstimate;
    return { pages, tuples: Math.round(density * pages) };
  }
  let width = 0;
  for (const attribute of relation.attributes) {
    if (attribute.isDropped) continue;
    const statistics = catalog.statistics(relation.oid, attribute.number);
    width += statistics !== null ? statistics.averageWidth : typeWidth(catalog, attribute.type, attribute.typmod);
  }
  const tupleBytes = width + 24 + 4;
  const density = Math.trunc(pageUsableBytes / tupleBytes);
  return { pages, tuples: Math.round(density * pages) };
}
