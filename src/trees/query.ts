// The bound query: PostgreSQL's Query and its parts. The analyzer builds it, the rewriter maps it, the planner reads it,
// views store it (as JSON in pg_rewrite.ev_action), the deparser prints it. Frozen once built.
import type { Expression, TargetEntry } from './expression.js';

export interface Query {
  readonly kind: 'Query';
  readonly commandType: 'select' | 'insert' | 'update' | 'delete' | 'merge';
  /** RT index of the INSERT/UPDATE/DELETE/MERGE target, 0 for SELECT. */
  readonly resultRelation: number;
  readonly hasAggregates: boolean;
  readonly hasWindowFunctions: boolean;
  readonly hasTargetSets: boolean;
  readonly hasSubLinks: boolean;
  readonly hasDistinctOn: boolean;
  readonly hasRecursive: boolean;
  readonly hasModifyingCte: boolean;
  readonly hasForUpdate: boolean;
  /** Conditions from above a subquery that its window functions may stop at. */
  readonly windowConditions?: readonly WindowCondition[];
  readonly ctes: readonly CommonTableExpr[];
  /** RT index n is rangeTable[n - 1]. */
  readonly rangeTable: readonly RangeTableEntry[];
  readonly joinTree: FromExpr;
  readonly targetList: readonly TargetEntry[];
  readonly override: 'none' | 'user' | 'system';
  readonly onConflict: OnConflict | null;
  readonly mergeActions: readonly MergeAction[];
  /** MERGE: join condition between target and source; the source is joinTree's item. */
  readonly mergeJoinCondition: Expression | null;
  readonly returningList: readonly TargetEntry[];
  readonly groupClause: readonly SortGroupClause[];
  readonly groupDistinct: boolean;
  readonly groupingSets: readonly GroupingSet[];
  readonly having: Expression | null;
  readonly windowClause: readonly WindowClause[];
  readonly distinctClause: readonly SortGroupClause[];
  readonly sortClause: readonly SortGroupClause[];
  readonly limitOffset: Expression | null;
  readonly limitCount: Expression | null;
  readonly limitWithTies: boolean;
  readonly rowMarks: readonly RowMarkClause[];
  readonly setOperations: SetOperation | null;
  /** pg_constraint oids that GROUP BY by primary key relies on (stored views depend on them). */
  readonly constraintDependencies: readonly number[];
  /** UPDATE, DELETE, MERGE of a view that INSTEAD OF triggers change: RT index of the view's rows; the rewriter sets it, and
   *  makes the target an entry of its own. */
  readonly viewSource?: number;
  /** Conditions that new rows of an updatable view must meet; the rewriter sets them. */
  readonly withCheckOptions?: readonly ViewCheckOption[];
}
export interface ViewCheckOption {
  readonly viewName: string;
  readonly cascaded: boolean;
  readonly qual: Expression;
}

export type RangeTableEntry =
  | RelationRte
  | SubqueryRte
  | JoinRte
  | FunctionRte
  | ValuesRte
  | CteRte
  | NamedTuplestoreRte
  | ResultRte;

export interface RteCommon {
  /** The written alias; null where none. */
  readonly alias: Alias | null;
  /** Names by which columns are known: alias or table name, and one name for each column. */
  readonly eref: Alias;
  readonly lateral: boolean;
  readonly inFromClause: boolean;
}
export interface Alias {
  readonly name: string;
  /** Dropped columns are ''. */
  readonly columns: readonly string[];
}

