// Walking and mapping bound trees. `forEachChild` and `mapChildren` know every node's parts (one table); everything else
// is built on them. Maps return the same object where nothing changed. A SubLink's subquery is not a child: the functions
// on queries descend into it and count query levels, as Vars do.
import type { Expression, TargetEntry } from './expression.js';
import type { FromExpr, JoinTreeNode, Query, RangeTableEntry, WindowClause } from './query.js';

type Shape = 'one' | 'list' | 'entries' | 'whens';
type Parts = readonly (readonly [field: string, shape: Shape])[];

const arg: Parts = [['arg', 'one']];
const args: Parts = [['args', 'list']];
const none: Parts = [];
const parts = {
  Var: none,
  Const: none,
  Param: none,
  Aggref: [
    ['directArgs', 'list'],
    ['args', 'entries'],
    ['filter', 'one'],
  ],
  GroupingFunc: args,
  WindowFunc: [
    ['args', 'list'],
    ['filter', 'one'],
  ],
  SubscriptingRef: [
    ['upper', 'list'],
    ['lower', 'list'],
    ['container', 'one'],
    ['assignment', 'one'],
  ],
  FuncExpr: args,
  NamedArgExpr: arg,
  OpExpr: args,
  DistinctExpr: args,
  NullIfExpr: args,
  ScalarArrayOpExpr: args,
  BoolExpr: args,
  SubLink: [['test', 'one']],
  SubPlan: [
    ['test', 'one'],
    ['args', 'list'],
  ],
  FieldSelect: arg,
  FieldStore: [
    ['arg', 'one'],
    ['newValues', 'list'],
  ],
  RelabelType: arg,
  CoerceViaIO: arg,
  ArrayCoerceExpr: [
    ['arg', 'one'],
    ['elementExpr', 'one'],
  ],
  ConvertRowtypeExpr: arg,
  CollateExpr: arg,
  CaseExpr: [
    ['arg', 'one'],
    ['whens', 'whens'],
    ['defaultResult', 'one'],
  ],
  CaseTestExpr: none,
  ArrayExpr: [['elements', 'list']],
  RowExpr: args,
  RowCompareExpr: [
    ['left', 'list'],
    ['right', 'list'],
  ],
  CoalesceExpr: args,
  MinMaxExpr: args,
  SqlValueFunction: none,
  JsonConstructorExpr: [
    ['args', 'list'],
    ['func', 'one'],
    ['coercion', 'one'],
  ],
  JsonIsPredicate: arg,
  NullTest: arg,
  BooleanTest: arg,
  MergeSupportFunc: none,
  CoerceToDomain: arg,
  CoerceToDomainValue: none,
  SetToDefault: none,
  CurrentOfExpr: none,
  NextValueExpr: none,
  PlaceHolderVar: arg,
} as const satisfies Record<Expression['kind'], Parts>;

type When = { readonly condition: Expression; readonly result: Expression; readonly location: number };
type Fields = Readonly<Record<string, unknown>>;

/** Calls `visit` for each direct child expression, in evaluation order; absent ones are left out. */
export function forEachChild(expression: Expression, visit: (child: Expression) => void): void {
  const fields = expression as unknown as Fields;
  for (const [field, shape] of parts[expression.kind] as Parts) {
    const value = fields[field];
    if (value === null || value === undefined) continue;
    if (shape === 'one') visit(value as Expression);
    else if (shape === 'list') {
      for (const item of value as readonly (Expression | null)[]) if (item !== null) visit(item);
    } else if (shape === 'entries') {
      for (const entry of value as readonly TargetEntry[]) visit(entry.expr);
    } else {
      for (const when of value as readonly When[]) {
        visit(when.condition);
        visit(when.result);
      }
    }
  }
}

/** The expression with its direct children replaced by `map`; itself where all stayed the same. */
export function mapChildren(expression: Expression, map: (child: Expression) => Expression): Expression {
  const fields = expression as unknown as Fields;
  let changed: Record<string, unknown> | null = null;
  for (const [field, shape] of parts[expression.kind] as Parts) {
    const value = fields[field];
    if (value === null || value === undefined) continue;
    const mapped = mapPart(value, shape, map);
    if (mapped === value) continue;
    changed ??= { ...fields };
    changed[field] = mapped;
  }
  return changed === null ? expression : (changed as unknown as Expression);
}

