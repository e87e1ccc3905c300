// What the rooms above see of the store; `store.ts` implements it over the addon. Reads are synchronous (memory-mapped
// base, memtables, overlay); only commit waits. A rowid is a positive integer below 2^53, unique within its relation's
// file and never reused; it survives updates. It says where PostgreSQL's heap would have put the row (ctid.ts), so the
// next one need not be higher.
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { Row, Value } from '../types/value.js';
import type { PipelineProgram } from './pipeline-program.js';

export type RowId = number;

/** Where a relation's rows or index entries live. Shared catalogs: database 0. Temporary ones: the session's own store. */
export interface RelationFile {
  readonly database: number;
  readonly filenode: number;
  /** Session (backend id) that owns a temporary relation; 0 for permanent ones. */
  readonly temporaryOwner: number;
}

/** Physical layout of a table's rows: one entry for each attribute number, dropped ones included (their values are
 *  null). Rows written before a column was added are shorter: `missing` is what they read as. */
export interface RowLayout {
  readonly attributes: readonly LayoutAttribute[];
  /** Storage parameters that decide how many rows a page takes; left out: 100 and 2032. */
  readonly fillFactor?: number;
  readonly toastTupleTarget?: number;
}
export interface LayoutAttribute {
  /** null for a dropped attribute. */
  readonly type: TypeDescriptor | null;
  readonly missing: Value;
  /** pg_attribute.attalign and attstorage; left out for columns of catalogs: the type's. Where they are there, rows that no
   *  page could hold are refused (54000). */
  readonly align?: string;
  readonly storage?: string;
}

/** How a statement's new rows are placed, where that differs from one row after the other. */
export interface RowPlacement {
  /** They are one batch of COPY: the file grows by all that it needs. */
  readonly isBatch?: boolean;
  /** The table is new in this transaction: gaps on its earlier pages are left alone. */
  readonly isNewTable?: boolean;
  /** Number (`Store.bulkStatement`) of a statement that only loads rows (COPY, CREATE TABLE AS, rewrites): the file grows
   *  ahead of it. */
  readonly statement?: number;
}

/** A committed state of the whole store. Holding one pins old pages: release it. */
export interface Snapshot {
  /** Number of the last commit it contains; grows with every commit. */
  readonly sequence: number;
  release(): void;
}

/** What a statement reads: a snapshot, and of its own transaction's writes those of commands before `command`. */
export interface ReadView {
  readonly snapshot: Snapshot;
  readonly transaction: StoreTransaction | null;
  readonly command: number;
}

/** A transaction's private writes: nothing is visible to others before `commit` resolves. */
export interface StoreTransaction {
  /** 64-bit transaction id, assigned at the first call (by the first write). */
  xid(): bigint;
  /** The id that its writes carry now, their xmin: within a savepoint that of the subtransaction, which has one from its
   *  first write on. */
  currentXid(): bigint;
  /** The id if one was assigned. */
  readonly assignedXid: bigint | null;
  /** True where the transaction itself, or a subtransaction, wrote the version with this stamp. */
  isOwn(stamp: bigint): boolean;
  /** The stamp of what a command of the transaction, which has written, writes now. */
  stamp(command: number): bigint;
  readonly hasWrites: boolean;
  /** A sequence was used: the commit waits until no crash makes its values come again. */
  readonly usesSequences: boolean;
  noteSequence(): void;
  /** Notes that the transaction made this file, at this depth of savepoints: nobody else sees it yet. */
  noteNewFile(filenode: number, depth: number): void;
  /** The depth at which this transaction made the file; null where it did not. */
  newFileDepth(filenode: number): number | null;
  isNewFile(filenode: number): boolean;
  /** Marks a point to which `rollbackTo` can return; savepoints nest. Returns its depth. */
  savepoint(): number;
  rollbackTo(depth: number): void;
  release(depth: number): void;
  /** Durable (unless `synchronous` is false) and visible when it resolves; resolves to the commit's LSN.
   *  Rejects with 53100 or 58030 where the log can't be written: then nothing was committed. */
  commit(options: CommitOptions): Promise<bigint>;
  /** PREPARE TRANSACTION: durable when it resolves, and the locks of `lockOwner` are no longer the session's. False where
   *  the session itself holds one of its locks, too: then nothing was done. Rejects as commit does, or with 42710. */
  prepare(request: PrepareRequest): Promise<boolean>;
  /** What the addon's point path must know to go on with it; null where it made files or used sequences, which it alone knows of. */
  lend?(): BegunTransaction | null;
  /** Ends it where it has written nothing: its id, if it has one, counts as committed. */
  end(): void;
  rollback(): void;
}

