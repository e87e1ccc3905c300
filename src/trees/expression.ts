// Bound expressions: names resolved to oids and attribute numbers, types known, coercions explicit. The node set and its
// meaning are PostgreSQL's (its primnodes), so that whoever knows the one reads the other. Frozen once built.
// Every node's result type: `expressionType` in expression-type.ts. `location` is the 0-based byte offset in the
// statement's source, -1 where unknown.
import type { Value } from '../types/value.js';
import type { Query, SortGroupClause } from './query.js';
import type { Plan } from './plan.js';

export type Expression =
  | Var
  | Const
  | Param
  | Aggref
  | GroupingFunc
  | WindowFunc
  | SubscriptingRef
  | FuncExpr
  | NamedArgExpr
  | OpExpr
  | DistinctExpr
  | NullIfExpr
  | ScalarArrayOpExpr
  | BoolExpr
  | SubLink
  | SubPlan
  | FieldSelect
  | FieldStore
  | RelabelType
  | CoerceViaIO
  | ArrayCoerceExpr
  | ConvertRowtypeExpr
  | CollateExpr
  | CaseExpr
  | CaseTestExpr
  | ArrayExpr
  | RowExpr
  | RowCompareExpr
  | CoalesceExpr
  | MinMaxExpr
  | SqlValueFunction
  | JsonConstructorExpr
  | JsonIsPredicate
  | NullTest
  | BooleanTest
  | MergeSupportFunc
  | CoerceToDomain
  | CoerceToDomainValue
  | SetToDefault
  | CurrentOfExpr
  | NextValueExpr
  | PlaceHolderVar;

/** How a coercion came about, for the deparser: f(x), x::t / CAST, or unwritten. */
export type CoercionForm = 'explicitCall' | 'explicitCast' | 'implicitCast' | 'sqlSyntax';

/** Column of a range table entry. In plans, `varno` is an RT index for scan nodes or one of the special numbers
 *  outerVar / innerVar / indexVar, set by the planner's last step. attno 0 is the whole row, negative are system columns. */
export interface Var {
  readonly kind: 'Var';
  readonly varno: number;
  readonly attno: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  /** 0 is the query that contains it, 1 the next outer one, ... */
  readonly levelsUp: number;
  /** RT indexes of outer joins that can null this Var (PostgreSQL's varnullingrels), sorted; usually empty. */
  readonly nullingRels: readonly number[];
  readonly location: number;
}
export const outerVar = -1;
export const innerVar = -2;
export const indexVar = -3;

export interface Const {
  readonly kind: 'Const';
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  /** null is SQL NULL. */
  readonly value: Value;
  readonly location: number;
}

/** extern: a $n of the client, 1-based. exec: filled while running (correlated subplans, nestloop parameters).
 *  sublink: the nth output column of a SubLink's subquery. */
export interface Param {
  readonly kind: 'Param';
  readonly paramKind: 'extern' | 'exec' | 'sublink';
  readonly id: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly location: number;
}

export interface Aggref {
  readonly kind: 'Aggref';
  readonly function: number;
  readonly type: number;
  readonly collation: number;
  readonly inputCollation: number;
  readonly transitionType: number;
  readonly argTypes: readonly number[];
  readonly directArgs: readonly Expression[];
  /** Aggregated arguments (and ORDER BY columns, resjunk). */
  readonly args: readonly TargetEntry[];
  readonly orderBy: readonly SortGroupClause[];
  readonly distinct: readonly SortGroupClause[];
  readonly filter: Expression | null;
  readonly star: boolean;
  readonly variadic: boolean;
  /** pg_aggregate.aggkind. */
  readonly aggKind: 'n' | 'o' | 'h';
  /** Set by the planner: the input comes in the order that ORDER BY or DISTINCT wants. */
  readonly presorted?: true;
  /** Query level the aggregate belongs to, 0 the containing one. */
  readonly levelsUp: number;
  readonly location: number;
}