export interface RelationRte extends RteCommon {
  readonly kind: 'relation';
  readonly relation: number;
  readonly relkind: string;
  /** Lock mode to hold: 1 AccessShare, 2 RowShare, 3 RowExclusive, ... */
  readonly lockMode: number;
  /** False for ONLY. */
  readonly inherit: boolean;
  readonly tableSample: TableSample | null;
  readonly permissions: RtePermissions | null;
}
/** What the session's user (or a view's owner) must be allowed to do with the relation. */
export interface RtePermissions {
  /** ACL_* bits. */
  readonly required: number;
  /** 0: the current user. */
  readonly checkAsUser: number;
  /** Attribute numbers, 0 for whole-row. */
  readonly selected: readonly number[];
  readonly inserted: readonly number[];
  readonly updated: readonly number[];
}
export interface SubqueryRte extends RteCommon {
  readonly kind: 'subquery';
  readonly subquery: Query;
  readonly securityBarrier: boolean;
  /** An expanded view: its oid, and what must be allowed on it. */
  readonly viewRelation: number;
  readonly permissions: RtePermissions | null;
}
export interface JoinRte extends RteCommon {
  readonly kind: 'join';
  readonly joinType: JoinType;
  /** USING columns come first in aliasVars. */
  readonly mergedColumns: number;
  /** The join's columns as expressions of its inputs; null for dropped ones. */
  readonly aliasVars: readonly (Expression | null)[];
  readonly leftColumns: readonly number[];
  readonly rightColumns: readonly number[];
  /** JOIN ... USING (...) AS alias. */
  readonly usingAlias: Alias | null;
}
export interface FunctionRte extends RteCommon {
  readonly kind: 'function';
  readonly functions: readonly RangeTableFunction[];
  readonly withOrdinality: boolean;
}
export interface RangeTableFunction {
  readonly expr: Expression;
  readonly columnCount: number;
  readonly columnNames: readonly string[];
  readonly columnTypes: readonly number[];
  readonly columnTypmods: readonly number[];
  readonly columnCollations: readonly number[];
  /** A column definition list was written: f() AS (a int, ...). */
  readonly hasDefinitionList: boolean;
}
export interface ValuesRte extends RteCommon {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
  readonly columnTypes: readonly number[];
  readonly columnTypmods: readonly number[];
  readonly columnCollations: readonly number[];
}
export interface CteRte extends RteCommon {
  readonly kind: 'cte';
  readonly cteName: string;
  readonly cteLevelsUp: number;
  /** A reference of a recursive CTE to itself. */
  readonly selfReference: boolean;
  readonly columnTypes: readonly number[];
  readonly columnTypmods: readonly number[];
  readonly columnCollations: readonly number[];
}
/** A trigger's transition table, found by its name when the statement runs. Its columns are the relation's live ones. */
export interface NamedTuplestoreRte extends RteCommon {
  readonly kind: 'namedTuplestore';
  readonly name: string;
  readonly relation: number;
  readonly columnTypes: readonly number[];
  readonly columnTypmods: readonly number[];
  readonly columnCollations: readonly number[];
}
/** One empty row: FROM-less SELECT, planner only. */
export interface ResultRte extends RteCommon {
  readonly kind: 'result';
}

export interface TableSample {
  /** pg_proc oid of the method's handler: system or bernoulli. */
  readonly method: 'system' | 'bernoulli';
  readonly args: readonly Expression[];
  readonly repeatable: Expression | null;
}

/** rightAnti stands in plans only: an antijoin whose preserved side is the inner input. */
export type JoinType = 'inner' | 'left' | 'full' | 'right' | 'semi' | 'anti' | 'rightAnti';

export type JoinTreeNode = RangeTableRef | JoinExpr | FromExpr;
export interface RangeTableRef {
  readonly kind: 'RangeTableRef';
  readonly rtIndex: number;
}
export interface JoinExpr {
  readonly kind: 'JoinExpr';
  readonly joinType: JoinType;
  readonly natural: boolean;
  readonly left: JoinTreeNode;
  readonly right: JoinTreeNode;
  /** Names as written in USING; null for ON. */
  readonly usingColumns: readonly string[] | null;
  readonly quals: Expression | null;
  readonly alias: Alias | null;
  readonly rtIndex: number;
}
export interface FromExpr {
  readonly kind: 'FromExpr';
  readonly fromList: readonly JoinTreeNode[];
  readonly quals: Expression | null;
}

export interface SortGroupClause {
  readonly sortGroupRef: number;
  /** Equality operator; and the ordering operator, 0 where the type can only be hashed. */
  readonly equalityOperator: number;
  readonly sortOperator: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly hashable: boolean;
}

export type GroupingSet =
  | { readonly kind: 'empty'; readonly location: number }
  | { readonly kind: 'simple'; readonly refs: readonly number[]; readonly location: number }
  | { readonly kind: 'rollup' | 'cube' | 'sets'; readonly content: readonly GroupingSet[]; readonly location: number };