/** True where the expression or anything below it (subqueries left out) satisfies the test. */
export function someExpression(expression: Expression, test: (candidate: Expression) => boolean): boolean {
  if (test(expression)) return true;
  let found = false;
  forEachChild(expression, (child) => {
    if (!found) found = someExpression(child, test);
  });
  return found;
}

/** Visits the expression and everything below it in pre-order, subqueries left out; false from `visit` skips a node's children. */
export function walkExpression(expression: Expression, visit: (node: Expression) => boolean | undefined): void {
  if (visit(expression) === false) return;
  forEachChild(expression, (child) => walkExpression(child, visit));
}

/** What a deep walk or map is told beside the node: how many query levels lie between it and the start. */
export type DeepMap = (expression: Expression, level: number) => Expression | undefined;

/** Maps an expression and all below it, subqueries included. `map` returns a replacement (which is not descended into) or
 *  undefined to go on into the node's children. `level` 0 is the query that the expression belongs to. */
export function mapExpressionDeep(expression: Expression, map: DeepMap, level = 0): Expression {
  const replaced = map(expression, level);
  if (replaced !== undefined) return replaced;
  const mapped = mapChildren(expression, (child) => mapExpressionDeep(child, map, level));
  if (mapped.kind !== 'SubLink') return mapped;
  const subquery = mapQueryDeep(mapped.subquery, map, level + 1);
  return subquery === mapped.subquery ? mapped : { ...mapped, subquery };
}

/** As mapExpressionDeep for all expressions of a query; those at its own level are told `level`. */
export function mapQueryDeep(query: Query, map: DeepMap, level = 0): Query {
  const mapped = mapQueryExpressions(query, (expression) => mapExpressionDeep(expression, map, level));
  const rangeTable = mapList(mapped.rangeTable, (entry) =>
    entry.kind === 'subquery' ? replaceQuery(entry, 'subquery', mapQueryDeep(entry.subquery, map, level + 1)) : entry,
  );
  const ctes = mapList(mapped.ctes, (cte) => replaceQuery(cte, 'query', mapQueryDeep(cte.query, map, level + 1)));
  return rangeTable === mapped.rangeTable && ctes === mapped.ctes ? mapped : { ...mapped, rangeTable, ctes };
}

/** True where an expression or anything below it, subqueries included, satisfies the test. */
export function someExpressionDeep(
  expression: Expression,
  test: (node: Expression, level: number) => boolean,
  level = 0,
): boolean {
  if (test(expression, level)) return true;
  if (expression.kind === 'SubLink' && someQueryDeep(expression.subquery, test, level + 1)) return true;
  let found = false;
  forEachChild(expression, (child) => {
    if (!found) found = someExpressionDeep(child, test, level);
  });
  return found;
}

/** As someExpressionDeep over all expressions of a query, its subqueries and its CTEs. */
export function someQueryDeep(query: Query, test: (node: Expression, level: number) => boolean, level = 0): boolean {
  let found = false;
  forEachQueryExpression(query, (expression) => {
    if (!found) found = someExpressionDeep(expression, test, level);
  });
  for (const entry of query.rangeTable) {
    if (!found && entry.kind === 'subquery') found = someQueryDeep(entry.subquery, test, level + 1);
  }
  for (const cte of query.ctes) if (!found) found = someQueryDeep(cte.query, test, level + 1);
  return found;
}

/** Visits the subqueries of a query: range table, CTEs and SubLinks (each once, not their own subqueries). */
export function forEachSubquery(query: Query, visit: (subquery: Query) => void): void {
  for (const entry of query.rangeTable) if (entry.kind === 'subquery') visit(entry.subquery);
  for (const cte of query.ctes) visit(cte.query);
  const search = (expression: Expression): void =>
    walkExpression(expression, (node) => {
      if (node.kind === 'SubLink') visit(node.subquery);
      return undefined;
    });
  forEachQueryExpression(query, search);
}

/** Visits every expression that the query itself holds (target lists, quals, join trees, range table entries, ...). */
export function forEachQueryExpression(query: Query, visit: (expression: Expression) => void): void {
  mapQueryExpressions(query, (expression) => {
    visit(expression);
    return expression;
  });
}

