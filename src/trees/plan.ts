// The plan: PostgreSQL's plan nodes under PostgreSQL's names, frozen, shareable between executions and cached. Var.varno
// in a node's expressions is an RT index in scan nodes, outerVar / innerVar for the left / right input of upper nodes,
// indexVar for the index columns of an index-only scan. Row width and order of a node's output: its targetList.
import type { Expression, SubPlan, TargetEntry } from './expression.js';
import type { JoinType, Query, RangeTableEntry, TableSample, WindowFrame } from './query.js';

export interface PlannedStatement {
  readonly kind: 'PlannedStatement';
  readonly commandType: Query['commandType'];
  readonly plan: Plan;
  readonly rangeTable: readonly RangeTableEntry[];
  /** Plans of SubPlan.planId - 1: subqueries in expressions, CTEs, initplans. */
  readonly subplans: readonly Plan[];
  /** Type oid of each exec Param, by id. */
  readonly paramExecTypes: readonly number[];
  readonly hasReturning: boolean;
  readonly hasModifyingCte: boolean;
  readonly rowMarks: readonly PlanRowMark[];
  /** Oids of relations, functions, types that the plan relies on, and the catalog version it was made at. */
  readonly dependencies: readonly number[];
  readonly catalogVersion: number;
  /** True where a custom plan would do no better: nothing in it depends on parameter values. */
  readonly dependsOnRole: boolean;
}

export type Plan =
  | Result
  | ProjectSet
  | ModifyTable
  | Append
  | MergeAppend
  | RecursiveUnion
  | SeqScan
  | SampleScan
  | IndexScan
  | IndexOnlyScan
  | BitmapHeapScan
  | BitmapIndexScan
  | BitmapAnd
  | BitmapOr
  | TidScan
  | TidRangeScan
  | SubqueryScan
  | FunctionScan
  | ValuesScan
  | CteScan
  | NamedTuplestoreScan
  | WorkTableScan
  | NestLoop
  | MergeJoin
  | HashJoin
  | Hash
  | Material
  | Memoize
  | Sort
  | IncrementalSort
  | Group
  | Agg
  | WindowAgg
  | Unique
  | SetOp
  | LockRows
  | Limit;

export interface PlanCommon {
  readonly startupCost: number;
  readonly totalCost: number;
  readonly planRows: number;
  /** Average row width in bytes, for EXPLAIN and work_mem estimates. */
  readonly planWidth: number;
  /** Number of the node within the statement, from 0: key of its run state and instrumentation. */
  readonly nodeId: number;
  readonly targetList: readonly TargetEntry[];
  /** Implicitly ANDed conditions on the node's output candidates. */
  readonly qual: readonly Expression[];
  /** Subplans computed once, before the first row that needs them. */
  readonly initPlans: readonly SubPlan[];
  /** exec Params on which this subtree depends: when one changes, it is rescanned. */
  readonly externParams: readonly number[];
}

export interface Result extends PlanCommon {
  readonly kind: 'Result';
  readonly outer: Plan | null;
  /** Checked once, before the first row. */
  readonly constantQual: readonly Expression[];
}
/** Evaluates set-returning functions in the target list. */
export interface ProjectSet extends PlanCommon {
  readonly kind: 'ProjectSet';
  readonly outer: Plan;
}

/** Input rows: INSERT: the new row's columns in attribute order. UPDATE: new values of `updateColumns`, then junk.
 *  DELETE/MERGE: junk. Junk columns are found by name: `ctid` (the rowid, number) and, for views, `wholerow`. */
