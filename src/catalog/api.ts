// What the rooms ask of the catalogs; `catalog.ts` implements it. All lookups are synchronous, see the session's own
// uncommitted DDL, and answer from the worker's cache where the catalog version allows. Plain lookups return null for
// "there is none"; those named require* throw PostgreSQL's error for it.
import type { IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Transaction } from '../transaction/api.js';
import type { AccessControl } from './access.js';
import type { CatalogName, CatalogRow } from './generated/rows.js';
import type { RoleLookups } from './lookups/roles.js';
import type { Names } from './names.js';
import type { Visibility } from './visibility.js';
import type {
  AggregateDescriptor,
  CastDescriptor,
  CollationDescriptor,
  ColumnStatistics,
  ConstraintDescriptor,
  FunctionDescriptor,
  NamespaceDescriptor,
  OpclassDescriptor,
  OperatorDescriptor,
  OperatorFamilyMember,
  RelationDescriptor,
  RelationHead,
} from './descriptors.js';

/** One session's view of its database's catalogs (a thin object over the worker's shared cache). */
export interface Catalog {
  readonly database: number;
  readonly databaseName: string;
  /** Version of the committed catalogs it answers from; plans remember it. */
  version(): number;

  relation(oid: number): RelationDescriptor | null;
  requireRelation(oid: number): RelationDescriptor;
  /** The relation without what other catalogs say of it: much cheaper where the descriptor is not loaded yet. */
  relationHead(oid: number): RelationHead | null;
  requireRelationHead(oid: number): RelationHead;
  /** Names of a relation's attributes by number - 1; null where the attribute is dropped. */
  attributeNames(oid: number): readonly (string | null)[];
  /** Finds a name along search_path (`schema` null) or in one schema. Includes indexes, sequences, views, types' rows. */
  findRelation(schema: string | null, name: string): RelationDescriptor | null;
  /** Throws 42P01 / 3F000 / 0A000 (other database); `location` goes into the error. */
  resolveRelation(name: QualifiedName, location?: number): RelationDescriptor;
  resolveRelationHead(name: QualifiedName, location?: number): RelationHead;

  typeByOid(oid: number): TypeDescriptor;
  findTypeByOid(oid: number): TypeDescriptor | null;
  findType(schema: string | null, name: string): TypeDescriptor | null;

  namespace(oid: number): NamespaceDescriptor | null;
  findNamespace(name: string): NamespaceDescriptor | null;
  /** Effective search_path as schema oids, pg_catalog and pg_temp in their implicit places. */
  searchPath(): readonly number[];
  /** The schemas that the setting names, without those that are searched anyway. */
  writtenSearchPath(): readonly number[];
  /** Where new objects go; throws 3F000 "no schema has been selected to create in". */
  creationNamespace(): NamespaceDescriptor;
  /** The session's pg_temp schema, created on first use. */
  temporaryNamespace(create: boolean): Promise<NamespaceDescriptor | null>;
  /** False: the session has made nothing temporary. */
  hasTemporaryNamespace(): boolean;

  function(oid: number): FunctionDescriptor | null;
  requireFunction(oid: number): FunctionDescriptor;
  /** All functions of that name visible along the path (or in the schema), hidden duplicates removed, in path order. */
  functionsNamed(schema: string | null, name: string): readonly FunctionDescriptor[];
  aggregate(functionOid: number): AggregateDescriptor | null;

  operator(oid: number): OperatorDescriptor | null;
  requireOperator(oid: number): OperatorDescriptor;
  operatorsNamed(schema: string | null, name: string, kind: 'b' | 'l'): readonly OperatorDescriptor[];
  /** Families that an operator belongs to. */
  operatorFamilies(operator: number): readonly OperatorFamilyMember[];
  familyOperator(family: number, left: number, right: number, strategy: number): number;
  /** Support function (pg_amproc), 0 where there is none. */
  familyFunction(family: number, left: number, right: number, number: number): number;
  opclass(oid: number): OpclassDescriptor | null;
  findOpclass(accessMethod: string, schema: string | null, name: string): OpclassDescriptor | null;
  /** Default opclass of a type for an access method, through binary coercion and polymorphic ones; null where none. */
  defaultOpclass(type: number, accessMethod: 'btree' | 'hash' | string): OpclassDescriptor | null;

