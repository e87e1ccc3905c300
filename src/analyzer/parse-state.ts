// The state of analyzing one query level: its range table, what names are visible, and what the clauses found. PostgreSQL's
// ParseState. Mutable while the query is built; the finished Query holds plain copies of its parts.
import type { LockingClause, WindowDef } from '@pgsql/types';
import type { Expression, TargetEntry, Var } from '../trees/expression.js';
import type { Alias, CommonTableExpr, JoinExpr, JoinTreeNode, RangeTableEntry } from '../trees/query.js';
import type { AnalyzerContext } from './context.js';

/** Where an expression stands: decides what it may hold and what messages call the place. */
export type ExpressionKind =
  | 'none'
  | 'other'
  | 'joinOn'
  | 'joinUsing'
  | 'fromSubselect'
  | 'fromFunction'
  | 'where'
  | 'having'
  | 'filter'
  | 'windowPartition'
  | 'windowOrder'
  | 'windowFrameRange'
  | 'windowFrameRows'
  | 'windowFrameGroups'
  | 'selectTarget'
  | 'insertTarget'
  | 'updateSource'
  | 'updateTarget'
  | 'mergeWhen'
  | 'groupBy'
  | 'orderBy'
  | 'distinctOn'
  | 'limit'
  | 'offset'
  | 'returning'
  | 'mergeReturning'
  | 'values'
  | 'valuesSingle'
  | 'checkConstraint'
  | 'domainCheck'
  | 'columnDefault'
  | 'functionDefault'
  | 'indexExpression'
  | 'indexPredicate'
  | 'alterColumnTransform'
  | 'executeParameter'
  | 'triggerWhen'
  | 'policy'
  | 'copyWhere'
  | 'generatedColumn'
  | 'cycleMark'
  | 'call';

/** One column of a namespace item: the Var that stands for it. varno 0: a dropped column. */
export interface NamespaceColumn {
  readonly varno: number;
  readonly attno: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  /** Hidden from SELECT * (the SEARCH and CYCLE columns where they are made). */
  readonly hidden: boolean;
}

/** A FROM item that names may refer to. */
export interface NamespaceItem {
  names: Alias;
  readonly rte: RangeTableEntry;
  readonly rtIndex: number;
  readonly columns: NamespaceColumn[];
  /** The relation name is visible; unqualified column names are visible. */
  relationVisible: boolean;
  columnsVisible: boolean;
  /** Visible to LATERAL expressions only; and whether a reference is legal then. */
  lateralOnly: boolean;
  lateralOk: boolean;
}

export interface MutablePermissions {
  required: number;
  checkAsUser: number;
  readonly selected: Set<number>;
  readonly inserted: Set<number>;
  readonly updated: Set<number>;
}

/** A CTE while its WITH list is analyzed. `query` is null until then. */
export interface CteState {
  readonly name: string;
  expr: CommonTableExpr;
  analyzed: boolean;
  referenceCount: number;
}

export interface ParseState {
  readonly parent: ParseState | null;
  readonly context: AnalyzerContext;
  readonly rangeTable: RangeTableEntry[];
  /** For each range table entry: outer joins that can null it. */
  readonly nullingRels: number[][];
  readonly permissions: (MutablePermissions | null)[];
  readonly joinExprs: (JoinExpr | null)[];
  joinList: JoinTreeNode[];
  namespace: NamespaceItem[];
  lateralActive: boolean;
  ctes: CteState[];
  /** Names of CTEs that come later in a WITH list without RECURSIVE, for the hint. */
  futureCtes: string[];
  parentCte: CteState | null;
  targetItem: NamespaceItem | null;
  windowDefs: WindowDef[];
  expressionKind: ExpressionKind;
  nextResno: number;
  multiAssigns: TargetEntry[];
  lockingClauses: LockingClause[];
  lockedFromParent: boolean;
  resolveUnknowns: boolean;
  lastTargetSet: Expression | null;
  /** RT index that `DEFAULT` etc. may not mention... set for ON CONFLICT's EXCLUDED. */
  excludedIndex: number;
  hasAggregates: boolean;
  hasWindowFunctions: boolean;
  hasTargetSets: boolean;
  hasSubLinks: boolean;
  hasModifyingCte: boolean;
  /** VALUE in a domain's check. */
  domainValue: Expression | null;
}