export interface ModifyTable extends PlanCommon {
  readonly kind: 'ModifyTable';
  readonly operation: 'insert' | 'update' | 'delete' | 'merge';
  readonly canSetTag: boolean;
  readonly resultRelation: number;
  readonly outer: Plan;
  /** UPDATE: attribute numbers assigned, in the order of the input's non-junk columns. */
  readonly updateColumns: readonly number[];
  readonly returningList: readonly TargetEntry[];
  readonly rowMarks: readonly PlanRowMark[];
  readonly onConflict: PlanOnConflict | null;
  readonly mergeActions: readonly PlanMergeAction[];
  readonly mergeJoinCondition: Expression | null;
  /** WITH CHECK OPTION of updatable views. */
  readonly withCheckOptions: readonly WithCheckOption[];
  /** Param by which EvalPlanQual re-runs `outer`. */
  readonly evalPlanQualParam: number;
  /** UPDATE or DELETE of an inheritance parent: its member tables. The input's junk column `tableoid` says which one. */
  readonly members?: readonly ModifyMember[];
}
/** A table that an inherited UPDATE or DELETE writes; numbers and expressions are in its own columns. */
export interface ModifyMember {
  readonly resultRelation: number;
  readonly updateColumns: readonly number[];
  readonly mergeActions: readonly PlanMergeAction[];
  readonly mergeJoinCondition: Expression | null;
  readonly returningList: readonly TargetEntry[];
  readonly withCheckOptions: readonly WithCheckOption[];
}
export interface WithCheckOption {
  readonly viewName: string;
  readonly cascaded: boolean;
  readonly qual: Expression;
}
export interface PlanOnConflict {
  readonly action: 'nothing' | 'update';
  /** Indexes that decide; empty: any unique one (DO NOTHING without a target). */
  readonly arbiterIndexes: readonly number[];
  /** SET expressions by attribute number, over the existing row (varno = resultRelation) and EXCLUDED (innerVar). */
  readonly set: readonly TargetEntry[];
  readonly setColumns: readonly number[];
  readonly where: Expression | null;
  readonly excludedRtIndex: number;
}
export interface PlanMergeAction {
  readonly match: 'matched' | 'notMatchedBySource' | 'notMatchedByTarget';
  readonly command: 'insert' | 'update' | 'delete' | 'nothing';
  readonly condition: Expression | null;
  /** insert: the whole new row in attribute order; update: one entry for each of `updateColumns`. */
  readonly targetList: readonly TargetEntry[];
  readonly updateColumns: readonly number[];
}

export interface Append extends PlanCommon {
  readonly kind: 'Append';
  readonly children: readonly Plan[];
  /** RT index of the inheritance parent whose tables the children read. */
  readonly parentRtIndex?: number;
}
export interface MergeAppend extends PlanCommon {
  readonly kind: 'MergeAppend';
  readonly children: readonly Plan[];
  readonly parentRtIndex?: number;
  readonly keys: readonly SortKey[];
}
/** WITH RECURSIVE: left once, then right over the work table until it is empty. */
export interface RecursiveUnion extends PlanCommon {
  readonly kind: 'RecursiveUnion';
  readonly outer: Plan;
  readonly inner: Plan;
  /** Param that identifies the work table to WorkTableScan. */
  readonly workTableParam: number;
  /** UNION (without ALL): columns compared to drop duplicates. */
  readonly distinct: readonly GroupColumn[];
}

export interface ScanCommon extends PlanCommon {
  readonly scanRtIndex: number;
  /** EXPLAIN VERBOSE lists all columns of the relation or index: PostgreSQL's scan would hand them all on. */
  readonly showsAllColumns?: true;
}
export interface SeqScan extends ScanCommon {
  readonly kind: 'SeqScan';
}
export interface SampleScan extends ScanCommon {
  readonly kind: 'SampleScan';
  readonly tableSample: TableSample;
}