/** The query with each expression that it holds itself replaced; subqueries and CTEs stay as they are. */
export function mapQueryExpressions(query: Query, map: (expression: Expression) => Expression): Query {
  const optional = (expression: Expression | null): Expression | null => (expression === null ? null : map(expression));
  const entries = (list: readonly TargetEntry[]): readonly TargetEntry[] =>
    mapList(list, (entry) => {
      const expr = map(entry.expr);
      return expr === entry.expr ? entry : { ...entry, expr };
    });
  const changes: Query = {
    ...query,
    targetList: entries(query.targetList),
    returningList: entries(query.returningList),
    joinTree: mapJoinTree(query.joinTree, map) as FromExpr,
    having: optional(query.having),
    limitOffset: optional(query.limitOffset),
    limitCount: optional(query.limitCount),
    mergeJoinCondition: optional(query.mergeJoinCondition),
    windowClause: mapList(query.windowClause, (window) => mapWindow(window, map)),
    rangeTable: mapList(query.rangeTable, (entry) => mapRangeTableEntry(entry, map)),
    mergeActions: mapList(query.mergeActions, (action) => {
      const condition = optional(action.condition);
      const targetList = entries(action.targetList);
      return condition === action.condition && targetList === action.targetList
        ? action
        : { ...action, condition, targetList };
    }),
    onConflict: mapOnConflict(query.onConflict, map, entries),
  };
  const { withCheckOptions } = query;
  const checks =
    withCheckOptions === undefined
      ? undefined
      : mapList(withCheckOptions, (option) => {
          const qual = map(option.qual);
          return qual === option.qual ? option : { ...option, qual };
        });
  const complete = checks === undefined ? changes : { ...changes, withCheckOptions: checks };
  return sameFields(query, complete) ? query : complete;
}

/** A join tree with its quals replaced. */
export function mapJoinTree(node: JoinTreeNode, map: (expression: Expression) => Expression): JoinTreeNode {
  if (node.kind === 'RangeTableRef') return node;
  const quals = node.quals === null ? null : map(node.quals);
  if (node.kind === 'FromExpr') {
    const fromList = mapList(node.fromList, (item) => mapJoinTree(item, map));
    return quals === node.quals && fromList === node.fromList ? node : { ...node, quals, fromList };
  }
  const left = mapJoinTree(node.left, map);
  const right = mapJoinTree(node.right, map);
  return left === node.left && right === node.right && quals === node.quals ? node : { ...node, left, right, quals };
}

/** A range table entry with the expressions that it holds replaced. */
export function mapRangeTableEntry(
  entry: RangeTableEntry,
  map: (expression: Expression) => Expression,
): RangeTableEntry {
  switch (entry.kind) {
    case 'relation': {
      if (entry.tableSample === null) return entry;
      const sample = entry.tableSample;
      const sampleArgs = mapList(sample.args, map);
      const repeatable = sample.repeatable === null ? null : map(sample.repeatable);
      if (sampleArgs === sample.args && repeatable === sample.repeatable) return entry;
      return { ...entry, tableSample: { ...sample, args: sampleArgs, repeatable } };
    }
    case 'join': {
      const aliasVars = mapList(entry.aliasVars, (item) => (item === null ? null : map(item)));
      return aliasVars === entry.aliasVars ? entry : { ...entry, aliasVars };
    }
    case 'function': {
      const functions = mapList(entry.functions, (item) => {
        const expr = map(item.expr);
        return expr === item.expr ? item : { ...item, expr };
      });
      return functions === entry.functions ? entry : { ...entry, functions };
    }
    case 'values': {
      const rows = mapList(entry.rows, (row) => mapList(row, map));
      return rows === entry.rows ? entry : { ...entry, rows };
    }
    default:
      return entry;
  }
}

/** Maps a list; the same list where no element changed. */
export function mapList<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  let changed: T[] | null = null;
  for (let index = 0; index < list.length; index++) {
    const item = list[index] as T;
    const mapped = map(item);
    if (mapped === item) continue;
    changed ??= [...list];
    changed[index] = mapped;
  }
  return changed ?? list;
}

/** Moves an expression `delta` query levels deeper: what refers to levels at or above `fromLevel` gets `delta` added. */
export function shiftLevels(expression: Expression, delta: number, fromLevel = 0): Expression {
  return delta === 0
    ? expression
    : mapExpressionDeep(expression, (node, level) => shiftNode(node, delta, fromLevel + level));
}

/** As shiftLevels for a whole query (references within it stay). */
export function shiftQueryLevels(query: Query, delta: number, fromLevel = 1): Query {
  if (delta === 0) return query;
  const mapped = mapQueryDeep(query, (node, level) => shiftNode(node, delta, fromLevel + level));
  return shiftCteReferences(mapped, delta, fromLevel);
}

