// Aggregate calls and GROUPING: arguments as target entries with ORDER BY and DISTINCT, the query level that a call belongs
// to, and where it may stand.
import type { FuncCall, Node } from '@pgsql/types';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Aggref, Expression, GroupingFunc, TargetEntry } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import { forEachChild, someExpression } from '../../trees/walk.js';
import { distinctOfAggregate, addSortTarget, sortClause } from '../clauses/sort.js';
import { analyzeExpr } from '../expressions/expression.js';
import type { Mutable, ParseState } from '../parse-state.js';
import type { CallSite } from './call.js';
import { levelsIn } from './levels.js';
import { aggregateRefusal } from './places.js';
import { makeTarget } from '../target-entry.js';
import { enforceGenericConsistency } from '../coercion/polymorphic.js';
import { isPolymorphic } from '../type-oids.js';

export interface AggregateParts {
  readonly site: CallSite;
  readonly raw: FuncCall;
  readonly fn: FunctionDescriptor;
  readonly type: number;
  readonly args: readonly Expression[];
  readonly declared: readonly number[];
  readonly variadic: boolean;
}

/** Builds the Aggref. Throws 42803 where it may not stand, 0A000 for sets among its arguments. */
export function buildAggregate(state: ParseState, parts: AggregateParts): Expression {
  const { site, raw, fn } = parts;
  const info = state.context.catalog.aggregate(fn.oid);
  const kind = info?.kind ?? 'n';
  if (fn.returnsSet) {
    throw pgError(SqlState.invalidFunctionDefinition, 'aggregates cannot return sets', { location: site.location });
  }
  const directCount = kind === 'n' ? 0 : parts.args.length - site.withinGroupCount;
  const direct = parts.args.slice(0, directCount);
  const entries: TargetEntry[] = parts.args.slice(directCount).map((arg, index) => makeTarget(arg, index + 1, null));
  const orderBy: Mutable<Aggref>['orderBy'] = [];
  const sorted = orderBy as Aggref['orderBy'][number][];
  if (kind !== 'n') {
    // WITHIN GROUP: the aggregated arguments are the sort columns.
    const wanted = (raw.agg_order ?? []).map((item: Node) => ('SortBy' in item ? item.SortBy : {}));
    for (let index = 0; index < entries.length; index++)
      addSortTarget(state, entries, index, sorted, wanted[index] ?? {});
  } else if (raw.agg_order !== undefined) {
    const savedResno = state.nextResno;
    state.nextResno = entries.length + 1;
    sorted.push(...sortClause(state, raw.agg_order, entries, 'orderBy', true));
    state.nextResno = savedResno;
  }
  const distinct = raw.agg_distinct === true ? distinctOfAggregate(state, entries, sorted) : [];
  const aggregate: Mutable<Aggref> = {
    kind: 'Aggref',
    function: fn.oid,
    type: parts.type,
    collation: 0,
    inputCollation: 0,
    transitionType: transitionType(state, parts, info?.transitionType ?? 0),
    argTypes: parts.args.map(expressionType),
    directArgs: direct,
    args: entries,
    orderBy: sorted,
    distinct,
    filter: site.filter,
    star: raw.agg_star === true,
    variadic: parts.variadic,
    aggKind: kind,
    levelsUp: 0,
    location: site.location,
  };
  aggregate.levelsUp = placeAggregate(state, {
    args: entries.map((entry) => entry.expr),
    direct,
    filter: site.filter,
    location: site.location,
    what: 'aggregate functions',
  });
  return aggregate;
}

/** The state's type, polymorphic ones resolved by the actual arguments. */
function transitionType(state: ParseState, parts: AggregateParts, declared: number): number {
  if (!isPolymorphic(declared)) return declared;
  const actual = parts.args.map(expressionType);
  return enforceGenericConsistency(state.context.catalog, actual, [...parts.fn.argTypes], declared, false);
}

/** GROUPING(a, b): the arguments are matched with GROUP BY once that is known. */
export function analyzeGrouping(state: ParseState, rawArgs: readonly Node[], location: number): Expression {
  if (rawArgs.length > 31) {
    throw pgError(SqlState.tooManyArguments, 'GROUPING must have fewer than 32 arguments', { location });
  }
  const args = rawArgs.map((arg) => analyzeExpr(state, arg));
  const grouping: Mutable<GroupingFunc> = { kind: 'GroupingFunc', args, refs: [], levelsUp: 0, location };
  grouping.levelsUp = placeAggregate(state, { args, direct: [], filter: null, location, what: 'grouping operations' });
  return grouping;
}

interface Placement {
  readonly args: readonly Expression[];
  readonly direct: readonly Expression[];
  readonly filter: Expression | null;
  readonly location: number;
  readonly what: 'aggregate functions' | 'grouping operations';
}

/** Finds the query level of the call, marks it as aggregating, and checks that the call may stand there. */
function placeAggregate(state: ParseState, call: Placement): number {
  const level = aggregateLevel(call);
  let owner: ParseState = state;
  for (let up = level; up > 0 && owner.parent !== null; up--) owner = owner.parent;
  owner.hasAggregates = true;
  const refusal = aggregateRefusal(owner.expressionKind);
  if (refusal !== null && !(owner.expressionKind === 'fromSubselect' && level === 0)) {
    throw pgError(SqlState.groupingError, `${call.what} are not allowed in ${refusal}`, { location: call.location });
  }
  return level;
}

function aggregateLevel(call: Placement): number {
  const all = call.filter === null ? call.args : [...call.args, call.filter];
  for (const arg of [...all, ...call.direct]) checkInside(arg);
  const found = levelsIn(all);
  let level = found.variable < 0 ? (found.aggregate < 0 ? 0 : found.aggregate) : found.variable;
  if (found.aggregate >= 0 && (found.variable < 0 || found.aggregate < found.variable)) level = found.aggregate;
  if (level === found.aggregate && found.aggregate >= 0) {
    throw pgError(SqlState.groupingError, 'aggregate function calls cannot be nested', {
      location: found.aggregateLocation,
    });
  }
  const direct = levelsIn(call.direct);
  if (direct.variable >= 0 && direct.variable < level) {
    throw pgError(
      SqlState.groupingError,
      'outer-level aggregate cannot contain a lower-level variable in its direct arguments',
      { location: call.location },
    );
  }
  if (direct.aggregate >= 0 && direct.aggregate <= level) {
    throw pgError(SqlState.groupingError, 'aggregate function calls cannot be nested', {
      location: direct.aggregateLocation,
    });
  }
  return level;
}

function checkInside(arg: Expression): void {
  someExpression(arg, (node) => {
    if (node.kind === 'WindowFunc') {
      throw pgError(SqlState.groupingError, 'aggregate function calls cannot contain window function calls', {
        location: node.location,
      });
    }
    if ((node.kind === 'FuncExpr' || node.kind === 'OpExpr') && node.returnsSet) {
      throw pgError(
        SqlState.featureNotSupported,
        'aggregate function calls cannot contain set-returning function calls',
        {
          hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
          location: expressionLocation(node),
        },
      );
    }
    // Nested aggregates have checked their own arguments.
    return node.kind === 'Aggref' && node.levelsUp === 0 && !hasChildren(node);
  });
}

function hasChildren(node: Expression): boolean {
  let any = false;
  forEachChild(node, () => {
    any = true;
  });
  return any;
}
