// What is known of an expression's values: the column behind it, its statistics, its number of distinct values.
import type { ColumnStatistics } from '../../catalog/descriptors.js';
import type { Expression, Var } from '../../trees/expression.js';
import { relidsOfExpression } from '../expressions/facts.js';
import { stripRelabel, boolType } from '../expressions/make.js';
import { typeOf } from '../expressions/typing.js';
import { equalTrees } from '../expressions/equal.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { contains, firstRelid, isSingleton, noRelids } from '../relids.js';

export interface VariableData {
  readonly expr: Expression;
  /** The only relation it reads, null where there are several or none. */
  readonly rel: RelOptInfo | null;
  readonly statistics: ColumnStatistics | null;
  /** Values are distinct by a unique index, DISTINCT or GROUP BY. */
  readonly isUnique: boolean;
  readonly type: number;
}

/** Examines an expression. With `varRelid` 0 all its relations count, else only that one's columns are variables. */
export function examineVariable(root: PlannerInfo, node: Expression, varRelid: number): VariableData {
  const base = stripRelabel(node.kind === 'PlaceHolderVar' ? node.arg : node);
  const type = typeOf(node);
  if (base.kind === 'Var' && base.levelsUp === 0 && (varRelid === 0 || varRelid === base.varno)) {
    return columnData(root, base, node, type);
  }
  const relids = relidsOfExpression(base) & root.allBaseRels;
  if (relids === noRelids || (varRelid !== 0 && !contains(relids, varRelid))) {
    return { expr: base, rel: null, statistics: null, isUnique: false, type };
  }
  const relid = varRelid !== 0 ? varRelid : isSingleton(relids) ? firstRelid(relids) : 0;
  const rel = root.rels[relid] ?? null;
  return expressionData(root, base, rel, type);
}

function expressionData(root: PlannerInfo, expr: Expression, rel: RelOptInfo | null, type: number): VariableData {
  const none: VariableData = { expr, rel, statistics: null, isUnique: false, type };
  if (rel === null) return none;
  for (const index of rel.indexes) {
    for (let position = 0; position < index.keyCount; position++) {
      const column = index.columns[position];
      if (column === undefined || column.kind === 'Var' || !equalTrees(stripNulling(column), stripNulling(expr)))
        continue;
      const statistics = root.global.catalog.statistics(index.index.oid, position + 1);
      const isUnique = index.index.isUnique && index.keyCount === 1 && index.predicateOk;
      return { expr, rel, statistics, isUnique, type };
    }
  }
  return none;
}

function stripNulling(expr: Expression): Expression {
  return expr;
}

function columnData(root: PlannerInfo, variable: Var, node: Expression, type: number): VariableData {
  const rel = root.rels[variable.varno] ?? null;
  const rte = root.rangeTable[variable.varno - 1];
  if (rte?.kind === 'relation') {
    const statistics = variable.attno > 0 ? root.global.catalog.statistics(rte.relation, variable.attno) : null;
    return { expr: variable, rel, statistics, isUnique: rel !== null && hasUniqueIndex(rel, variable.attno), type };
  }
  if (rte?.kind === 'subquery' && rel?.subroot) return subqueryColumn(rel, rel.subroot, variable, type);
  return { expr: node, rel, statistics: null, isUnique: false, type };
}

function subqueryColumn(rel: RelOptInfo, subroot: PlannerInfo, variable: Var, type: number): VariableData {
  const none: VariableData = { expr: variable, rel, statistics: null, isUnique: false, type };
  const { query } = subroot;
  if (query.setOperations !== null || query.groupingSets.length > 0) return none;
  const entry = query.targetList.find((item) => item.resno === variable.attno);
  if (entry === undefined) return none;
  const only = (clauses: typeof query.groupClause): boolean =>
    clauses.length === 1 && clauses[0]?.sortGroupRef === entry.sortGroupRef && entry.sortGroupRef > 0;
  if (only(query.distinctClause) || (query.distinctClause.length === 0 && only(query.groupClause))) {
    return { ...none, isUnique: true };
  }
  if (query.distinctClause.length > 0 || query.groupClause.length > 0) return none;
  const inner = stripRelabel(entry.expr);
  if (inner.kind !== 'Var' || inner.levelsUp > 0) return none;
  const data = examineVariable(subroot, inner, 0);
  return { ...none, statistics: data.statistics };
}

function hasUniqueIndex(rel: RelOptInfo, attno: number): boolean {
  return rel.indexes.some((info) => {
    const [key] = info.columns;
    return info.index.isUnique && info.keyCount === 1 && key?.kind === 'Var' && key.attno === attno && info.predicateOk;
  });
}

/** Estimated number of distinct values; `isDefault` where it is a guess. */
export function distinctValues(data: VariableData): { count: number; isDefault: boolean } {
  let distinct = 0;
  let nullFraction = 0;
  const ntuples = data.rel?.tuples ?? 0;
  if (data.statistics !== null) {
    distinct = data.statistics.distinct;
    nullFraction = data.statistics.nullFraction;
  } else if (data.type === boolType) distinct = 2;
  else if (data.rel?.rte?.kind === 'values') distinct = -1;
  else if (data.expr.kind === 'Var' && data.expr.attno === -1) distinct = -1;
  else if (data.expr.kind === 'Var' && data.expr.attno === -6) distinct = 1;
  if (data.isUnique) distinct = -1 * (1 - nullFraction);
  if (distinct > 0) return { count: clampRows(distinct), isDefault: false };
  if (data.rel === null || ntuples <= 0) return { count: 200, isDefault: true };
  if (distinct < 0) return { count: clampRows(-distinct * ntuples), isDefault: false };
  if (ntuples < 200) return { count: clampRows(ntuples), isDefault: false };
  return { count: 200, isDefault: true };
}

/** A row count that is whole and at least one. */
export function clampRows(rows: number): number {
  if (rows > 1e100 || Number.isNaN(rows)) return 1e100;
  return rows <= 1 ? 1 : roundHalfEven(rows);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export function clampProbability(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