  cast(source: number, target: number): CastDescriptor | null;
  collation(oid: number): CollationDescriptor | null;
  findCollation(schema: string | null, name: string): CollationDescriptor | null;
  constraint(oid: number): ConstraintDescriptor | null;
  domainConstraints(type: number): readonly ConstraintDescriptor[];
  statistics(relation: number, attribute: number): ColumnStatistics | null;
  /** Live row count and size from the store, for the planner: never -1. */
  relationSize(relation: number): { readonly rows: number; readonly pages: number };
  /** Bytes of all files of a database; 0 stands for the shared catalogs. */
  databaseBytes(database: number): number;
  /** A sequence's own state, shared by all sessions. */
  sequenceState(relation: number): {
    readonly lastValue: bigint;
    readonly isCalled: boolean;
    readonly logCount: bigint;
  };
  /** The transaction's id, null where it has none yet; `assign` gives it one. */
  transactionId(assign: boolean): bigint | null;
  /** The next id that no transaction has, the same one for all of a transaction. */
  stableNextTransactionId(): bigint;
  /** What the running statement's snapshot does not see: all ids from `next` on, and those in progress, ascending. */
  snapshotXids(): { readonly next: bigint; readonly inProgress: readonly bigint[] };
  transactionStatus(xid: bigint): 'aborted' | 'committed' | 'in progress' | 'future';
  /** Current position of the redo log. */
  walPosition(): bigint;
  /** A text made of the catalogs and the session's settings alone (a definition), remembered while none of them changes.
   *  `key` says what it describes. */
  rememberedText(key: string, make: () => string | null): string | null;
  /** The view's SELECT as stored (bound tree); null where the relation is no view. */
  viewQuery(relation: number): string | null;
  /** Children by pg_inherits, the relation itself first. */
  inheritors(relation: number): readonly number[];

  /** Rows of the catalog tables themselves, for commands and catalog functions. */
  readonly tables: CatalogTables;
  readonly io: IoContext;

  /** Base type under any number of domains. */
  baseType(oid: number): number;
  /** The value can be taken as the other type as it stands (domains, binary-coercible casts, polymorphic types). */
  isBinaryCoercible(source: number, target: number): boolean;
  accessMethodName(oid: number): string;
  accessMethodOid(name: string): number;
  /** format_type: `typmod` null where none was asked for; `qualify` always writes the schema. */
  formatType(oid: number, typmod?: number | null, qualify?: boolean): string;
  /** Schemas in which an unqualified (null) or qualified name is looked up, in order. */
  lookupPath(schema: string | null): readonly number[];
  lookupPathWithoutTemporary(schema: string | null): readonly number[];
  /** The session's pg_temp schema, 0 while there is none; true for any session's. */
  temporaryOid(): number;
  isTemporary(namespace: number): boolean;
  readonly names: Names;
  readonly roles: RoleLookups;
  readonly access: AccessControl;
  readonly visibility: Visibility;
}

/** [catalog.]schema.name as written. */
export interface QualifiedName {
  readonly catalog: string | null;
  readonly schema: string | null;
  readonly name: string;
}

export interface CatalogEntry<T extends CatalogName> {
  readonly rowid: number;
  readonly row: CatalogRow<T>;
}

/** Typed access to catalog rows under the transaction's latest view. Writes keep the catalog's indexes, lock unique
 *  keys, mark the catalog as changed, and are visible to the session's next lookup. */
export interface CatalogTables {
  /** Rows whose columns equal `key`; uses an index whose leading columns are given, else scans. */
  find<T extends CatalogName>(table: T, key: Partial<CatalogRow<T>>): readonly CatalogEntry<T>[];
  findOne<T extends CatalogName>(table: T, key: Partial<CatalogRow<T>>): CatalogEntry<T> | null;
  insert<T extends CatalogName>(transaction: Transaction, table: T, row: CatalogRow<T>): Promise<void>;
  update<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
    changes: Partial<CatalogRow<T>>,
  ): Promise<CatalogEntry<T>>;
  /** As `update`, of whatever the row has become since `entry` was read: for facts about the relation (counts,
   *  relhasindex) that commands which don't exclude each other note in one row. */
  updateNewest<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
    changes: Partial<CatalogRow<T>>,
  ): Promise<void>;
  /** The row as PostgreSQL's GRANT reads it: where others wait for it, the newest version once they have had it (null: it
   *  is gone) and locked; else `entry`. */
  afterWaiters<T extends CatalogName>(
    transaction: Transaction,
    table: T,
    entry: CatalogEntry<T>,
  ): Promise<CatalogEntry<T> | null>;
  delete<T extends CatalogName>(transaction: Transaction, table: T, entry: CatalogEntry<T>): Promise<void>;
  /** Rows of a catalog are about to be written past this interface, by SQL: what is remembered of them goes. */
  onForeignWrite(transaction: Transaction): void;
  /** A new oid, unused in the catalog's oid column. */
  newOid<T extends CatalogName>(table: T): number;
}
