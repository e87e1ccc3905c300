// With aggregates or GROUP BY, what is not grouped may stand inside aggregates only. Finds the offenders, resolves
// GROUPING()'s references, and accepts columns that depend on a grouped primary key.
import { pgError, SqlState } from '../errors/pg-error.js';
import { equalExpressions } from '../trees/equal.js';
import type { Expression, GroupingFunc, Var } from '../trees/expression.js';
import { expressionLocation } from '../trees/expression-type.js';
import type { GroupingSet, Query } from '../trees/query.js';
import { forEachChild, forEachQueryExpression, mapExpressionDeep, shiftLevels, someQueryDeep } from '../trees/walk.js';
import { type Mutable, type ParseState, rteOf } from './parse-state.js';

const groupingSetsMax = 4096;

/** Checks a finished query and returns it with its dependencies on primary keys. Throws 42803. */
export function checkAggregates(state: ParseState, query: Query): Query {
  if (query.groupingSets.length > 0) checkSetCount(query.groupingSets);
  const groups: Group[] = [];
  for (const clause of query.groupClause) {
    const target = query.targetList.find((entry) => entry.sortGroupRef === clause.sortGroupRef);
    if (target !== undefined) groups.push({ expr: flattenJoins(query, target.expr), ref: clause.sortGroupRef });
  }
  const common = query.groupingSets.length > 0 ? commonRefs(query.groupingSets) : null;
  const checker: Checker = {
    state,
    groups,
    commonVars: groups
      .filter((group) => common === null || common.has(group.ref))
      .flatMap((group) => (group.expr.kind === 'Var' ? [group.expr] : [])),
    hasComplex: groups.some((group) => group.expr.kind !== 'Var'),
    grouped: new Set(),
    constraints: [],
  };
  const roots = [...query.targetList.map((entry) => entry.expr), ...(query.having === null ? [] : [query.having])];
  const windowOffsets = query.windowClause.flatMap((window) => [window.frame.start.offset, window.frame.end.offset]);
  for (const root of roots) bindGrouping(query, checker, root, 0);
  for (const root of [...roots, ...windowOffsets.filter((offset) => offset !== null)]) {
    check(checker, flattenJoins(query, root), 0, false);
  }
  if (query.hasAggregates) refuseInRecursion(query);
  return checker.constraints.length === 0 ? query : { ...query, constraintDependencies: checker.constraints };
}

interface Group {
  readonly expr: Expression;
  readonly ref: number;
}

interface Checker {
  readonly state: ParseState;
  readonly groups: readonly Group[];
  readonly commonVars: readonly Var[];
  readonly hasComplex: boolean;
  /** RT indexes known to be grouped by their primary key. */
  readonly grouped: Set<number>;
  readonly constraints: number[];
}

/** Columns of joins stand for their inputs' columns where these are compared. */
function flattenJoins(query: Query, expression: Expression): Expression {
  if (!query.rangeTable.some((entry) => entry.kind === 'join')) return expression;
  return mapExpressionDeep(expression, (node, level) => {
    if (node.kind !== 'Var' || node.levelsUp !== level || node.attno <= 0) return undefined;
    const entry = query.rangeTable[node.varno - 1];
    if (entry?.kind !== 'join') return undefined;
    const alias = entry.aliasVars[node.attno - 1];
    return alias ? shiftLevels(flattenJoins(query, alias), level) : undefined;
  });
}

function bindGrouping(query: Query, checker: Checker, expression: Expression, level: number): void {
  if (expression.kind === 'GroupingFunc' && expression.levelsUp === level) {
    const grouping = expression as Mutable<GroupingFunc>;
    grouping.refs = expression.args.map((arg) => {
      const flat = shiftLevels(flattenJoins(query, arg), -level, level);
      const group = checker.groups.find((candidate) => equalExpressions(candidate.expr, flat));
      if (group !== undefined) return group.ref;
      throw pgError(
        SqlState.groupingError,
        'arguments to GROUPING must be grouping expressions of the associated query level',
        { location: expressionLocation(arg) },
      );
    });
    return;
  }
  forEachChild(expression, (child) => bindGrouping(query, checker, child, level));
  if (expression.kind === 'SubLink') {
    forEachQueryExpression(expression.subquery, (inner) => bindGrouping(query, checker, inner, level + 1));
  }
}

function check(checker: Checker, node: Expression, level: number, inDirectArgs: boolean): void {
  if (node.kind === 'Const' || node.kind === 'Param') return;
  if (node.kind === 'Aggref') {
    if (node.levelsUp === level) {
      // Arguments are computed before grouping; direct arguments of ordered-set aggregates after it.
      for (const arg of node.directArgs) check(checker, arg, level, true);
      return;
    }
    if (node.levelsUp > level) return;
  }
  if (node.kind === 'GroupingFunc' && node.levelsUp >= level) return;
  // Whole grouping expressions are recognised at the query's own level only, as PostgreSQL does.
  if (checker.hasComplex && level === 0 && node.kind !== 'Var') {
    if (checker.groups.some((group) => equalExpressions(group.expr, node))) return;
  }
  if (node.kind === 'Var') {
    checkVar(checker, node, level, inDirectArgs);
    return;
  }
  forEachChild(node, (child) => check(checker, child, level, inDirectArgs));
  if (node.kind === 'SubLink') checkQuery(checker, node.subquery, level + 1, inDirectArgs);
}

