// Walking and rewriting expressions and queries. `mapChildren` rebuilds a node from its mapped children and returns the
// same object where none changed, so that unchanged trees stay shared. Subqueries inside SubLinks and range tables are
// not entered by the expression functions: `mapQueryExpressions` and `mapVarsOfLevel` do that, counting levels.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type {
  FromExpr,
  FrameBound,
  JoinTreeNode,
  MergeAction,
  OnConflict,
  Query,
  RangeTableEntry,
  WindowClause,
} from '../../trees/query.js';

export type ExpressionMapper = (expression: Expression) => Expression;

/** Maps a list; the same array where nothing changed. */
export function mapList<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  let changed: T[] | null = null;
  for (let index = 0; index < list.length; index++) {
    const item = list[index] as T;
    const mapped = map(item);
    if (changed !== null) changed.push(mapped);
    else if (mapped !== item) {
      changed = list.slice(0, index);
      changed.push(mapped);
    }
  }
  return changed ?? list;
}

/** Maps the expression of a target entry. */
export function mapEntry(entry: TargetEntry, map: ExpressionMapper): TargetEntry {
  const expr = map(entry.expr);
  return expr === entry.expr ? entry : { ...entry, expr };
}

/** Maps the expressions of a target list. */
export function mapTargetList(list: readonly TargetEntry[], map: ExpressionMapper): readonly TargetEntry[] {
  return mapList(list, (entry) => mapEntry(entry, map));
}

function mapNullable(expression: Expression | null, map: ExpressionMapper): Expression | null {
  return expression === null ? null : map(expression);
}

function withChanges<T extends Expression>(node: T, changes: Partial<T>): T {
  for (const key in changes) {
    if (changes[key] !== node[key]) return { ...node, ...changes };
  }
  return node;
}

/** The node with `map` applied to each direct child expression. */
export function mapChildren(node: Expression, map: ExpressionMapper): Expression {
  switch (node.kind) {
    case 'Var':
    case 'Const':
    case 'Param':
    case 'CaseTestExpr':
    case 'SqlValueFunction':
    case 'MergeSupportFunc':
    case 'CoerceToDomainValue':
    case 'SetToDefault':
    case 'CurrentOfExpr':
    case 'NextValueExpr':
      return node;
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr':
    case 'BoolExpr':
    case 'CoalesceExpr':
    case 'MinMaxExpr':
    case 'RowExpr':
    case 'GroupingFunc':
      return mapArgs(node, map);
    case 'ScalarArrayOpExpr': {
      const left = map(node.args[0]);
      const right = map(node.args[1]);
      return left === node.args[0] && right === node.args[1] ? node : { ...node, args: [left, right] };
    }
    case 'FieldSelect':
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ConvertRowtypeExpr':
    case 'CollateExpr':
    case 'NamedArgExpr':
    case 'NullTest':
    case 'BooleanTest':
    case 'JsonIsPredicate':
    case 'CoerceToDomain':
    case 'PlaceHolderVar':
      return mapArg(node, map);
    case 'FieldStore':
      return withChanges(node, { arg: map(node.arg), newValues: mapList(node.newValues, map) });
    case 'ArrayCoerceExpr':
      return withChanges(node, { arg: map(node.arg), elementExpr: map(node.elementExpr) });
    default:
      return mapLargerChildren(node, map);
  }
}

function mapArgs<T extends Expression & { readonly args: readonly Expression[] }>(node: T, map: ExpressionMapper): T {
  const args = mapList(node.args, map);
  return args === node.args ? node : { ...node, args };
}

function mapArg<T extends Expression & { readonly arg: Expression }>(node: T, map: ExpressionMapper): T {
  const arg = map(node.arg);
  return arg === node.arg ? node : { ...node, arg };
}

type LargerNode = Extract<
  Expression,
  {
    kind:
      | 'Aggref'
      | 'WindowFunc'
      | 'SubscriptingRef'
      | 'SubLink'
      | 'SubPlan'
      | 'CaseExpr'
      | 'ArrayExpr'
      | 'RowCompareExpr'
      | 'JsonConstructorExpr';
  }
>;

