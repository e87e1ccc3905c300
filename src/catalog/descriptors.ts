// What the rooms know of relations, functions, operators and so on: frozen snapshots of catalog rows, resolved once and
// cached per worker until the catalog version moves.
import type { RelationFile, RowLayout } from '../storage/api.js';

export interface RelationDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  readonly schemaName: string;
  readonly owner: number;
  /** r table, i index, S sequence, v view, m materialized view, c composite type, t TOAST, f foreign, p partitioned, I. */
  readonly kind: string;
  /** p permanent, u unlogged, t temporary. */
  readonly persistence: 'p' | 'u' | 't';
  readonly rowType: number;
  readonly accessMethod: number;
  readonly file: RelationFile;
  readonly layout: RowLayout;
  readonly isShared: boolean;
  readonly hasIndexes: boolean;
  readonly replicaIdentity: string;
  readonly options: readonly string[];
  readonly acl: string | null;
  readonly ofType: number;
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  readonly isPopulated: boolean;
  readonly isPartition: boolean;
  /** Planner estimates from pg_class: -1 rows before the first ANALYZE. */
  readonly rowEstimate: number;
  readonly pageEstimate: number;
  /** All attributes by number, dropped ones included: attribute n at index n - 1. */
  readonly attributes: readonly AttributeDescriptor[];
  readonly indexes: readonly IndexDescriptor[];
  readonly constraints: readonly ConstraintDescriptor[];
  /** Foreign keys of other tables that reference this one. */
  readonly referencedBy: readonly ConstraintDescriptor[];
  /** In name order, those of foreign keys included. */
  readonly triggers: readonly TriggerDescriptor[];
  readonly hasRules: boolean;
  /** Inheritance children exist (pg_class.relhassubclass). */
  readonly hasSubclass: boolean;
}

/** What pg_class alone says of a relation: enough to name, lock and describe it. */
export type RelationHead = Pick<
  RelationDescriptor,
  'oid' | 'name' | 'schema' | 'schemaName' | 'owner' | 'kind' | 'accessMethod' | 'options' | 'acl' | 'hasSubclass'
>;

export interface AttributeDescriptor {
  readonly number: number;
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** pg_attrdef.adbin: default or generation expression, a bound tree as JSON; null where there is none. */
  readonly defaultExpr: string | null;
  readonly identity: '' | 'a' | 'd';
  readonly generated: '' | 's';
  readonly isDropped: boolean;
  readonly statisticsTarget: number;
  readonly storage: string;
  readonly compression: string;
  readonly acl: string | null;
}

export interface IndexDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly table: number;
  readonly file: RelationFile;
  readonly accessMethod: string;
  readonly isUnique: boolean;
  readonly isPrimary: boolean;
  readonly isExclusion: boolean;
  /** Checked at once, not at the end of the statement or transaction. */
  readonly isImmediate: boolean;
  readonly isValid: boolean;
  readonly isReady: boolean;
  readonly isReplicaIdentity: boolean;
  readonly isClustered: boolean;
  readonly nullsNotDistinct: boolean;
  readonly keys: readonly IndexKey[];
  /** Attribute numbers of INCLUDE columns. */
  readonly includes: readonly number[];
  /** Bound trees as JSON: expressions in order of keys with attribute 0; partial index predicate (implicit AND list). */
  readonly expressions: string | null;
  readonly predicate: string | null;
  /** pg_constraint row that owns it, 0 where none does. */
  readonly constraint: number;
}
export interface IndexKey {
  /** 0: an expression. */
  readonly attribute: number;
  readonly type: number;
  readonly collation: number;
  readonly opclass: number;
  readonly opfamily: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface ConstraintDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  /** c check, f foreign key, n not null, p primary key, u unique, t trigger, x exclusion. */
  readonly kind: string;
  readonly relation: number;
  /** Domain it belongs to, else 0. */
  readonly domain: number;
  readonly index: number;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly validated: boolean;
  readonly isLocal: boolean;
  readonly noInherit: boolean;
  readonly keys: readonly number[];
  readonly foreignRelation: number;
  readonly foreignKeys: readonly number[];
  /** a no action, r restrict, c cascade, n set null, d set default. */
  readonly onUpdate: string;
  readonly onDelete: string;
  /** f full, s simple. */
  readonly match: string;
  /** ON DELETE SET NULL (columns). */
  readonly deleteSetColumns: readonly number[];
  /** Equality operators: primary = foreign, primary = primary, foreign = foreign. */
  readonly equalityOperators: readonly number[];
  /** Check expression, a bound tree as JSON. */
  readonly expression: string | null;
}

