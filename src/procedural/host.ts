// What PL/pgSQL asks of the session: SQL text parsed, bound with a function's variables and run, types, casts, cursors,
// subtransactions. The session room fills it; nothing here knows how.
import type { Awaitable } from '../base/awaitable.js';
import type { Catalog } from '../catalog/api.js';
import type { Notice, PgError } from '../errors/pg-error.js';
import type { IoContext } from '../types/io-context.js';
import type { Row, Value } from '../types/value.js';
import type { SqlText, TypeUse, VariableConflict } from './tree.js';

/** A variable as an SQL text refers to it: parameter `number` + 1 of the text. */
export interface VariableUse {
  readonly number: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}

/** Names that stand for variables in one SQL text. */
export interface VariableNames {
  readonly conflict: VariableConflict;
  /** What `a`, `a.b`, `a.b.c` stands for; null: no variable. `required`: the caller has nothing else that it could be.
   *  Throws 42703 where a record has no such field, 55000 where it is not assigned yet. */
  find(names: readonly string[], required: boolean): VariableUse | null;
  /** $n: the function's argument. */
  argument(number: number): VariableUse | null;
  /** Variable that an assignment writes; its current value is what subscripts and fields are set in. */
  readonly target: (VariableUse & { readonly name: string }) | null;
}

/** Columns that a statement returns. */
export interface Column {
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
}

/** A frame of a running function as SQL texts see it. */
export interface Frame {
  /** Values by variable number. */
  readonly values: Value[];
  /** The function is STABLE or IMMUTABLE: its statements read what its caller reads and may not write. */
  readonly isReadOnly: boolean;
  /** Run state that the host keeps for the frame. */
  hostState: unknown;
}

/** An SQL text that was parsed, bound and planned. */
export interface Prepared {
  /** False once the catalogs or the search_path moved: it must be prepared anew. */
  isCurrent(): boolean;
  /** Variables that it refers to. */
  readonly uses: readonly VariableUse[];
  /** Result columns; null where it returns no rows. */
  readonly columns: readonly Column[] | null;
  /** The parse tree's tag: SelectStmt, InsertStmt, ...; '' for an empty text. */
  readonly tag: string;
  /** As PostgreSQL's messages name the command: SELECT INTO, CREATE TABLE, ... */
  readonly command: string;
  /** Set for INSERT, UPDATE, DELETE and MERGE. */
  readonly modifies: boolean;
  /** Evaluates an expression that needs no query to be run; null where it is none. */
  readonly evaluate: ((frame: Frame) => Awaitable<Value>) | null;
  /** `evaluate` calls what may look at or change more than its arguments. */
  readonly isMutable: boolean;
  /** CALL: its output arguments and the variables that stand there; null where no variable does. */
  readonly outputs?: readonly { readonly name: string; readonly variable: number | null }[];
  open(frame: Frame, options?: OpenOptions): Awaitable<RunningSql>;
}

export interface OpenOptions {
  /** A loop reads it: a COMMIT in the loop leaves it open. */
  readonly isLoop?: boolean;
  /** CALL and DO: they may end the transaction where the function may. */
  readonly mayEndTransaction?: boolean;
}

/** A running SQL statement. */
export interface RunningSql {
  readonly columns: readonly Column[];
  /** Up to `rowCountMax` rows; null at the end. */
  next(rowCountMax: number): Awaitable<readonly Row[] | null>;
  close(): Awaitable<void>;
  /** Rows that were processed, once the end is reached. */
  readonly processed: number;
}

export type Cast = (value: Value) => Awaitable<Value>;

/** A subtransaction that a block with exception handlers runs in. */
export interface Subtransaction {
  release(): void;
  rollback(): void;
}

/** A cursor, known to the session by its name. */
export interface Cursor {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Rows in a direction; `count` may be Infinity; count 0 re-reads the current row. */
  fetch(
    direction: 'forward' | 'backward' | 'absolute' | 'relative',
    count: number,
  ): Promise<{ readonly rows: readonly Row[]; readonly count: number }>;
}