/** A fresh state for a query below `parent` (null: the outermost). */
export function makeParseState(parent: ParseState | null, context: AnalyzerContext): ParseState {
  return {
    parent,
    context,
    rangeTable: [],
    nullingRels: [],
    permissions: [],
    joinExprs: [],
    joinList: [],
    namespace: [],
    lateralActive: false,
    ctes: [],
    futureCtes: [],
    parentCte: null,
    targetItem: null,
    windowDefs: [],
    expressionKind: 'none',
    nextResno: 1,
    multiAssigns: [],
    lockingClauses: [],
    lockedFromParent: false,
    resolveUnknowns: true,
    lastTargetSet: null,
    excludedIndex: 0,
    hasAggregates: false,
    hasWindowFunctions: false,
    hasTargetSets: false,
    hasSubLinks: false,
    hasModifyingCte: false,
    domainValue: null,
  };
}

/** Drops `readonly` from a node's own fields: only for nodes that the analyzer has just built itself. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Runs `body` with the state's expression kind set to `kind`. */
export function withKind<T>(state: ParseState, kind: ExpressionKind, body: () => T): T {
  const saved = state.expressionKind;
  state.expressionKind = kind;
  try {
    return body();
  } finally {
    state.expressionKind = saved;
  }
}

/** The Var for column `attno` of a namespace item, with the outer joins that can null it. */
export function makeVar(state: ParseState, column: NamespaceColumn, levelsUp: number, location: number): Var {
  return {
    kind: 'Var',
    varno: column.varno,
    attno: column.attno,
    type: column.type,
    typmod: column.typmod,
    collation: column.collation,
    levelsUp,
    nullingRels: nullingRelsOf(state, column.varno, levelsUp),
    location,
  };
}

/** Outer joins that can null the range table entry, as seen at this point of the analysis. */
export function nullingRelsOf(state: ParseState, varno: number, levelsUp: number): readonly number[] {
  const level = stateAt(state, levelsUp);
  const rels = level.nullingRels[varno - 1];
  return rels === undefined || rels.length === 0 ? [] : [...rels].sort((left, right) => left - right);
}

/** The state `levelsUp` query levels out. */
export function stateAt(state: ParseState, levelsUp: number): ParseState {
  let level = state;
  for (let up = levelsUp; up > 0; up--) {
    if (level.parent === null) throw new Error('invariant broken: reference above the outermost query');
    level = level.parent;
  }
  return level;
}

/** The range table entry that a Var refers to. */
export function rteOf(state: ParseState, varno: number, levelsUp: number): RangeTableEntry {
  const entry = stateAt(state, levelsUp).rangeTable[varno - 1];
  if (entry === undefined) throw new Error(`invariant broken: no range table entry ${varno}`);
  return entry;
}

/** What messages call the place where an expression stands: "WHERE", "GROUP BY", ... */
export function expressionKindName(kind: ExpressionKind): string {
  return kindNames[kind];
}

const kindNames = {
  none: 'invalid expression kind',
  other: 'extension expression',
  joinOn: 'JOIN/ON',
  joinUsing: 'JOIN/USING',
  fromSubselect: 'sub-SELECT in FROM',
  fromFunction: 'function in FROM',
  where: 'WHERE',
  policy: 'POLICY',
  having: 'HAVING',
  filter: 'FILTER',
  windowPartition: 'window PARTITION BY',
  windowOrder: 'window ORDER BY',
  windowFrameRange: 'window RANGE',
  windowFrameRows: 'window ROWS',
  windowFrameGroups: 'window GROUPS',
  selectTarget: 'SELECT',
  insertTarget: 'INSERT',
  updateSource: 'UPDATE',
  updateTarget: 'UPDATE',
  mergeWhen: 'MERGE WHEN',
  groupBy: 'GROUP BY',
  orderBy: 'ORDER BY',
  distinctOn: 'DISTINCT ON',
  limit: 'LIMIT',
  offset: 'OFFSET',
  returning: 'RETURNING',
  mergeReturning: 'RETURNING',
  values: 'VALUES',
  valuesSingle: 'VALUES',
  checkConstraint: 'CHECK',
  domainCheck: 'CHECK',
  columnDefault: 'DEFAULT',
  functionDefault: 'DEFAULT',
  indexExpression: 'index expression',
  indexPredicate: 'index predicate',
  alterColumnTransform: 'USING',
  executeParameter: 'EXECUTE',
  triggerWhen: 'WHEN',
  copyWhere: 'WHERE',
  generatedColumn: 'GENERATED AS',
  cycleMark: 'CYCLE',
  call: 'CALL',
} as const satisfies Record<ExpressionKind, string>;