export interface TriggerDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly function: number;
  /** pg_trigger.tgtype bits. */
  readonly type: number;
  readonly enabled: string;
  readonly isInternal: boolean;
  readonly args: readonly string[];
  readonly columns: readonly number[];
  readonly when: string | null;
  /** pg_constraint row: of a constraint trigger, or the foreign key that it stands for; else 0. */
  readonly constraint: number;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  /** Names of its transition tables. */
  readonly oldTable: string | null;
  readonly newTable: string | null;
}

export interface FunctionDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  readonly owner: number;
  /** f function, p procedure, a aggregate, w window. */
  readonly kind: 'f' | 'p' | 'a' | 'w';
  readonly language: 'internal' | 'c' | 'sql' | string;
  /** Symbol in the registry for internal ones. */
  readonly source: string;
  /** prosqlbody as JSON, null without one. */
  readonly sqlBody: string | null;
  readonly isStrict: boolean;
  readonly returnsSet: boolean;
  readonly volatility: 'i' | 's' | 'v';
  readonly isLeakproof: boolean;
  readonly securityDefiner: boolean;
  /** Privileges as in pg_proc; null: everybody may execute it. */
  readonly acl: string | null;
  readonly cost: number;
  readonly rows: number;
  /** Input arguments only. */
  readonly argTypes: readonly number[];
  readonly argDefaultCount: number;
  /** Bound expressions as a JSON list, for the last argDefaultCount arguments; null without any. */
  readonly argDefaults: string | null;
  /** Element type of a VARIADIC last argument, else 0. */
  readonly variadic: number;
  readonly returnType: number;
  /** All arguments incl. OUT and TABLE, null where there are only IN ones; modes i o b v t. */
  readonly allArgTypes: readonly number[] | null;
  readonly argModes: readonly string[] | null;
  readonly argNames: readonly string[] | null;
  readonly config: readonly string[];
  readonly supportFunction: number;
}

export interface AggregateDescriptor {
  readonly function: number;
  readonly kind: 'n' | 'o' | 'h';
  readonly directArgCount: number;
  readonly transitionFunction: number;
  readonly finalFunction: number;
  readonly combineFunction: number;
  /** Moving-aggregate forms for window frames; 0 where there are none. */
  readonly movingTransitionFunction: number;
  readonly movingInverseFunction: number;
  readonly movingFinalFunction: number;
  readonly finalExtraArgs: boolean;
  readonly movingFinalExtraArgs: boolean;
  readonly finalModify: string;
  readonly sortOperator: number;
  readonly transitionType: number;
  readonly movingTransitionType: number;
  readonly initialValue: string | null;
  readonly movingInitialValue: string | null;
}

export interface OperatorDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  readonly owner: number;
  readonly kind: 'b' | 'l';
  readonly left: number;
  readonly right: number;
  readonly result: number;
  readonly commutator: number;
  readonly negator: number;
  readonly function: number;
  readonly restrictEstimator: string;
  readonly joinEstimator: string;
  readonly canMerge: boolean;
  readonly canHash: boolean;
}

export interface CastDescriptor {
  readonly source: number;
  readonly target: number;
  /** 0: binary coercible or by I/O. */
  readonly function: number;
  /** i implicit, a assignment, e explicit. */
  readonly context: 'i' | 'a' | 'e';
  /** f function, b binary, i in/out. */
  readonly method: 'f' | 'b' | 'i';
}

/** An operator's place in a B-tree or hash family. */
export interface OperatorFamilyMember {
  readonly family: number;
  readonly accessMethod: string;
  /** B-tree: 1 <, 2 <=, 3 =, 4 >=, 5 >; hash: 1 =. */
  readonly strategy: number;
  readonly left: number;
  readonly right: number;
  readonly operator: number;
}

export interface OpclassDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  readonly accessMethod: string;
  readonly family: number;
  readonly inputType: number;
  readonly keyType: number;
  readonly isDefault: boolean;
}

export interface CollationDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  /** b builtin, c libc, d default, i ICU. */
  readonly provider: string;
  readonly deterministic: boolean;
  readonly encoding: number;
  readonly collate: string | null;
  readonly ctype: string | null;
  readonly locale: string | null;
  readonly icuRules: string | null;
}

export interface NamespaceDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly owner: number;
  readonly acl: string | null;
}

/** pg_statistic of one column, as the planner reads it. */
export interface ColumnStatistics {
  readonly nullFraction: number;
  readonly averageWidth: number;
  /** Positive: number of distinct values; negative: minus the fraction of the rows. */
  readonly distinct: number;
  readonly mostCommonValues: readonly unknown[];
  readonly mostCommonFrequencies: readonly number[];
  readonly histogramBounds: readonly unknown[];
  readonly correlation: number;
}