export interface WindowClause {
  /** Name in the WINDOW clause; null where it was written inline. */
  readonly name: string | null;
  /** Name of the window it was copied from. */
  readonly refName: string | null;
  readonly partitionClause: readonly SortGroupClause[];
  readonly orderClause: readonly SortGroupClause[];
  readonly frame: WindowFrame;
  readonly windowRef: number;
}
/** A condition on an output column that is a window function, set by the planner: false once, it stays false. */
export interface WindowCondition {
  readonly resno: number;
  readonly operator: number;
  /** The window function is the operator's left argument. */
  readonly functionLeft: boolean;
  readonly other: Expression;
  readonly inputCollation: number;
}
export interface WindowFrame {
  /** False for the default frame that nobody wrote. */
  readonly explicit: boolean;
  /** Written as BETWEEN start AND end, for the deparser. */
  readonly between: boolean;
  readonly mode: 'range' | 'rows' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclusion: 'none' | 'currentRow' | 'group' | 'ties';
  /** RANGE with offsets: in_range support functions (pg_proc oids), collation, order. */
  readonly startInRangeFunction: number;
  readonly endInRangeFunction: number;
  readonly inRangeCollation: number;
  readonly inRangeAscending: boolean;
  readonly inRangeNullsFirst: boolean;
}
export interface FrameBound {
  readonly kind: 'unboundedPreceding' | 'offsetPreceding' | 'currentRow' | 'offsetFollowing' | 'unboundedFollowing';
  readonly offset: Expression | null;
}

export interface RowMarkClause {
  readonly rtIndex: number;
  readonly strength: 'keyShare' | 'share' | 'noKeyUpdate' | 'update';
  readonly waitPolicy: 'block' | 'skip' | 'error';
  /** Pushed down from an outer FOR UPDATE on a subquery. */
  readonly pushedDown: boolean;
}

export interface SetOperation {
  readonly kind: 'SetOperation';
  readonly op: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: SetOperation | RangeTableRef;
  readonly right: SetOperation | RangeTableRef;
  readonly columnTypes: readonly number[];
  readonly columnTypmods: readonly number[];
  readonly columnCollations: readonly number[];
  readonly groupClauses: readonly SortGroupClause[];
}

export interface CommonTableExpr {
  readonly name: string;
  readonly aliasColumns: readonly string[];
  readonly materialized: 'default' | 'always' | 'never';
  readonly query: Query;
  readonly search: CteSearch | null;
  readonly cycle: CteCycle | null;
  readonly recursive: boolean;
  readonly referenceCount: number;
  readonly columnNames: readonly string[];
  readonly columnTypes: readonly number[];
  readonly columnTypmods: readonly number[];
  readonly columnCollations: readonly number[];
  readonly location: number;
}
export interface CteSearch {
  readonly columns: readonly string[];
  readonly breadthFirst: boolean;
  readonly sequenceColumn: string;
}
export interface CteCycle {
  readonly columns: readonly string[];
  readonly markColumn: string;
  readonly markValue: Expression;
  readonly markDefault: Expression;
  readonly pathColumn: string;
  readonly markType: number;
  readonly markTypmod: number;
  readonly markCollation: number;
  readonly markNotEqualOperator: number;
}

export interface OnConflict {
  readonly action: 'nothing' | 'update';
  /** Inference: expressions or columns with collation/opclass, index predicate; or a constraint's oid. */
  readonly arbiterElements: readonly InferenceElement[];
  readonly arbiterWhere: Expression | null;
  readonly constraint: number;
  readonly set: readonly TargetEntry[];
  readonly where: Expression | null;
  /** RT index of EXCLUDED, and its columns. */
  readonly excludedRtIndex: number;
  readonly excludedTargetList: readonly TargetEntry[];
}
export interface InferenceElement {
  readonly expr: Expression;
  readonly collation: number;
  readonly opclass: number;
}

export interface MergeAction {
  readonly match: 'matched' | 'notMatchedBySource' | 'notMatchedByTarget';
  readonly command: 'insert' | 'update' | 'delete' | 'nothing';
  readonly override: 'none' | 'user' | 'system';
  readonly condition: Expression | null;
  readonly targetList: readonly TargetEntry[];
}