/** One condition `index column <operator> value`; `value` contains no Var of the scanned relation. */
export interface IndexQual {
  /** 0-based position among the index's key columns. */
  readonly column: number;
  readonly strategy: '<' | '<=' | '=' | '>=' | '>' | 'any' | 'isNull' | 'isNotNull' | 'row';
  /** For `any`: the array whose elements are tried in order. For `row`: a RowCompareExpr over leading columns. */
  readonly value: Expression | null;
  /** The original condition, for EXPLAIN and rechecks (varno: indexVar in its index column's place). */
  readonly clause: Expression;
}
export interface IndexScan extends ScanCommon {
  readonly kind: 'IndexScan';
  readonly index: number;
  readonly indexQuals: readonly IndexQual[];
  readonly direction: 'forward' | 'backward';
  /** Index column order is relied on: rows come sorted. */
  readonly ordered: boolean;
}
export interface IndexOnlyScan extends ScanCommon {
  readonly kind: 'IndexOnlyScan';
  readonly index: number;
  readonly indexQuals: readonly IndexQual[];
  readonly direction: 'forward' | 'backward';
  readonly ordered: boolean;
  /** What each index column holds, as Vars of the table, for EXPLAIN. */
  readonly indexTargetList: readonly TargetEntry[];
}
export interface BitmapHeapScan extends ScanCommon {
  readonly kind: 'BitmapHeapScan';
  readonly outer: BitmapIndexScan | BitmapAnd | BitmapOr;
  readonly recheckQual: readonly Expression[];
}
export interface BitmapIndexScan extends ScanCommon {
  readonly kind: 'BitmapIndexScan';
  readonly index: number;
  readonly indexQuals: readonly IndexQual[];
}
export interface BitmapAnd extends PlanCommon {
  readonly kind: 'BitmapAnd';
  readonly children: readonly (BitmapIndexScan | BitmapAnd | BitmapOr)[];
}
export interface BitmapOr extends PlanCommon {
  readonly kind: 'BitmapOr';
  readonly children: readonly (BitmapIndexScan | BitmapAnd | BitmapOr)[];
}
/** ctid = x, ctid = ANY(x), CURRENT OF. */
export interface TidScan extends ScanCommon {
  readonly kind: 'TidScan';
  readonly tidQuals: readonly Expression[];
}
export interface TidRangeScan extends ScanCommon {
  readonly kind: 'TidRangeScan';
  readonly tidRangeQuals: readonly Expression[];
}
export interface SubqueryScan extends ScanCommon {
  readonly kind: 'SubqueryScan';
  readonly subplan: Plan;
}
export interface FunctionScan extends ScanCommon {
  readonly kind: 'FunctionScan';
}
export interface ValuesScan extends ScanCommon {
  readonly kind: 'ValuesScan';
}
export interface CteScan extends ScanCommon {
  readonly kind: 'CteScan';
  /** subplans[ctePlanId - 1]; readers of one CTE share its tuple store under `cteParam`. */
  readonly ctePlanId: number;
  readonly cteParam: number;
}
/** Rows of a trigger's transition table. */
export interface NamedTuplestoreScan extends ScanCommon {
  readonly kind: 'NamedTuplestoreScan';
}
export interface WorkTableScan extends ScanCommon {
  readonly kind: 'WorkTableScan';
  readonly workTableParam: number;
}