function shiftCteReferences(query: Query, delta: number, fromLevel: number): Query {
  const descend = (subquery: Query): Query => shiftCteReferences(subquery, delta, fromLevel + 1);
  const mapped = mapQueryExpressions(query, (expression) => mapSubLinks(expression, descend));
  const rangeTable = mapList(mapped.rangeTable, (entry) => {
    if (entry.kind === 'subquery') return replaceQuery(entry, 'subquery', descend(entry.subquery));
    if (entry.kind === 'cte' && entry.cteLevelsUp >= fromLevel)
      return { ...entry, cteLevelsUp: entry.cteLevelsUp + delta };
    return entry;
  });
  const ctes = mapList(mapped.ctes, (cte) => replaceQuery(cte, 'query', descend(cte.query)));
  return rangeTable === mapped.rangeTable && ctes === mapped.ctes ? mapped : { ...mapped, rangeTable, ctes };
}

/** Replaces the subquery of each SubLink of an expression (not of those inside the subqueries). */
export function mapSubLinks(expression: Expression, map: (subquery: Query) => Query): Expression {
  const mapped = mapChildren(expression, (child) => mapSubLinks(child, map));
  if (mapped.kind !== 'SubLink') return mapped;
  const subquery = map(mapped.subquery);
  return subquery === mapped.subquery ? mapped : { ...mapped, subquery };
}

function shiftNode(node: Expression, delta: number, fromLevel: number): Expression | undefined {
  switch (node.kind) {
    case 'Var':
      return node.levelsUp >= fromLevel ? { ...node, levelsUp: node.levelsUp + delta } : node;
    case 'Aggref':
    case 'GroupingFunc':
    case 'PlaceHolderVar': {
      if (node.levelsUp < fromLevel) return undefined;
      const inner = mapChildren(node, (child) => shiftLevels(child, delta, fromLevel)) as typeof node;
      return { ...inner, levelsUp: node.levelsUp + delta };
    }
    default:
      return undefined;
  }
}

function mapPart(value: unknown, shape: Shape, map: (child: Expression) => Expression): unknown {
  switch (shape) {
    case 'one':
      return map(value as Expression);
    case 'list':
      return mapList(value as readonly (Expression | null)[], (item) => (item === null ? null : map(item)));
    case 'entries':
      return mapList(value as readonly TargetEntry[], (entry) => {
        const expr = map(entry.expr);
        return expr === entry.expr ? entry : { ...entry, expr };
      });
    case 'whens':
      return mapList(value as readonly When[], (when) => {
        const condition = map(when.condition);
        const result = map(when.result);
        return condition === when.condition && result === when.result ? when : { ...when, condition, result };
      });
  }
}

function mapWindow(window: WindowClause, map: (expression: Expression) => Expression): WindowClause {
  const start = window.frame.start.offset === null ? null : map(window.frame.start.offset);
  const end = window.frame.end.offset === null ? null : map(window.frame.end.offset);
  if (start === window.frame.start.offset && end === window.frame.end.offset) return window;
  const frame = {
    ...window.frame,
    start: { ...window.frame.start, offset: start },
    end: { ...window.frame.end, offset: end },
  };
  return { ...window, frame };
}

function mapOnConflict(
  clause: Query['onConflict'],
  map: (expression: Expression) => Expression,
  entries: (list: readonly TargetEntry[]) => readonly TargetEntry[],
): Query['onConflict'] {
  if (clause === null) return null;
  const changed = {
    ...clause,
    arbiterElements: mapList(clause.arbiterElements, (element) => {
      const expr = map(element.expr);
      return expr === element.expr ? element : { ...element, expr };
    }),
    arbiterWhere: clause.arbiterWhere === null ? null : map(clause.arbiterWhere),
    set: entries(clause.set),
    where: clause.where === null ? null : map(clause.where),
    excludedTargetList: entries(clause.excludedTargetList),
  };
  return sameFields(clause, changed) ? clause : changed;
}

function replaceQuery<T extends object, K extends keyof T>(holder: T, field: K, query: T[K]): T {
  return holder[field] === query ? holder : { ...holder, [field]: query };
}

function sameFields<T extends object>(left: T, right: T): boolean {
  for (const field in left) if (left[field] !== right[field]) return false;
  return true;
}