function checkQuery(checker: Checker, query: Query, level: number, inDirectArgs: boolean): void {
  forEachQueryExpression(query, (expression) => check(checker, expression, level, inDirectArgs));
  for (const entry of query.rangeTable)
    if (entry.kind === 'subquery') checkQuery(checker, entry.subquery, level + 1, inDirectArgs);
  for (const cte of query.ctes) checkQuery(checker, cte.query, level + 1, inDirectArgs);
}

function checkVar(checker: Checker, node: Var, level: number, inDirectArgs: boolean): void {
  if (node.levelsUp !== level) return;
  const grouped = checker.groups.some(
    (group) =>
      group.expr.kind === 'Var' &&
      group.expr.varno === node.varno &&
      group.expr.attno === node.attno &&
      group.expr.levelsUp === 0,
  );
  if (grouped || checker.grouped.has(node.varno)) return;
  const entry = rteOf(checker.state, node.varno, 0);
  if (entry.kind === 'relation' && dependsOnKey(checker, entry.relation, node.varno)) return;
  const column = node.attno === 0 ? '*' : (entry.eref.columns[node.attno - 1] ?? systemName(node.attno));
  if (level > 0) {
    throw pgError(
      SqlState.groupingError,
      `subquery uses ungrouped column "${entry.eref.name}.${column}" from outer query`,
      {
        location: node.location,
      },
    );
  }
  throw pgError(
    SqlState.groupingError,
    `column "${entry.eref.name}.${column}" must appear in the GROUP BY clause or be used in an aggregate function`,
    {
      detail: inDirectArgs ? 'Direct arguments of an ordered-set aggregate must use only grouped columns.' : undefined,
      location: node.location,
    },
  );
}

function systemName(attno: number): string {
  return ['', 'ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'][-attno] ?? '';
}

/** All columns of a primary key are grouped: every column of the table is fixed by them. */
function dependsOnKey(checker: Checker, relationOid: number, varno: number): boolean {
  const relation = checker.state.context.catalog.relation(relationOid);
  const key = relation?.constraints.find((constraint) => constraint.kind === 'p' && !constraint.deferrable);
  if (key === undefined) return false;
  const complete = key.keys.every((attno) =>
    checker.commonVars.some(
      (variable) => variable.varno === varno && variable.attno === attno && variable.levelsUp === 0,
    ),
  );
  if (!complete) return false;
  checker.grouped.add(varno);
  checker.constraints.push(key.oid);
  return true;
}

/** References that every grouping set contains. */
function commonRefs(sets: readonly GroupingSet[]): Set<number> {
  const expanded = sets.map((set) => intersection(expand(set)));
  return new Set(expanded.flatMap((refs) => [...refs]));
}

function intersection(sets: readonly (readonly number[])[]): Set<number> {
  const [first, ...rest] = sets;
  return new Set((first ?? []).filter((ref) => rest.every((set) => set.includes(ref))));
}

function expand(set: GroupingSet): number[][] {
  switch (set.kind) {
    case 'empty':
      return [[]];
    case 'simple':
      return [[...set.refs]];
    case 'rollup':
      return [...set.content, null].map((_, count, all) =>
        set.content.slice(0, all.length - 1 - count).flatMap((item) => (item.kind === 'simple' ? [...item.refs] : [])),
      );
    case 'cube': {
      const result: number[][] = [];
      for (let bits = 0; bits < 2 ** set.content.length; bits++) {
        result.push(
          set.content.flatMap((item, index) => ((bits >> index) & 1 && item.kind === 'simple' ? [...item.refs] : [])),
        );
      }
      return result;
    }
    case 'sets':
      return set.content.flatMap(expand);
  }
}

function checkSetCount(sets: readonly GroupingSet[]): void {
  let count = 1;
  for (const set of sets) {
    count *= expand(set).length;
    if (count > groupingSetsMax) {
      throw pgError(SqlState.statementTooComplex, `too many grouping sets present (maximum ${groupingSetsMax})`, {
        location: set.location,
      });
    }
  }
}

function refuseInRecursion(query: Query): void {
  if (!query.rangeTable.some((entry) => entry.kind === 'cte' && entry.selfReference)) return;
  let location = -1;
  const holder: Query = { ...query, rangeTable: [], ctes: [] };
  someQueryDeep(holder, (node, level) => {
    if (node.kind !== 'Aggref' || node.levelsUp !== level) return false;
    location = node.location;
    return true;
  });
  throw pgError(
    SqlState.invalidRecursion,
    "aggregate functions are not allowed in a recursive query's recursive term",
    { location },
  );
}