function mapLargerChildren(node: LargerNode, map: ExpressionMapper): Expression {
  switch (node.kind) {
    case 'Aggref':
      return withChanges(node, {
        directArgs: mapList(node.directArgs, map),
        args: mapTargetList(node.args, map),
        filter: mapNullable(node.filter, map),
      });
    case 'WindowFunc':
      return withChanges(node, { args: mapList(node.args, map), filter: mapNullable(node.filter, map) });
    case 'SubscriptingRef':
      return withChanges(node, {
        container: map(node.container),
        upper: mapList(node.upper, (item) => mapNullable(item, map)),
        lower: mapList(node.lower, (item) => mapNullable(item, map)),
        assignment: mapNullable(node.assignment, map),
      });
    case 'SubLink':
      return withChanges(node, { test: mapNullable(node.test, map) });
    case 'SubPlan':
      return withChanges(node, { test: mapNullable(node.test, map), args: mapList(node.args, map) });
    case 'CaseExpr':
      return withChanges(node, {
        arg: mapNullable(node.arg, map),
        whens: mapList(node.whens, (when) => {
          const condition = map(when.condition);
          const result = map(when.result);
          return condition === when.condition && result === when.result ? when : { ...when, condition, result };
        }),
        defaultResult: mapNullable(node.defaultResult, map),
      });
    case 'ArrayExpr':
      return withChanges(node, { elements: mapList(node.elements, map) });
    case 'RowCompareExpr':
      return withChanges(node, { left: mapList(node.left, map), right: mapList(node.right, map) });
    case 'JsonConstructorExpr':
      return withChanges(node, {
        args: mapList(node.args, map),
        func: mapNullable(node.func, map),
        coercion: mapNullable(node.coercion, map),
      });
  }
}

/** Calls `visit` for each direct child expression. */
export function forEachChild(node: Expression, visit: (child: Expression) => void): void {
  mapChildren(node, (child) => {
    visit(child);
    return child;
  });
}

/** Is `test` true of the expression or anything within it (subqueries of SubLinks aside)? */
export function someExpression(node: Expression, test: (expression: Expression) => boolean): boolean {
  if (test(node)) return true;
  let found = false;
  forEachChild(node, (child) => {
    if (!found) found = someExpression(child, test);
  });
  return found;
}

/** Bottom-up rewrite: children first, then the node itself. */
export function rewriteBottomUp(node: Expression, rewrite: ExpressionMapper): Expression {
  return rewrite(mapChildren(node, (child) => rewriteBottomUp(child, rewrite)));
}

/** Top-down rewrite: where `rewrite` returns an expression it stands as it is, where null the children are rewritten. */
export function rewriteTopDown(node: Expression, rewrite: (expression: Expression) => Expression | null): Expression {
  const replaced = rewrite(node);
  return replaced ?? mapChildren(node, (child) => rewriteTopDown(child, rewrite));
}

/** What `mapQuery` does with the parts of a query. */
export interface QueryMapper {
  expression(expression: Expression): Expression;
  /** Queries one level down: CTEs and subqueries in FROM. Those of SubLinks are the expression mapper's business. */
  subquery(query: Query): Query;
}

/** Maps the quals of a join tree. */
export function mapJoinTree<T extends JoinTreeNode>(node: T, map: ExpressionMapper): T;
export function mapJoinTree(node: JoinTreeNode, map: ExpressionMapper): JoinTreeNode {
  switch (node.kind) {
    case 'RangeTableRef':
      return node;
    case 'JoinExpr': {
      const left = mapJoinTree(node.left, map);
      const right = mapJoinTree(node.right, map);
      const quals = mapNullable(node.quals, map);
      if (left === node.left && right === node.right && quals === node.quals) return node;
      return { ...node, left, right, quals };
    }
    case 'FromExpr': {
      const fromList = mapList(node.fromList, (item) => mapJoinTree(item, map));
      const quals = mapNullable(node.quals, map);
      return fromList === node.fromList && quals === node.quals ? node : { ...node, fromList, quals };
    }
  }
}