export interface GroupingFunc {
  readonly kind: 'GroupingFunc';
  readonly args: readonly Expression[];
  /** tleSortGroupRefs of the arguments. */
  readonly refs: readonly number[];
  readonly levelsUp: number;
  readonly location: number;
}

export interface WindowFunc {
  readonly kind: 'WindowFunc';
  readonly function: number;
  readonly type: number;
  readonly collation: number;
  readonly inputCollation: number;
  readonly args: readonly Expression[];
  readonly filter: Expression | null;
  /** winref of the WindowClause. */
  readonly windowRef: number;
  readonly star: boolean;
  /** A plain aggregate used as a window function. */
  readonly isAggregate: boolean;
  readonly location: number;
}

/** a[1], a[1:2], j['k']; with `assignment` it yields the changed container. */
export interface SubscriptingRef {
  readonly kind: 'SubscriptingRef';
  readonly containerType: number;
  readonly elementType: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly upper: readonly (Expression | null)[];
  /** Empty unless it is a slice. */
  readonly lower: readonly (Expression | null)[];
  readonly container: Expression;
  readonly assignment: Expression | null;
  readonly location: number;
}

export interface FuncExpr {
  readonly kind: 'FuncExpr';
  readonly function: number;
  readonly type: number;
  readonly returnsSet: boolean;
  readonly variadic: boolean;
  readonly form: CoercionForm;
  readonly collation: number;
  readonly inputCollation: number;
  readonly args: readonly Expression[];
  readonly location: number;
}

export interface NamedArgExpr {
  readonly kind: 'NamedArgExpr';
  readonly arg: Expression;
  readonly name: string;
  readonly argNumber: number;
  readonly location: number;
}

export interface OpExpr {
  readonly kind: 'OpExpr';
  readonly operator: number;
  /** pg_operator.oprcode. */
  readonly function: number;
  readonly type: number;
  readonly returnsSet: boolean;
  readonly collation: number;
  readonly inputCollation: number;
  readonly args: readonly Expression[];
  readonly location: number;
}
/** IS DISTINCT FROM: `operator` is the = operator. */
export interface DistinctExpr extends Omit<OpExpr, 'kind'> {
  readonly kind: 'DistinctExpr';
}
export interface NullIfExpr extends Omit<OpExpr, 'kind'> {
  readonly kind: 'NullIfExpr';
}

/** scalar op ANY/ALL (array). */
export interface ScalarArrayOpExpr {
  readonly kind: 'ScalarArrayOpExpr';
  readonly operator: number;
  readonly function: number;
  readonly useOr: boolean;
  readonly inputCollation: number;
  readonly args: readonly [Expression, Expression];
  readonly location: number;
}

export interface BoolExpr {
  readonly kind: 'BoolExpr';
  readonly op: 'and' | 'or' | 'not';
  readonly args: readonly Expression[];
  readonly location: number;
}

/** A subquery in an expression, before planning. */
export interface SubLink {
  readonly kind: 'SubLink';
  readonly linkType: 'exists' | 'all' | 'any' | 'rowcompare' | 'expr' | 'multiexpr' | 'array' | 'cte';
  /** multiexpr: number of the row assignment within the UPDATE. */
  readonly id: number;
  /** all/any/rowcompare: the comparison, with sublink Params standing for the subquery's columns. */
  readonly test: Expression | null;
  /** Operator as written, for the deparser: ['='] for IN. */
  readonly operatorName: readonly string[];
  readonly subquery: Query;
  /** array: type oid of the resulting array; else 0. */
  readonly arrayType: number;
  readonly location: number;
}

