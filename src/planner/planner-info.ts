// The planner's working state for one statement (PlannerGlobal) and one query level (PlannerInfo): relations that are
// joined (RelOptInfo), their restrictions, equivalence classes and outer joins. Mutable, private to the planner; paths
// are in path.ts.
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import type { Expression, PlaceHolderVar, SubPlan, TargetEntry, Var } from '../trees/expression.js';
import type { Plan, PlanRowMark } from '../trees/plan.js';
import type { CommonTableExpr, JoinType, Query, RangeTableEntry, SortGroupClause } from '../trees/query.js';
import type { PlannerContext } from './api.js';
import type { ParamPathInfo, Path, PathKey, PathTarget } from './path.js';
import type { Relids } from './relids.js';
import type { PlannerSettings } from './settings.js';
import type { GroupingSetPlan } from './upper/rollups.js';

export interface PlannerGlobal {
  readonly context: PlannerContext;
  readonly catalog: Catalog;
  readonly settings: PlannerSettings;
  /** Plans of subqueries in expressions and CTEs, by planId - 1; null while being planned. */
  readonly subplans: SubplanEntry[];
  readonly paramExecTypes: number[];
  readonly dependencies: Set<number>;
  /** Flat range table of the finished statement. */
  readonly rangeTable: RangeTableEntry[];
  readonly rowMarks: PlanRowMark[];
  nextRowMarkId: number;
  nextPlaceHolderId: number;
  /** Something was simplified that a parameter's value decided. */
  usesParameterValues: boolean;
  dependsOnRole: boolean;
}

export interface SubplanEntry {
  plan: Plan | null;
  root: PlannerInfo | null;
  path: Path | null;
}

/** A query under work: PostgreSQL's Query with replaceable parts. */
export type WorkQuery = { -readonly [K in keyof Query]: Query[K] };

export interface PlannerInfo {
  readonly global: PlannerGlobal;
  readonly parent: PlannerInfo | null;
  query: WorkQuery;
  /** The query's range table; grows during pull-up. Index n at n - 1. */
  rangeTable: RangeTableEntry[];
  /** Params that queries below want from this level: outer references and the Params that stand for them. */
  plannerParams: { readonly item: Expression; readonly paramId: number }[];
  initPlans: { readonly subPlan: SubPlan; readonly cost: number }[];
  /** Row assignments of UPDATE: the Params that hold the columns, by SubLink id. */
  multiParams: Map<number, readonly Expression[]>;
  /** Aggregates answered by an index: expressions above refer to them by these Params. */
  minMaxParams: { readonly aggregate: Expression; readonly param: Expression }[];
  /** For each CTE of this level: its planId, the SubPlan that runs it; planId 0 where it is inlined or not run. */
  ctePlans: { readonly cte: CommonTableExpr; readonly planId: number; readonly param: number }[];
  /** Recursive CTE being planned at this level: param of the work table and the non-recursive term's path. */
  workTableParam: number;
  nonRecursivePath: Path | null;
  recursiveCteName: string | null;

  rels: (RelOptInfo | undefined)[];
  /** Other base relids than the join tree's: all rels that take part in joining, and all outer joins. */
  allBaseRels: Relids;
  allQueryRels: Relids;
  outerJoinRels: Relids;
  joinRels: Map<Relids, RelOptInfo>;
  joinLevels: RelOptInfo[][];
  equivalences: EquivalenceClass[];
  /** Equivalences are complete: pathkeys may be made canonical. */
  equivalencesMerged: boolean;
  pathKeys: PathKey[];
  joinInfos: SpecialJoinInfo[];
  /** Outer joins with a condition right above them on columns they null: joins above must not slip in between. */
  delayingJoins: Relids;
  placeholders: Map<number, PlaceHolderInfo>;
  rowMarks: PlanRowMark[];
  /** Inheritance: child rel index -> parent rel index. */
  appendParents: Map<number, AppendParent>;

  processedTargetList: readonly TargetEntry[];
  /** UPDATE: attribute numbers assigned, in order of the target list. */
  updateColumns: readonly number[];
  groupClause: readonly SortGroupClause[];
  /** Grouping sets and the orderings that serve them; null without grouping sets. */
  groupingSetPlan: GroupingSetPlan | null;
  distinctClause: readonly SortGroupClause[];
  queryPathKeys: PathKey[];
  groupPathKeys: PathKey[];
  windowPathKeys: PathKey[];
  distinctPathKeys: PathKey[];
  sortPathKeys: PathKey[];
  /** Fraction of the rows that will be fetched, 0 for all; >= 1 is an absolute count. */
  tupleFraction: number;
  /** Rows that LIMIT lets through at most, -1 unknown. */
  limitTuples: number;
  hasLateral: boolean;
  hasHaving: boolean;
  hasOuterJoins: boolean;
  totalTablePages: number;
  /** Finished paths for the whole query level. */
  finalRel: RelOptInfo | null;

  /** While creating plans: outer relations of enclosing nested loops and the params their inner sides ask for. */
  currentOuterRels: Relids;
  currentOuterParams: NestLoopRequest[];
  lastRestrictSerial: number;
}

export interface NestLoopRequest {
  readonly paramId: number;
  readonly value: Var | PlaceHolderVar;
}

export interface AppendParent {
  readonly parent: number;
  /** Child column for each parent attribute (index attno - 1); null for dropped ones. */
  readonly translation: readonly (Expression | null)[];
}