/** Maps the expressions of a range table entry. */
export function mapRte(rte: RangeTableEntry, mapper: QueryMapper): RangeTableEntry {
  switch (rte.kind) {
    case 'relation': {
      if (rte.tableSample === null) return rte;
      const sample = rte.tableSample;
      const args = mapList(sample.args, mapper.expression);
      return {
        ...rte,
        tableSample: { ...sample, args, repeatable: mapNullable(sample.repeatable, mapper.expression) },
      };
    }
    case 'subquery': {
      const subquery = mapper.subquery(rte.subquery);
      return subquery === rte.subquery ? rte : { ...rte, subquery };
    }
    case 'join': {
      const aliasVars = mapList(rte.aliasVars, (item) => mapNullable(item, mapper.expression));
      return aliasVars === rte.aliasVars ? rte : { ...rte, aliasVars };
    }
    case 'function': {
      const functions = mapList(rte.functions, (item) => {
        const expr = mapper.expression(item.expr);
        return expr === item.expr ? item : { ...item, expr };
      });
      return functions === rte.functions ? rte : { ...rte, functions };
    }
    case 'values': {
      const rows = mapList(rte.rows, (row) => mapList(row, mapper.expression));
      return rows === rte.rows ? rte : { ...rte, rows };
    }
    case 'cte':
    case 'namedTuplestore':
    case 'result':
      return rte;
  }
}

function mapBound(bound: FrameBound, map: ExpressionMapper): FrameBound {
  return bound.offset === null ? bound : { ...bound, offset: map(bound.offset) };
}

/** Maps the frame offsets of a window. */
export function mapWindow(window: WindowClause, map: ExpressionMapper): WindowClause {
  const { frame } = window;
  if (frame.start.offset === null && frame.end.offset === null) return window;
  return { ...window, frame: { ...frame, start: mapBound(frame.start, map), end: mapBound(frame.end, map) } };
}

/** Maps the expressions of ON CONFLICT. */
export function mapOnConflict(clause: OnConflict, map: ExpressionMapper): OnConflict {
  return {
    ...clause,
    arbiterElements: mapList(clause.arbiterElements, (element) => ({ ...element, expr: map(element.expr) })),
    arbiterWhere: mapNullable(clause.arbiterWhere, map),
    set: mapTargetList(clause.set, map),
    where: mapNullable(clause.where, map),
    excludedTargetList: mapTargetList(clause.excludedTargetList, map),
  };
}

/** Maps the expressions of a MERGE action. */
export function mapMergeAction(action: MergeAction, map: ExpressionMapper): MergeAction {
  return {
    ...action,
    condition: mapNullable(action.condition, map),
    targetList: mapTargetList(action.targetList, map),
  };
}

/** The query with each of its own expressions, and each query one level below, mapped. */
export function mapQuery(query: Query, mapper: QueryMapper): Query {
  const map = mapper.expression;
  const parts = {
    ctes: mapList(query.ctes, (cte) => {
      const inner = mapper.subquery(cte.query);
      return inner === cte.query ? cte : { ...cte, query: inner };
    }),
    rangeTable: mapList(query.rangeTable, (rte) => mapRte(rte, mapper)),
    joinTree: mapJoinTree<FromExpr>(query.joinTree, map),
    targetList: mapTargetList(query.targetList, map),
    onConflict: query.onConflict === null ? null : mapOnConflict(query.onConflict, map),
    mergeActions: mapList(query.mergeActions, (action) => mapMergeAction(action, map)),
    mergeJoinCondition: mapNullable(query.mergeJoinCondition, map),
    returningList: mapTargetList(query.returningList, map),
    having: mapNullable(query.having, map),
    windowClause: mapList(query.windowClause, (window) => mapWindow(window, map)),
    limitOffset: mapNullable(query.limitOffset, map),
    limitCount: mapNullable(query.limitCount, map),
  };
  // Most of a statement's queries are left as they are by most rewrites.
  for (const key of Object.keys(parts) as (keyof typeof parts)[]) {
    if (parts[key] !== query[key]) return { ...query, ...parts };
  }
  return query;
}

/** Calls `visit` for every node of every expression of the query and of all queries below it, with the level of the
 *  query the node stands in (0 is `query` itself). */
export function visitQueryDeep(query: Query, visit: (node: Expression, depth: number) => void, depth = 0): void {
  const walk = (node: Expression): Expression => {
    visit(node, depth);
    if (node.kind === 'SubLink') visitQueryDeep(node.subquery, visit, depth + 1);
    forEachChild(node, walk);
    return node;
  };
  mapQuery(query, {
    expression: walk,
    subquery: (inner) => {
      visitQueryDeep(inner, visit, depth + 1);
      return inner;
    },
  });
}

