// Average widths of values in bytes: from statistics, else from the type and its modifier.
import type { Catalog } from '../../catalog/api.js';
import type { Expression, Var } from '../../trees/expression.js';
import { typeOf, typmodOf } from '../expressions/typing.js';
import type { PlannerInfo } from '../planner-info.js';

const defaultVarlenWidth = 32;
const lengthLimitedTypes = new Set([1042, 1043]);

/** Width that a type without statistics is taken to have. */
export function typeWidth(catalog: Catalog, oid: number, typmod: number): number {
  const type = catalog.findTypeByOid(oid);
  if (type === null) return defaultVarlenWidth;
  if (type.length > 0) return type.length;
  if (lengthLimitedTypes.has(oid) && typmod >= 4) {
    const bytes = (typmod - 4) * (oid === 1042 ? 1 : 4) + 4;
    const limit = oid === 1042 ? typmod : bytes;
    if (oid === 1042) return limit;
    if (limit <= 32) return limit;
    return limit < 1000 ? 32 + Math.trunc((limit - 32) / 2) : 32 + (1000 - 32) / 2;
  }
  if (oid === 1700 && typmod >= 4) {
    const precision = ((typmod - 4) >> 16) & 0xffff;
    return 8 + Math.ceil(precision / 4) * 2 + 2;
  }
  return defaultVarlenWidth;
}

/** Width of a column of a base relation. */
export function columnWidth(root: PlannerInfo, variable: Var): number {
  const { catalog } = root.global;
  const rte = root.rangeTable[variable.varno - 1];
  if (rte?.kind === 'relation') {
    if (variable.attno === 0) return wholeRowWidth(root, rte.relation);
    if (variable.attno > 0) {
      const statistics = catalog.statistics(rte.relation, variable.attno);
      if (statistics !== null && statistics.averageWidth > 0) return statistics.averageWidth;
    }
  }
  const rel = root.rels[variable.varno];
  if (rte?.kind === 'subquery' && rel?.subroot) {
    const entry = rel.subroot.processedTargetList.find((item) => item.resno === variable.attno);
    if (entry !== undefined) return expressionWidth(rel.subroot, entry.expr);
  }
  return typeWidth(catalog, variable.type, variable.typmod);
}

function wholeRowWidth(root: PlannerInfo, oid: number): number {
  const { catalog } = root.global;
  let width = 24;
  for (const attribute of catalog.relation(oid)?.attributes ?? []) {
    if (attribute.isDropped) continue;
    const statistics = catalog.statistics(oid, attribute.number);
    width += statistics !== null ? statistics.averageWidth : typeWidth(catalog, attribute.type, attribute.typmod);
  }
  return width;
}

/** Width of any expression's value. */
export function expressionWidth(root: PlannerInfo, expr: Expression): number {
  if (expr.kind === 'Var' && expr.levelsUp === 0) return columnWidth(root, expr);
  if (expr.kind === 'PlaceHolderVar') return expressionWidth(root, expr.arg);
  return typeWidth(root.global.catalog, typeOf(expr), typmodOf(expr));
}