export interface PrepareRequest {
  readonly gid: string;
  readonly owner: number;
  readonly database: number;
  /** Microseconds since 2000-01-01 UTC. */
  readonly preparedAt: bigint;
  /** The session's place in the lock table, and the one that it goes on with. */
  readonly lockOwner: number;
  readonly lockSuccessor: number;
}

export interface CommitOptions {
  readonly synchronous: boolean;
  /** Number of the staged batch of notifications that is published with the commit; 0 or left out: none. */
  readonly notifications?: number;
}

export interface StoredRow {
  readonly rowid: RowId;
  /** Who wrote this version, by which command: see row-stamp.ts. Versions with equal stamps are the same. */
  readonly stamp: bigint;
  /** Attribute n at index n - 1; attributes that were not asked for are null. */
  readonly values: Row;
}

/** One table's rows. All writes go to the transaction's overlay, tagged with the command that made them. */
export interface TableStore {
  insert(txn: StoreTransaction, command: number, values: Row): RowId;
  /** Many rows at once; returns their rowids, in the same order. */
  insertMany(txn: StoreTransaction, command: number, rows: readonly Row[], placement?: RowPlacement): ArrayLike<RowId>;
  /** `wasLocked`: its stamp says that the transaction had the row locked. */
  update(txn: StoreTransaction, command: number, rowid: RowId, values: Row, wasLocked?: boolean): void;
  delete(txn: StoreTransaction, command: number, rowid: RowId): void;
  /** `attributes`: numbers to decode (1-based), null for all. */
  get(view: ReadView, rowid: RowId, attributes: readonly number[] | null): StoredRow | null;
  getMany(view: ReadView, rowids: readonly RowId[], attributes: readonly number[] | null): (StoredRow | null)[];
  /** In rowid order. `from`/`to` bound the rowids, inclusive. */
  scan(view: ReadView, options: TableScanOptions): TableCursor;
  /** COPY's fast way in; null where a column's type has none. Attributes that are not named become null. */
  copyLoader?(columns: readonly CopyColumn[], format: CopyLineFormat): CopyLoader | null;
}

/** A column that COPY fills, in the order of the fields. */
export interface CopyColumn {
  /** Attribute number (1-based). */
  readonly attribute: number;
  readonly type: TypeDescriptor;
  readonly typmod: number;
  readonly notNull: boolean;
}
/** How COPY's lines are written, in UTF-8: bytes of the delimiter and of CSV's quote (which is its escape too); a null
 *  quote is the text format. */
export interface CopyLineFormat {
  readonly delimiter: number;
  readonly quote: number | null;
  readonly nullText: string;
}
export interface CopyLoader {
  /** Inserts the rows of whole lines (each with its newline) up to the first that is not in plain spelling; the caller
   *  reads on from there. Rows go in batches, so the last ones may wait here. Throws nothing that is about the data. */
  take(
    txn: StoreTransaction,
    command: number,
    lines: Buffer,
    placement: RowPlacement,
  ): { readonly byteCount: number; readonly rowCount: number };
  /** Inserts the rows that still wait for their batch to be complete. */
  flush(txn: StoreTransaction, command: number, placement: RowPlacement): void;
  close(): void;
}

export interface TableScanOptions {
  readonly attributes: readonly number[] | null;
  readonly direction: 'forward' | 'backward';
  readonly from?: RowId;
  readonly to?: RowId;
}
export interface TableCursor {
  /** Up to `rowCountMax` further rows; an empty batch is the end. */
  next(rowCountMax: number): TableBatch;
  close(): void;
}
export interface TableBatch {
  readonly rowCount: number;
  readonly rowids: readonly RowId[];
  readonly stamps: readonly bigint[];
  readonly rows: Row[];
}