/** As visitQueryDeep, for one expression standing in the query at depth 0. */
export function visitExpressionDeep(expression: Expression, visit: (node: Expression, depth: number) => void): void {
  visit(expression, 0);
  if (expression.kind === 'SubLink') visitQueryDeep(expression.subquery, visit, 1);
  forEachChild(expression, (child) => visitExpressionDeep(child, visit));
}

/** Rewrites an expression and the subqueries within it. `rewrite` gets each node with its depth below the starting
 *  query; null means: go on into the children. */
export function rewriteDeep(
  expression: Expression,
  rewrite: (node: Expression, depth: number) => Expression | null,
  depth = 0,
): Expression {
  const walk = (node: Expression): Expression => {
    const replaced = rewrite(node, depth);
    if (replaced !== null) return replaced;
    const mapped = mapChildren(node, walk);
    if (mapped.kind !== 'SubLink') return mapped;
    const subquery = rewriteQueryDeep(mapped.subquery, rewrite, depth + 1);
    return subquery === mapped.subquery ? mapped : { ...mapped, subquery };
  };
  return walk(expression);
}

/** As rewriteDeep, for all expressions of a query standing at `depth`. */
export function rewriteQueryDeep(
  query: Query,
  rewrite: (node: Expression, depth: number) => Expression | null,
  depth = 0,
): Query {
  return mapQuery(query, {
    expression: (node) => rewriteDeep(node, rewrite, depth),
    subquery: (inner) => rewriteQueryDeep(inner, rewrite, depth + 1),
  });
}

/** Adds `delta` to the levels of everything that refers to queries outside, at least `minimum` levels up. */
export function shiftLevels<T extends Expression>(expression: T, delta: number, minimum = 1): T {
  const shifted = rewriteDeep(expression, levelShifter(delta, minimum));
  return rewriteBottomUp(shifted, (node) => {
    if (node.kind !== 'SubLink') return node;
    const subquery = shiftCteLevels(node.subquery, delta, minimum + 1);
    return subquery === node.subquery ? node : { ...node, subquery };
  }) as T;
}

/** As shiftLevels, for a query: `minimum` counts from the query itself. Also moves references to outer CTEs. */
export function shiftQueryLevels(query: Query, delta: number, minimum = 1): Query {
  const shifted = rewriteQueryDeep(query, levelShifter(delta, minimum));
  return shiftCteLevels(shifted, delta, minimum);
}

/** Moves cteLevelsUp of references that leave the query. */
export function shiftCteLevels(query: Query, delta: number, minimum: number): Query {
  const mapInner = (inner: Query): Query => shiftCteLevels(inner, delta, minimum + 1);
  const moved = mapQuery(query, {
    expression: (node) =>
      rewriteBottomUp(node, (item) => {
        if (item.kind !== 'SubLink') return item;
        const subquery = mapInner(item.subquery);
        return subquery === item.subquery ? item : { ...item, subquery };
      }),
    subquery: mapInner,
  });
  const rangeTable = mapList(moved.rangeTable, (rte) =>
    rte.kind === 'cte' && rte.cteLevelsUp >= minimum ? { ...rte, cteLevelsUp: rte.cteLevelsUp + delta } : rte,
  );
  return rangeTable === moved.rangeTable ? moved : { ...moved, rangeTable };
}

function levelShifter(delta: number, minimum: number): (node: Expression, depth: number) => Expression | null {
  const shift = (node: Expression, depth: number): Expression | null => {
    switch (node.kind) {
      case 'Var':
        return node.levelsUp >= minimum + depth ? { ...node, levelsUp: node.levelsUp + delta } : node;
      case 'Aggref':
      case 'GroupingFunc':
      case 'PlaceHolderVar': {
        if (node.levelsUp < minimum + depth) return null;
        const inner = mapChildren(node, (child) => rewriteDeep(child, shift, depth)) as typeof node;
        return { ...inner, levelsUp: node.levelsUp + delta };
      }
      default:
        return null;
    }
  };
  return shift;
}