export interface JoinCommon extends PlanCommon {
  readonly joinType: JoinType;
  readonly outer: Plan;
  readonly inner: Plan;
  /** Conditions of ON; `qual` holds those of WHERE, applied after null extension. */
  readonly joinQual: readonly Expression[];
  /** At most one inner row can match. */
  readonly innerUnique: boolean;
}
export interface NestLoop extends JoinCommon {
  readonly kind: 'NestLoop';
  /** exec Params set from each outer row before the inner plan is rescanned. */
  readonly parameters: readonly { readonly param: number; readonly value: Expression }[];
}
export interface MergeJoin extends JoinCommon {
  readonly kind: 'MergeJoin';
  readonly mergeClauses: readonly MergeClause[];
}
export interface MergeClause {
  readonly outerKey: Expression;
  readonly innerKey: Expression;
  readonly clause: Expression;
  /** Ordering of both inputs on this key. */
  readonly family: number;
  readonly collation: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
export interface HashJoin extends JoinCommon {
  readonly kind: 'HashJoin';
  readonly inner: Hash;
  readonly hashClauses: readonly Expression[];
  readonly outerKeys: readonly Expression[];
  readonly innerKeys: readonly Expression[];
  readonly hashOperators: readonly number[];
  readonly collations: readonly number[];
}
export interface Hash extends PlanCommon {
  readonly kind: 'Hash';
  readonly outer: Plan;
}

export interface Material extends PlanCommon {
  readonly kind: 'Material';
  readonly outer: Plan;
}
/** Caches inner results of a NestLoop by its parameters. */
export interface Memoize extends PlanCommon {
  readonly kind: 'Memoize';
  readonly outer: Plan;
  readonly keys: readonly Expression[];
  readonly hashOperators: readonly number[];
  readonly collations: readonly number[];
  readonly singleRow: boolean;
  readonly binaryMode: boolean;
}

export interface SortKey {
  /** 1-based column of the input's target list. */
  readonly column: number;
  readonly operator: number;
  readonly collation: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
/** A column compared for equality; `operator` is the type's = operator. */
export interface GroupColumn {
  readonly column: number;
  readonly operator: number;
  readonly collation: number;
}
export interface Sort extends PlanCommon {
  readonly kind: 'Sort';
  readonly outer: Plan;
  readonly keys: readonly SortKey[];
}
export interface IncrementalSort extends PlanCommon {
  readonly kind: 'IncrementalSort';
  readonly outer: Plan;
  readonly keys: readonly SortKey[];
  /** The input is already sorted by this many leading keys. */
  readonly presortedCount: number;
}
export interface Group extends PlanCommon {
  readonly kind: 'Group';
  readonly outer: Plan;
  readonly groupColumns: readonly GroupColumn[];
}
export interface Agg extends PlanCommon {
  readonly kind: 'Agg';
  readonly strategy: 'plain' | 'sorted' | 'hashed' | 'mixed';
  readonly outer: Plan;
  /** All grouping columns (strategy sorted and hashed without grouping sets group by exactly these). */
  readonly groupColumns: readonly GroupColumn[];
  /** GROUPING SETS: one entry a set, columns of the input in use; null without grouping sets. */
  readonly groupingSets: readonly AggGroupingSet[] | null;
  readonly groupCountEstimate: number;
}
export interface AggGroupingSet {
  /** Indexes into Agg.groupColumns that this set groups by; the others read as null. */
  readonly columns: readonly number[];
  readonly strategy: 'plain' | 'sorted' | 'hashed';
  /** sorted: how the input must be sorted for it; null where the child's order serves already. */
  readonly sort: readonly SortKey[] | null;
}
export interface WindowAgg extends PlanCommon {
  readonly kind: 'WindowAgg';
  readonly outer: Plan;
  readonly windowRef: number;
  readonly partitionColumns: readonly GroupColumn[];
  readonly orderColumns: readonly GroupColumn[];
  readonly frame: WindowFrame;
  /** Condition on a monotonic window function: once false, no later row of the partition can pass. */
  readonly runCondition: readonly Expression[];
  readonly topWindow: boolean;
}
export interface Unique extends PlanCommon {
  readonly kind: 'Unique';
  readonly outer: Plan;
  readonly columns: readonly GroupColumn[];
}
export interface SetOp extends PlanCommon {
  readonly kind: 'SetOp';
  readonly command: 'intersect' | 'intersectAll' | 'except' | 'exceptAll';
  readonly strategy: 'sorted' | 'hashed';
  /** Rows of both inputs, with a flag column (0 left, 1 right). */
  readonly outer: Plan;
  readonly columns: readonly GroupColumn[];
  readonly flagColumn: number;
}
/** Locks each row; its rowid comes in the junk column `ctid<rowMarkId>`. */
export interface LockRows extends PlanCommon {
  readonly kind: 'LockRows';
  readonly outer: Plan;
  readonly rowMarks: readonly PlanRowMark[];
  readonly evalPlanQualParam: number;
}
export interface PlanRowMark {
  readonly rtIndex: number;
  readonly rowMarkId: number;
  readonly mark: 'keyShare' | 'share' | 'noKeyUpdate' | 'update' | 'reference' | 'copy';
  readonly waitPolicy: 'block' | 'skip' | 'error';
  /** An inheritance parent's tables; the junk column `tableoid<rowMarkId>` says which one a row is of. */
  readonly members?: readonly { readonly relation: number; readonly rtIndex: number }[];
}
export interface Limit extends PlanCommon {
  readonly kind: 'Limit';
  readonly outer: Plan;
  readonly offset: Expression | null;
  readonly count: Expression | null;
  readonly withTies: boolean;
  /** WITH TIES: columns that make two rows peers. */
  readonly tieColumns: readonly GroupColumn[];
}