/** One index's entries: (key bytes, rowid) -> payload, in memcmp order of the key, then by rowid. */
export interface IndexStore {
  insert(txn: StoreTransaction, command: number, key: Buffer, rowid: RowId, payload: Buffer | null): void;
  delete(txn: StoreTransaction, command: number, key: Buffer, rowid: RowId): void;
  scan(view: ReadView, range: KeyRange, direction: 'forward' | 'backward'): IndexCursor;
  /** Rowids of the entries with exactly this key. */
  lookup(view: ReadView, key: Buffer): RowId[];
  /** Begins to fill an index that has no entries yet. */
  build(txn: StoreTransaction, command: number, options: IndexBuildOptions): IndexBuilder;
}
export interface IndexBuildOptions {
  readonly isUnique: boolean;
  /** Keys with nulls are never duplicates. */
  readonly nullsDistinct: boolean;
}
/** An index under construction: entries come in any order, from rows or as keys, and are its own from `finish` on. */
export interface IndexBuilder {
  /** Reads the table's rows, whose keys the store makes; `takeRows` then goes through them. */
  scan(view: ReadView, table: RelationFile, columns: readonly KeyOfRow[]): void;
  /** Adds the entries of the next rows; how many there were, fewer than asked for at the end. */
  takeRows(rowCountMax: number): number;
  add(key: Buffer, rowid: RowId, hasNull: boolean): void;
  /** The rowid of a row whose unique key another has, too: then the index is not whole, and the statement must fail. */
  finish(): RowId | null;
  /** Gives up what was not finished. */
  close(): void;
}
/** A plain column of a key that the store makes from stored rows; `kind` is `nativeKeyKind`'s. */
export interface KeyOfRow {
  /** Attribute number (1-based). */
  readonly attribute: number;
  readonly kind: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
/** Bounds are key prefixes: null is unbounded; an inclusive upper bound includes every key that starts with it. */
export interface KeyRange {
  readonly lower: Buffer | null;
  readonly lowerInclusive: boolean;
  readonly upper: Buffer | null;
  readonly upperInclusive: boolean;
}
export interface IndexCursor {
  next(entryCountMax: number): IndexBatch;
  close(): void;
}
export interface IndexBatch {
  readonly rowids: readonly RowId[];
  /** Stored payloads (null where the index has none): values for index-only scans. */
  readonly payloads: readonly (Buffer | null)[];
}

/** Single rows by whole keys of a unique index, index entry and row in one call. */
export interface PointStore {
  /** The newest committed row under the key, null where there is none. Undefined where a stronger lock on the table is
   *  held or waited for, or the catalogs are no longer at this version: the statement must take the general path. */
  newest(catalogVersion: number, key: Uint8Array): Row | null | undefined;
  /** The newest version of the row under the key: committed, or written by the transaction before `command`. */
  newestIn(transaction: StoreTransaction, command: number, key: Uint8Array): Row | null;
  get(view: ReadView, key: Uint8Array): StoredRow | null;
}
export interface PointFiles {
  readonly index: RelationFile;
  readonly table: RelationFile;
  /** The table's oid: whose locks `newest` minds. */
  readonly relation: number;
}

/** A sequence's shared state. Values returned are never rolled back; after a crash none is returned twice. */
export interface SequenceStore {
  create(txn: StoreTransaction, file: RelationFile, definition: SequenceDefinition): void;
  /** Next `count` values at once (CACHE): [first, last]. Throws 2200H at the limit. */
  next(
    file: RelationFile,
    definition: SequenceDefinition,
    name: string,
  ): { readonly first: bigint; readonly last: bigint };
  set(file: RelationFile, value: bigint, isCalled: boolean): void;
  read(file: RelationFile): { readonly lastValue: bigint; readonly isCalled: boolean; readonly logCount: bigint };
}
export interface SequenceDefinition {
  readonly start: bigint;
  readonly increment: bigint;
  readonly min: bigint;
  readonly max: bigint;
  readonly cache: bigint;
  readonly cycle: boolean;
}

/** Whose serializable transaction it is; `backend` is the session's small number. */
export interface SerializableSession {
  readonly processId: number;
  readonly backend: number;
  readonly readOnly: boolean;
}
/** How much is remembered of what serializable transactions read (max_pred_locks_per_*). */
export interface SerializableLimits {
  readonly perTransaction: number;
  readonly perRelation: number;
  readonly perPage: number;
  /** max_connections and max_prepared_transactions together. */
  readonly transactionCount: number;
}
/** One read lock: of a row, of a page (of an index: one of the key ranges read, counted from 1), of a whole relation. */
export interface ReadLock {
  readonly database: number;
  readonly filenode: number;
  readonly page: number | null;
  readonly line: number | null;
  readonly processId: number;
  readonly backend: number;
}
/** Serializable snapshot isolation. Whatever is read in its snapshots and written by their transactions throws 40001 where
 *  it can't be serialized; so does the commit. */
export interface SerializableStore {
  configure(limits: SerializableLimits): void;
  /** The transaction's snapshot: from here on it is tracked, unless it is read-only and needs no tracking. */
  takeSnapshot(txn: StoreTransaction, session: SerializableSession): Snapshot;
  /** Takes over the snapshot exported under the name, as `takeSnapshot`. */
  importSnapshot(
    name: string,
    txn: StoreTransaction,
    session: SerializableSession,
  ): Snapshot | 'absent' | 'notSerializable' | 'readOnly';
  /** The newest state, for what constraints read: that is tracked, too. */
  takeConstraintSnapshot(txn: StoreTransaction): Snapshot;
  /** Commits a transaction that wrote nothing, which is over then, whatever comes of it. Throws 40001. */
  commitReads(txn: StoreTransaction): void;
  /** Whether a read-only transaction's snapshot is safe from anomalies; null as long as that is not known. */
  isSafe(txn: StoreTransaction): boolean | null;
  /** A ticket that the worker's lock table settles once `isSafe` has an answer. */
  awaitSafe(txn: StoreTransaction, worker: number): number;
  stopWaiting(txn: StoreTransaction): void;
  /** A unique index has the key already. Throws 40001 where that is due to what the transaction has read before. */
  keyFound(txn: StoreTransaction, index: RelationFile, key: Buffer): void;
  /** Another file takes a relation's place, or a table's the place of an index that goes: readers of the old one count as
   *  readers of all of the other. */
  fileReplaced(old: RelationFile, current: RelationFile): void;
}

/** What is known of a transaction that was begun elsewhere. */
export interface BegunTransaction {
  readonly number: number;
  readonly xid?: bigint;
  readonly hasWritten: boolean;
}

export type XidStatus = 'aborted' | 'committed' | 'in progress' | 'future';

export interface PipelineOptions {
  /** The rowid at which it begins; left out: all rows. */
  readonly from?: RowId;
  /** Threads at most. */
  readonly threadCount: number;
  /** What the groups of each thread may take up. */
  readonly memoryBytes: number;
  /** Types of the answer's columns: keys, then aggregates. */
  readonly resultTypes: readonly TypeDescriptor[];
  readonly types: TypeLookup;
}

export interface PipelineRun {
  /** Resolves when it has come to an end, whichever; never rejects. */
  readonly ended: Promise<void>;
  /** Once, after `ended`. Null where a value turned up that the kernels leave to the executor's nodes. Throws XX001. */
  answer(): PipelineAnswer | null;
  /** Ends it, if it still runs, and forgets its answer. */
  close(): void;
}

export interface PipelineAnswer {
  readonly rowCount: number;
  /** Rows of the table, and those among them that passed the filter. */
  readonly readCount: number;
  readonly passedCount: number;
  readonly threadCount: number;
  /** Its rows, so many at a time. */
  batches(rowCountMax: number): Iterable<Row[]>;
}

export interface Store {
  readonly serializable?: SerializableStore;
  begin(sessionId: number): StoreTransaction;
  /** Goes on with a transaction that the addon's point path began, under its number there. */
  adopt?(sessionId: number, begun: BegunTransaction): StoreTransaction;
  takeSnapshot(): Snapshot;
  /** Lets other transactions, on any worker, read what this snapshot reads, under the name, until it is withdrawn. */
  exportSnapshot?(
    snapshot: Snapshot,
    name: string,
    by: { readonly serializable: boolean; readonly readOnly: boolean },
  ): void;
  withdrawSnapshot?(name: string): void;
  /** A snapshot that reads what the exported one reads; null where no such name is exported. */
  importSnapshot?(name: string): Snapshot | null;
  /** The id that the next transaction gets. */
  nextXid(): bigint;
  xidStatus(xid: bigint): XidStatus;
  /** What a snapshot of that sequence does not see: all ids from `next` on, and those in progress, ascending. */
  unseenXids(sequence: number): { readonly next: bigint; readonly inProgress: readonly bigint[] };
  /** Number of the newest visible commit, read without a call where the store maps it: tells whether a new snapshot
   *  would differ from an old one. */
  visibleSequence?(): number;
  table(file: RelationFile, layout: RowLayout, types: TypeLookup): TableStore;
  index(file: RelationFile): IndexStore;
  /** For a unique index of a permanent table; `attributes` as in `TableStore.get`. */
  point?(files: PointFiles, layout: RowLayout, attributes: readonly number[] | null, types: TypeLookup): PointStore;
  /** Starts a pipeline over a table on the store's own threads; null where it is not for them: an expression that the
   *  kernels don't know, a temporary table, one that the transaction itself has written to. */
  pipeline?(view: ReadView, file: RelationFile, program: PipelineProgram, options: PipelineOptions): PipelineRun | null;
  readonly sequences: SequenceStore;
  /** A fresh oid / relfilenode, durable before it is handed out. */
  nextOid(): number;
  /** Word bumped by each commit that changed a catalog: cached descriptors and plans of another version are stale. */
  catalogVersion(): number;
  /** Makes the transaction's commit bump the catalog version. */
  markCatalogChanged(txn: StoreTransaction): void;
  /** At commit, the file's rows are no longer reachable and are removed in the background. A temporary file's rows are
   *  deleted by `command` (0 where left out): views of earlier commands still see them. */
  dropFile(txn: StoreTransaction, file: RelationFile, command?: number): void;
  /** CREATE DATABASE: copies every file of one database into another, in the transaction's commit. */
  copyDatabase(txn: StoreTransaction, from: number, to: number): Promise<void>;
  dropDatabase(txn: StoreTransaction, database: number): void;
  /** Entries and bytes of a file: exact for small ones, estimated from the base for large ones. */
  size(file: RelationFile): { readonly entries: number; readonly bytes: number };
  databaseSize(database: number): number;
  /** A number for a statement that only loads rows, unlike those of the thread's others. */
  bulkStatement(): number;
  /** Pages of 8 KiB that PostgreSQL's heap would have for the rows put into a table's file. */
  pages(file: RelationFile): number;
  /** The table's definition has changed: the page of its next row is looked for anew. */
  tableChanged(file: RelationFile): void;
  /** VACUUM has seen the table: new rows may fill gaps on any of its pages; `truncate`: empty pages at its end may go. */
  vacuumed(file: RelationFile, truncate: boolean): void;
  /** Lets go of the memory that reading a large file here and there has taken; what is needed again is read again. */
  releaseFile?(file: RelationFile): void;
  /** Every permanent file that has rows or entries, with their number: reads the whole store. */
  files?(): readonly { readonly database: number; readonly filenode: number; readonly keys: number }[];
  /** Drops a session's temporary store. */
  endSession(sessionId: number): void;
  /** Current position of the redo log (pg_current_wal_lsn). */
  currentLsn(): bigint;
  /** Flushes memtables into the base and syncs (CHECKPOINT). */
  checkpoint(): Promise<void>;
}