/** A planned subquery. The plan's own subplans are in PlannedStatement.subplans[planId - 1]. */
export interface SubPlan {
  readonly kind: 'SubPlan';
  readonly linkType: SubLink['linkType'];
  readonly test: Expression | null;
  /** exec Param ids that stand for the subquery's output columns within `test`. */
  readonly paramIds: readonly number[];
  readonly planId: number;
  readonly name: string;
  /** Type, modifier, collation of the (first) result column. */
  readonly firstType: number;
  readonly firstTypmod: number;
  readonly firstCollation: number;
  /** array: type oid of the resulting array (the SubLink's arrayType); else 0. */
  readonly arrayType: number;
  /** `x IN (uncorrelated)`: look up in a hash table of the subquery's rows. */
  readonly useHashTable: boolean;
  readonly unknownEqualsFalse: boolean;
  /** InitPlan: exec Params set once by the plan's result. */
  readonly setParams: readonly number[];
  /** Correlated: exec Params to set from `args` before each run. */
  readonly parameterIds: readonly number[];
  readonly args: readonly Expression[];
}

export interface FieldSelect {
  readonly kind: 'FieldSelect';
  readonly arg: Expression;
  readonly fieldNumber: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}
/** Composite value with some fields replaced (UPDATE t SET c.f = ...). */
export interface FieldStore {
  readonly kind: 'FieldStore';
  readonly arg: Expression;
  readonly newValues: readonly Expression[];
  readonly fieldNumbers: readonly number[];
  readonly type: number;
}
/** Binary-compatible coercion: same value, other type. */
export interface RelabelType {
  readonly kind: 'RelabelType';
  readonly arg: Expression;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly form: CoercionForm;
  readonly location: number;
}
export interface CoerceViaIO {
  readonly kind: 'CoerceViaIO';
  readonly arg: Expression;
  readonly type: number;
  readonly collation: number;
  readonly form: CoercionForm;
  readonly location: number;
}
export interface ArrayCoerceExpr {
  readonly kind: 'ArrayCoerceExpr';
  readonly arg: Expression;
  /** Coercion of one element; its input is a CaseTestExpr. */
  readonly elementExpr: Expression;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly form: CoercionForm;
  readonly location: number;
}
export interface ConvertRowtypeExpr {
  readonly kind: 'ConvertRowtypeExpr';
  readonly arg: Expression;
  readonly type: number;
  readonly form: CoercionForm;
  readonly location: number;
}
export interface CollateExpr {
  readonly kind: 'CollateExpr';
  readonly arg: Expression;
  readonly collation: number;
  readonly location: number;
}
export interface CaseExpr {
  readonly kind: 'CaseExpr';
  readonly type: number;
  readonly collation: number;
  /** CASE x WHEN ...: x; the conditions compare a CaseTestExpr. */
  readonly arg: Expression | null;
  readonly whens: readonly { readonly condition: Expression; readonly result: Expression; readonly location: number }[];
  readonly defaultResult: Expression | null;
  readonly location: number;
}
export interface CaseTestExpr {
  readonly kind: 'CaseTestExpr';
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}
export interface ArrayExpr {
  readonly kind: 'ArrayExpr';
  readonly type: number;
  readonly collation: number;
  readonly elementType: number;
  readonly elements: readonly Expression[];
  /** The elements are arrays themselves. */
  readonly multidimensional: boolean;
  readonly location: number;
}
export interface RowExpr {
  readonly kind: 'RowExpr';
  readonly args: readonly Expression[];
  readonly type: number;
  readonly form: CoercionForm;
  readonly columnNames: readonly string[];
  readonly location: number;
}
export interface RowCompareExpr {
  readonly kind: 'RowCompareExpr';
  readonly op: '<' | '<=' | '>=' | '>';
  readonly operators: readonly number[];
  readonly families: readonly number[];
  readonly inputCollations: readonly number[];
  readonly left: readonly Expression[];
  readonly right: readonly Expression[];
}
export interface CoalesceExpr {
  readonly kind: 'CoalesceExpr';
  readonly type: number;
  readonly collation: number;
  readonly args: readonly Expression[];
  readonly location: number;
}
export interface MinMaxExpr {
  readonly kind: 'MinMaxExpr';
  readonly type: number;
  readonly collation: number;
  readonly inputCollation: number;
  readonly op: 'greatest' | 'least';
  readonly args: readonly Expression[];
  readonly location: number;
}
export interface SqlValueFunction {
  readonly kind: 'SqlValueFunction';
  readonly op:
    | 'current_date'
    | 'current_time'
    | 'current_timestamp'
    | 'localtime'
    | 'localtimestamp'
    | 'current_role'
    | 'current_user'
    | 'user'
    | 'session_user'
    | 'current_catalog'
    | 'current_schema';
  readonly type: number;
  readonly typmod: number;
  readonly location: number;
}
export interface JsonConstructorExpr {
  readonly kind: 'JsonConstructorExpr';
  readonly op: 'object' | 'array' | 'objectAgg' | 'arrayAgg' | 'parse' | 'scalar' | 'serialize';
  readonly args: readonly Expression[];
  /** The aggregate or function that computes it, where one does. */
  readonly func: Expression | null;
  /** Coercion of the result to the RETURNING type; its input is a CaseTestExpr. */
  readonly coercion: Expression | null;
  readonly type: number;
  readonly typmod: number;
  readonly absentOnNull: boolean;
  readonly unique: boolean;
  readonly isJsonb: boolean;
  readonly location: number;
}
export interface JsonIsPredicate {
  readonly kind: 'JsonIsPredicate';
  readonly arg: Expression;
  readonly itemType: 'any' | 'object' | 'array' | 'scalar';
  readonly uniqueKeys: boolean;
  readonly location: number;
}
export interface NullTest {
  readonly kind: 'NullTest';
  readonly arg: Expression;
  readonly isNull: boolean;
  /** SQL's row rule: test each field of a composite argument. */
  readonly argIsRow: boolean;
  readonly location: number;
}
export interface BooleanTest {
  readonly kind: 'BooleanTest';
  readonly arg: Expression;
  readonly test: 'true' | 'notTrue' | 'false' | 'notFalse' | 'unknown' | 'notUnknown';
  readonly location: number;
}
/** merge_action(). */
export interface MergeSupportFunc {
  readonly kind: 'MergeSupportFunc';
  readonly type: number;
  readonly location: number;
}
export interface CoerceToDomain {
  readonly kind: 'CoerceToDomain';
  readonly arg: Expression;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly form: CoercionForm;
  readonly location: number;
}
/** VALUE in a domain's check. */
export interface CoerceToDomainValue {
  readonly kind: 'CoerceToDomainValue';
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly location: number;
}
/** DEFAULT in VALUES or SET; the rewriter replaces it. */
export interface SetToDefault {
  readonly kind: 'SetToDefault';
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly location: number;
}
export interface CurrentOfExpr {
  readonly kind: 'CurrentOfExpr';
  readonly varno: number;
  readonly cursorName: string;
  /** A function's cursor variable: parameter that holds the cursor's name; left out where the name is the cursor's own. */
  readonly cursorParam?: number;
}
/** Identity column's default. */
export interface NextValueExpr {
  readonly kind: 'NextValueExpr';
  readonly sequence: number;
  readonly type: number;
}
/** Planner only: an expression that must be computed below an outer join (PostgreSQL's PlaceHolderVar). */
export interface PlaceHolderVar {
  readonly kind: 'PlaceHolderVar';
  readonly arg: Expression;
  /** RT indexes at which it is evaluated, and the outer joins that can null it. */
  readonly relids: readonly number[];
  readonly nullingRels: readonly number[];
  readonly id: number;
  readonly levelsUp: number;
}

export interface TargetEntry {
  readonly kind: 'TargetEntry';
  readonly expr: Expression;
  /** 1-based; in INSERT and UPDATE the target column's attribute number. */
  readonly resno: number;
  readonly name: string | null;
  /** Number that SortGroupClauses refer to; 0 where none does. */
  readonly sortGroupRef: number;
  /** Source column, 0 where it is not a plain one (RowDescription). */
  readonly originTable: number;
  readonly originColumn: number;
  readonly junk: boolean;
}

/** Kept so that a Plan can be reached from an expression's type without a cycle at run time. */
export type SubPlanBody = Plan;
