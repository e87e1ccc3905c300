// A sequential scan that looks for one whole key of a unique index, as the index scan that it could be: of a small table
// the planner reads all, but the addon's point path goes by the key.
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, IndexKey, RelationDescriptor } from '../catalog/descriptors.js';
import type { Expression, OpExpr } from '../trees/expression.js';
import type { IndexQual, IndexScan, SeqScan } from '../trees/plan.js';
import { walkExpression } from '../trees/walk.js';

/** Null where the scan's conditions are others than equalities with a whole key. */
export function keyScan(catalog: Catalog, relation: RelationDescriptor, scan: SeqScan): IndexScan | null {
  for (const index of relation.indexes) {
    const indexQuals = isWhole(index) ? keyQuals(catalog, index, scan) : null;
    if (indexQuals === null) continue;
    const { oid } = index;
    return { ...scan, kind: 'IndexScan', qual: [], index: oid, indexQuals, direction: 'forward', ordered: false };
  }
  return null;
}

/** Every row has one entry, and no other row the same. */
function isWhole({ isUnique, isImmediate, isValid, predicate, expressions }: IndexDescriptor): boolean {
  return isUnique && isImmediate && isValid && predicate === null && expressions === null;
}

function keyQuals(catalog: Catalog, index: IndexDescriptor, { qual, scanRtIndex }: SeqScan): IndexQual[] | null {
  if (qual.length !== index.keys.length) return null;
  const quals: IndexQual[] = [];
  for (const [column, key] of index.keys.entries()) {
    const clause = qual.find((condition): condition is OpExpr => isEquality(catalog, key, scanRtIndex, condition));
    const value = clause?.args[1];
    if (clause === undefined || value === undefined) return null;
    quals.push({ column, strategy: '=', value, clause });
  }
  return quals;
}

const equality = 3;

/** Column = value, by the index's own operator for these types and its collation. */
function isEquality(catalog: Catalog, key: IndexKey, table: number, condition: Expression): boolean {
  if (condition.kind !== 'OpExpr' || condition.args.length !== 2) return false;
  const [left, right] = condition.args as [Expression, Expression];
  const column = left.kind === 'RelabelType' ? left.arg : left;
  if (column.kind !== 'Var' || column.varno !== table || column.attno !== key.attribute || column.levelsUp > 0)
    return false;
  if (key.collation !== 0 && condition.inputCollation !== key.collation) return false;
  const operator = catalog.operator(condition.operator);
  if (operator === null || hasColumns(right)) return false;
  return catalog.familyOperator(key.opfamily, operator.left, operator.right, equality) === operator.oid;
}

function hasColumns(expr: Expression): boolean {
  let found = false;
  walkExpression(expr, (node) => {
    if (node.kind === 'Var') found = true;
  });
  return found;
}