/** Opening a cursor: the query and what it is to be called. */
export interface CursorRequest {
  /** '' or null: the session makes a name up. */
  readonly name: string | null;
  readonly scroll: boolean | null;
  /** Made up for a loop: the function closes it, and it survives a COMMIT in the loop. */
  readonly isPinned?: boolean;
}

export interface Host {
  readonly catalog: Catalog;
  readonly io: IoContext;
  setting(name: string): string | null;
  notice(notice: Notice): void;
  checkInterrupts(): void;
  /** Counts bytes that a frame holds until its call ends. Throws 53200. */
  charge(frame: Frame, bytes: number): void;
  /** Lets others run where the time slice is over. */
  yieldToEventLoop(): Promise<void> | undefined;
  /** Parses an SQL text; throws 42601 with the position in `text`. */
  checkSyntax(sql: SqlText): void;
  /** Reads a type's name as written. Throws 42704 with the position in `text`. */
  resolveType(text: string): TypeUse;
  /** Binds and plans an SQL text of a function. `columns` may be any number. */
  prepare(sql: SqlText, names: VariableNames, frame: Frame): Prepared;
  /** Binds and plans the text of EXECUTE, whose $n are values of these types. */
  prepareDynamic(text: string, parameterTypes: readonly number[], frame: Frame): PreparedDynamic;
  /** How a value gets into a variable of another type, as an assignment; null where it can be taken as it is. */
  castTypes(fromType: number, fromTypmod: number, toType: number, toTypmod: number): Cast | null;
  beginSubtransaction(): Subtransaction;
  /** Within a block with exception handlers, in this function or one that called it. */
  inSubtransaction(): boolean;
  endTransaction(commit: boolean, chain: boolean): Promise<void>;
  openCursor(request: CursorRequest, run: CursorSource): Promise<Cursor>;
  /** A cursor by name; throws 34000. */
  cursor(name: string): Cursor;
  hasCursor(name: string): boolean;
  closeCursor(name: string): Promise<void>;
  /** plpgsql.extra_errors and plpgsql.extra_warnings: what is asked for of a check. */
  extraCheck(check: string): 'error' | 'warning' | null;
  /** Counts what may have moved the catalogs or settings under prepared expressions: while it stands still, they are
   *  as current as when last looked at. */
  readonly clock: { now: number };
  /** Runs a piece of SQL: errors that come out of it are told where they came from, messages too. */
  within<T>(sql: Pick<SqlText, 'text' | 'use'>, action: () => Awaitable<T>): Awaitable<T>;
  /** A function begins: its line is part of what messages tell of their context until the returned call. */
  pushContext(line: ContextLine): () => void;
  /** Lines of the CONTEXT that a message would get now; without the innermost function's own. */
  context(): string;
  outerContext(): string;
  /** What was thrown, as the error that a handler may catch; null for what must not be caught. */
  asError(thrown: unknown): PgError | null;
}

/** What a cursor is opened on. */
export interface CursorSource {
  readonly text: string;
  readonly prepared: Prepared | PreparedDynamic;
  readonly frame: Frame;
  readonly parameters: readonly { readonly type: number; readonly value: Value }[];
}

/** A text of EXECUTE: none, one or several statements. */
export interface PreparedDynamic {
  readonly statements: readonly DynamicStatement[];
}

export interface DynamicStatement {
  readonly tag: string;
  readonly command: string;
  readonly columns: readonly Column[] | null;
  readonly modifies: boolean;
  readonly hasInto: boolean;
  open(
    frame: Frame,
    parameters: readonly { readonly type: number; readonly value: Value }[],
    options?: OpenOptions,
  ): Awaitable<RunningSql>;
}

/** Where an error or a message came from: made into a line of CONTEXT when it passes. */
export interface ContextLine {
  line(): string;
}
