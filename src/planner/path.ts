// Paths: alternatives for computing a relation, with their costs and sort order. The chosen one becomes a plan in
// create-plan/.
import type { Expression, TargetEntry } from '../trees/expression.js';
import type { AggGroupingSet, IndexQual, PlanRowMark } from '../trees/plan.js';
import type { JoinType, SortGroupClause, WindowClause } from '../trees/query.js';
import type { EquivalenceClass, IndexOptInfo, PlannerInfo, RelOptInfo, RestrictInfo } from './planner-info.js';
import type { Relids } from './relids.js';

/** Output columns of a path. */
export interface PathTarget {
  readonly exprs: readonly Expression[];
  /** sortGroupRef of each column, 0 where none. */
  readonly sortRefs: readonly number[];
  readonly startupCost: number;
  readonly perTupleCost: number;
  readonly width: number;
}

/** One sort column: members of an equivalence class in one direction. Canonical: compared by identity. */
export interface PathKey {
  readonly ec: EquivalenceClass;
  readonly family: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A parameterization: outer relations that supply values, rows then, and the join clauses that are enforced. */
export interface ParamPathInfo {
  readonly requiredOuter: Relids;
  readonly rows: number;
  readonly clauses: readonly RestrictInfo[];
}

export interface PathCommon {
  readonly rel: RelOptInfo;
  readonly target: PathTarget;
  readonly param: ParamPathInfo | null;
  readonly rows: number;
  readonly startupCost: number;
  readonly totalCost: number;
  readonly pathKeys: readonly PathKey[];
}

export interface ScanPath extends PathCommon {
  readonly kind:
    | 'SeqScan'
    | 'SampleScan'
    | 'FunctionScan'
    | 'ValuesScan'
    | 'CteScan'
    | 'NamedTuplestoreScan'
    | 'WorkTableScan'
    | 'Result';
}
export interface IndexPath extends PathCommon {
  readonly kind: 'IndexScan' | 'IndexOnlyScan';
  readonly index: IndexOptInfo;
  readonly quals: readonly IndexClause[];
  readonly backward: boolean;
  readonly indexTotalCost: number;
  readonly indexSelectivity: number;
}
/** A restriction that an index answers: derived index quals and the clause they come from. */
export interface IndexClause {
  readonly source: RestrictInfo;
  readonly quals: readonly IndexQual[];
  readonly column: number;
  /** The index returns rows that the source must recheck. */
  readonly lossy: boolean;
}
export interface BitmapHeapPath extends PathCommon {
  readonly kind: 'BitmapHeapScan';
  readonly bitmap: BitmapPath;
}
export type BitmapPath = IndexPath | BitmapCombination;
export interface BitmapCombination {
  readonly kind: 'BitmapAnd' | 'BitmapOr';
  readonly children: readonly BitmapPath[];
  readonly totalCost: number;
  readonly selectivity: number;
}
export interface TidPath extends PathCommon {
  readonly kind: 'TidScan' | 'TidRangeScan';
  readonly quals: readonly RestrictInfo[];
}
export interface SubqueryScanPath extends PathCommon {
  readonly kind: 'SubqueryScan';
  readonly subpath: Path;
  readonly subroot: PlannerInfo;
}
export interface AppendPath extends PathCommon {
  readonly kind: 'Append';
  readonly children: readonly Path[];
}
export interface MergeAppendPath extends PathCommon {
  readonly kind: 'MergeAppend';
  readonly children: readonly Path[];
}
export interface JoinPathCommon extends PathCommon {
  readonly joinType: JoinType;
  readonly outer: Path;
  readonly inner: Path;
  readonly restrictions: readonly RestrictInfo[];
  readonly innerUnique: boolean;
}
export interface NestPath extends JoinPathCommon {
  readonly kind: 'NestLoop';
}
export interface HashPath extends JoinPathCommon {
  readonly kind: 'HashJoin';
  readonly hashClauses: readonly RestrictInfo[];
}
export interface MergePath extends JoinPathCommon {
  readonly kind: 'MergeJoin';
  readonly mergeClauses: readonly RestrictInfo[];
  readonly outerSortKeys: readonly PathKey[];
  readonly innerSortKeys: readonly PathKey[];
  readonly materializeInner: boolean;
}
export interface SimplePath extends PathCommon {
  readonly kind: 'Material' | 'Projection' | 'ProjectSet';
  readonly subpath: Path;
}
export interface MemoizePath extends PathCommon {
  readonly kind: 'Memoize';
  readonly subpath: Path;
  readonly keys: readonly Expression[];
  readonly hashOperators: readonly number[];
  readonly singleRow: boolean;
  readonly binaryMode: boolean;
  /** Cost of a scan after the first one. */
  readonly rescan: { readonly startup: number; readonly total: number };
  readonly calls: number;
}
/** Inner side of a semijoin made unique. */
export interface UniqueJoinPath extends PathCommon {
  readonly kind: 'UniqueJoin';
  readonly method: 'noop' | 'hash' | 'sort';
  readonly subpath: Path;
  readonly operators: readonly number[];
  readonly exprs: readonly Expression[];
}
export interface GroupResultPath extends PathCommon {
  readonly kind: 'GroupResult';
  readonly quals: readonly Expression[];
}
export interface SortPath extends PathCommon {
  readonly kind: 'Sort' | 'IncrementalSort';
  readonly subpath: Path;
  readonly presorted: number;
}
export interface GroupPath extends PathCommon {
  readonly kind: 'Group';
  readonly subpath: Path;
  readonly groupClause: readonly SortGroupClause[];
  readonly quals: readonly Expression[];
}
export interface UpperUniquePath extends PathCommon {
  readonly kind: 'UpperUnique';
  readonly subpath: Path;
  readonly clauses: readonly SortGroupClause[];
}
export interface AggPath extends PathCommon {
  readonly kind: 'Agg';
  readonly subpath: Path;
  readonly strategy: 'plain' | 'sorted' | 'hashed';
  readonly groupClause: readonly SortGroupClause[];
  readonly quals: readonly Expression[];
  readonly groupCount: number;
}
export interface GroupingSetsPath extends PathCommon {
  readonly kind: 'GroupingSets';
  readonly subpath: Path;
  /** All grouping columns, as sortGroupRefs in the order of Agg.groupColumns. */
  readonly groupClause: readonly SortGroupClause[];
  /** Each set: its clause in sort order, how it is computed; `sort`: it starts a new ordering of the input. */
  readonly sets: readonly GroupingSetStep[];
  readonly quals: readonly Expression[];
  readonly groupCount: number;
}
export interface GroupingSetStep {
  readonly refs: readonly number[];
  readonly strategy: AggGroupingSet['strategy'];
  /** Refs of the ordering that the set relies on; null where the input already has it. */
  readonly sortRefs: readonly number[] | null;
}
export interface MinMaxPath extends PathCommon {
  readonly kind: 'MinMaxAgg';
  readonly quals: readonly Expression[];
  /** What stands for each aggregate, and how the subplans that supply it come into being once the path is chosen. */
  readonly replacements: readonly { readonly aggregate: Expression; readonly param: Expression }[];
  makeInitPlans(): void;
}
export interface WindowAggPath extends PathCommon {
  readonly kind: 'WindowAgg';
  readonly subpath: Path;
  readonly window: WindowClause;
  readonly quals: readonly Expression[];
  readonly runConditions: readonly Expression[];
  readonly topWindow: boolean;
}
export interface SetOpPath extends PathCommon {
  readonly kind: 'SetOp';
  readonly subpath: Path;
  readonly command: 'intersect' | 'intersectAll' | 'except' | 'exceptAll';
  readonly strategy: 'sorted' | 'hashed';
  readonly groupClause: readonly SortGroupClause[];
  readonly flagColumn: number;
  /** Flag of the first input of the operation. */
  readonly leftFlag: number;
}
export interface RecursiveUnionPath extends PathCommon {
  readonly kind: 'RecursiveUnion';
  readonly left: Path;
  readonly right: Path;
  readonly distinct: readonly SortGroupClause[];
  readonly workTableParam: number;
}
export interface LockRowsPath extends PathCommon {
  readonly kind: 'LockRows';
  readonly subpath: Path;
  readonly rowMarks: readonly PlanRowMark[];
  readonly epqParam: number;
}
export interface LimitPath extends PathCommon {
  readonly kind: 'Limit';
  readonly subpath: Path;
  readonly offset: Expression | null;
  readonly count: Expression | null;
  readonly withTies: boolean;
}
export interface ModifyTablePath extends PathCommon {
  readonly kind: 'ModifyTable';
  readonly subpath: Path;
  readonly returningList: readonly TargetEntry[];
  readonly epqParam: number;
}

export type JoinPath = NestPath | HashPath | MergePath;
export type Path =
  | ScanPath
  | IndexPath
  | BitmapHeapPath
  | TidPath
  | SubqueryScanPath
  | AppendPath
  | MergeAppendPath
  | JoinPath
  | SimplePath
  | MemoizePath
  | UniqueJoinPath
  | GroupResultPath
  | SortPath
  | GroupPath
  | UpperUniquePath
  | AggPath
  | GroupingSetsPath
  | MinMaxPath
  | WindowAggPath
  | SetOpPath
  | RecursiveUnionPath
  | LockRowsPath
  | LimitPath
  | ModifyTablePath;

/** Outer relations a path needs values from. */
export function requiredOuter(path: Path): Relids {
  return path.param === null ? 0n : path.param.requiredOuter;
}