export interface RelOptInfo {
  kind: 'base' | 'join' | 'member' | 'upper';
  readonly relids: Relids;
  /** Range table index of a base relation, else 0. */
  readonly rtIndex: number;
  rte: RangeTableEntry | null;
  rows: number;
  target: PathTarget;
  paths: Path[];
  cheapestStartup: Path | null;
  cheapestTotal: Path | null;
  cheapestParameterized: Path[];
  parameterInfos: Map<Relids, ParamPathInfo>;
  considerStartup: boolean;
  considerParameterizedStartup: boolean;
  /** Proven empty. */
  isDummy: boolean;
  /** Lateral references of this relation (direct, and closed over their own ones), and which rels refer to it. */
  lateralRelids: Relids;
  lateralVars: (Var | PlaceHolderVar)[];
  lateralReferencers: Relids;
  relation: RelationDescriptor | null;
  tuples: number;
  pages: number;
  indexes: IndexOptInfo[];
  /** attno -> relids (and outer joins) where the column is needed; bit 0 stands for the query's output. */
  attributeNeeded: Map<number, Relids>;
  baseRestrictions: RestrictInfo[];
  joinClauses: RestrictInfo[];
  hasEquivalenceJoins: boolean;
  /** Outer joins that can null this relation. */
  nullingRels: Relids;
  subroot: PlannerInfo | null;
  subplanParams: { readonly item: Expression; readonly paramId: number }[];
  /** Member relations of an inheritance parent or UNION ALL. */
  members: RelOptInfo[];
  uniquePath: Path | null | undefined;
  uniqueFor: Map<string, boolean>;
}

export interface IndexOptInfo {
  readonly index: IndexDescriptor;
  readonly rel: RelOptInfo;
  /** Key expressions over the relation's Vars, in key order; then the included columns. */
  readonly columns: readonly Expression[];
  readonly keyCount: number;
  readonly predicate: readonly Expression[];
  /** The predicate follows from the restrictions. */
  predicateOk: boolean;
  readonly pages: number;
  readonly tuples: number;
  readonly canOrder: boolean;
  readonly canReturn: readonly boolean[];
  readonly treeHeight: number;
  readonly isHash: boolean;
}

export interface RestrictInfo {
  readonly clause: Expression;
  /** From WHERE or a higher join: applied after null extension of the join where it is evaluated. */
  readonly isPushedDown: boolean;
  readonly canJoin: boolean;
  readonly pseudoConstant: boolean;
  /** Relations in the clause, and those needed to evaluate it. */
  readonly clauseRelids: Relids;
  requiredRelids: Relids;
  readonly incompatibleRelids: Relids;
  readonly outerRelids: Relids;
  readonly leftRelids: Relids;
  readonly rightRelids: Relids;
  /** For an OR: the alternatives as lists of RestrictInfos. */
  readonly orClauses: readonly (readonly RestrictInfo[])[] | null;
  readonly serial: number;
  parentEc: EquivalenceClass | null;
  leftEc: EquivalenceClass | null;
  rightEc: EquivalenceClass | null;
  leftMember: EquivalenceMember | null;
  rightMember: EquivalenceMember | null;
  /** B-tree families of a mergejoinable equality, hash operator or 0. */
  readonly mergeFamilies: readonly number[];
  readonly hashOperator: number;
  selectivity: number;
  outerSelectivity: number;
  evalCost: { startup: number; perTuple: number } | null;
  leftBucketSize: number;
  rightBucketSize: number;
  leftMcvFrequency: number;
  rightMcvFrequency: number;
  hasVolatile: boolean;
  /** What a merge join by this condition reads of its sides; absent until wanted. */
  mergeRange?: MergeRange;
}

/** Shares (0 to 1) of the rows of a condition's two sides that lie before the other's first key and up to its last. */
export interface MergeRange {
  readonly left: { readonly start: number; readonly end: number };
  readonly right: { readonly start: number; readonly end: number };
}

export interface EquivalenceClass {
  families: readonly number[];
  collation: number;
  members: EquivalenceMember[];
  sources: RestrictInfo[];
  derived: RestrictInfo[];
  relids: Relids;
  hasConst: boolean;
  hasVolatile: boolean;
  broken: boolean;
  sortRef: number;
  merged: EquivalenceClass | null;
  /** Equality operators of pairs of types, as far as they were looked up (operator 0: none). */
  operators?: {
    readonly left: number;
    readonly right: number;
    readonly operator: number;
    readonly canHash: boolean;
  }[];
}
export interface EquivalenceMember {
  readonly expr: Expression;
  readonly relids: Relids;
  readonly isConst: boolean;
  /** Made for a child of an inheritance parent. */
  readonly isChild: boolean;
  /** Type that operators see. */
  readonly type: number;
}

export interface SpecialJoinInfo {
  readonly minLeft: Relids;
  readonly minRight: Relids;
  readonly syntacticLeft: Relids;
  readonly syntacticRight: Relids;
  readonly joinType: JoinType;
  /** Range table index of the outer join, 0 for semijoins made of sublinks. */
  readonly ojRelid: number;
  readonly lhsStrict: boolean;
  /** Semijoins: equality operators and right-hand expressions, if the right side can be made unique by them. */
  readonly semiOperators: readonly number[];
  readonly semiRightExprs: readonly Expression[];
  readonly semiCanHash: boolean;
  readonly semiCanSort: boolean;
  /** Outer joins that may be done later although they are syntactically below the left side. */
  readonly commuteBelow: Relids;
}

export interface PlaceHolderInfo {
  readonly id: number;
  readonly variable: PlaceHolderVar;
  /** Where it is evaluated, and what its expression needs from outside there. */
  evalAt: Relids;
  lateral: Relids;
  needed: Relids;
  width: number;
}

/** Items to be joined: a relation, or a sublist that is joined on its own first. */
export type JoinListItem = number | JoinListItem[];
