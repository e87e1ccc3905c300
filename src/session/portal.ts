// A portal: one execution of a statement from which rows are fetched, by Execute, by FETCH, or all at once by a simple
// query. It keeps the rows it delivered where it may be asked for them again (scrollable cursors) and reads ahead no
// further than asked.
import { type Awaitable, chain } from '../base/awaitable.js';
import { batchRowsFirst, batchRowsMax } from '../base/limits.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import { defined } from '../errors/unreachable.js';
import type { ResultColumn } from '../executor/api.js';
import type { CursorRow } from '../executor/cursor-row.js';
import { TupleStore } from '../executor/spill/tuple-store.js';
import type { ParsedStatement } from '../parser/parse.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import type { Row } from '../types/value.js';
import { commandTag } from './command-tag.js';
import type { ParameterValue } from './parameters.js';
import type { PreparedStatement } from './prepared-statement.js';
import { openStatement, planStatement } from './run-statement.js';
import type { OpenStatement } from './run-statement.js';
import { sendRows } from './send-rows.js';
import type { Session } from './session.js';
import { tagOf } from './statement-kind.js';

/** Rows from a running statement: batches of at most `rowCountMax`, null at the end. */
export interface RowSource {
  readonly columns: readonly ResultColumn[];
  next(rowCountMax: number): Awaitable<readonly Row[] | null>;
  close(): void | Promise<void>;
  /** The tag to report once the end is reached; `rowCount` rows were delivered. */
  tag(rowCount: number): string;
  currentRow?(relation: number, position: number): CursorRow;
}

/** The statement's rows as one interface, wherever they come from. Null for commands without rows. */
export function rowSource(open: OpenStatement): RowSource | null {
  if (open.kind === 'query') {
    const { execution, commandType } = open;
    const returnsRows = commandType === 'select' || execution.columns.length > 0;
    return {
      columns: execution.columns,
      next: (rowCountMax) => execution.next(rowCountMax),
      close: () => execution.close(),
      // What returns rows counts those that were fetched.
      tag: (rowCount) => commandTag(commandType, returnsRows ? rowCount : execution.processedRowCount),
      currentRow: (relation, position) => execution.currentRow(relation, position),
    };
  }
  if (open.kind === 'rows') return storedRows({ columns: open.columns, tag: selectTag }, open.rows);
  return open.result.kind === 'rows' ? commandRows(open.result) : null;
}

function commandRows(
  result: Extract<Extract<OpenStatement, { kind: 'command' }>['result'], { kind: 'rows' }>,
): RowSource {
  const batches = result.rows[Symbol.asyncIterator]();
  let rest: readonly Row[] = [];
  return {
    columns: result.columns,
    async next(rowCountMax) {
      while (rest.length === 0) {
        const step = await batches.next();
        if (step.done) return null;
        rest = step.value;
      }
      const rows = rest.slice(0, rowCountMax);
      rest = rest.slice(rowCountMax);
      return rows;
    },
    async close() {
      await batches.return?.();
    },
    tag: result.tag,
  };
}

/** What Execute did. `suspended`: more rows may follow. */
export interface ExecuteResult {
  readonly suspended: boolean;
  readonly tag: string;
}

export interface PortalOptions {
  readonly name: string;
  readonly prepared: PreparedStatement;
  readonly parameters: readonly ParameterValue[];
  /** Result formats as in Bind; cursors of SQL have none (text), or one 1 for BINARY. */
  readonly formats: readonly number[];
  /** Rows can be fetched again: the portal keeps what it delivered. */
  readonly scroll: boolean;
  readonly holdable: boolean;
  /** Declared by SQL, not opened by the protocol. */
  readonly declared: boolean;
  /** Microseconds since 2000-01-01 UTC, for pg_cursors. */
  readonly createdAt: bigint;
  /** Savepoint depth at creation: rolling back further destroys it. */
  readonly savepointDepth: number;
}

export class Portal {
  /** Null until the first fetch, and for good in statements without rows. */
  private source: RowSource | null = null;
  private completedTag: string | null = null;
  private isOpen = false;
  /** Position of the cursor: 0 before the first row, n on the nth delivered row, one further after the last. */
  private position = 0;
  /** Rows to be read again, in memory up to work_mem. */
  private kept: TupleStore | null = null;
  private delivered = 0;
  private ended = false;
  private hasFailed = false;
  /** The transaction that it was made in has committed: a WITH HOLD cursor stands on its own now. */
  isHeld = false;

  /** Made at Bind for statements that run at Execute. */
  private planned: PlannedStatement | null = null;

  constructor(readonly options: PortalOptions) {}

  get raw(): ParsedStatement | null {
    return this.options.prepared.options.raw;
  }

  /** It runs CALL or DO, which may end the transaction that it was opened in. */
  get mayEndTransaction(): boolean {
    const tag = tagOf(this.raw?.statement);
    return tag === 'CallStmt' || tag === 'DoStmt';
  }

  /** Some of it was run before. */
  get isStarted(): boolean {
    return this.delivered > 0;
  }

  get sourceText(): string {
    return this.options.prepared.sourceText;
  }

  /** Its last row was delivered, or its command has run. */
  get hasEnded(): boolean {
    return this.ended || this.completedTag !== null;
  }

  /**
   * What Bind does beyond taking the values: a query that only reads is opened, so its snapshot is that of Bind; one
   * that writes is planned. Commands, and SELECTs by key that need no transaction, wait for Execute.
   */
  prepare(session: Session): Awaitable<void> {
    const { prepared, parameters } = this.options;
    if (!this.raw || (session.transactions.isOutside && prepared.pointSelect(session))) return undefined;
    const bound = prepared.bind(session);
    if (bound.kind === 'command') return undefined;
    if (onlyReads(bound.query)) return this.start(session);
    return chain(planStatement(session, prepared, parameters), (planned) => {
      this.planned = planned;
    });
  }

  /** Opens the statement: it runs up to its first row, or to its end where it has none. */
  start(session: Session): Awaitable<void> {
    if (this.isOpen) return undefined;
    this.isOpen = true;
    if (this.options.scroll) this.kept = rowsKept(session);
    return chain(openStatement(session, this.options.prepared, this.options.parameters, this.planned), (open) => {
      if (open.kind === 'query' && this.options.declared) open.execution.trackRows();
      this.source = rowSource(open);
      if (open.kind === 'command' && open.result.kind === 'done') this.completedTag = open.result.tag;
    });
  }

  /** Result columns; null where the statement returns none. */
  describe(session: Session): readonly ResultColumn[] | null {
    const columns = this.options.prepared.columns(session);
    return columns && (this.source?.columns ?? columns);
  }

  /** Columns of the rows that `next` delivers. */
  get columns(): readonly ResultColumn[] {
    return this.rows().columns;
  }

  /** Execute: sends up to `rowCountMax` rows. */
  execute(session: Session, rowCountMax: number): Awaitable<ExecuteResult> {
    this.requireUsable();
    const isFirst = !this.isOpen;
    return chain(this.start(session), () => {
      if (this.source && (isFirst || this.options.prepared.columns(session) !== null))
        return this.deliver(session, rowCountMax);
      if (isFirst) return { suspended: false, tag: this.completedTag ?? '' };
      throw pgError(SqlState.objectNotInPrerequisiteState, `portal "${this.options.name}" cannot be run`);
    });
  }

  /** The whole result of a SELECT by key that needs no transaction; null where the portal must run the general way. */
  runPoint(session: Session): { readonly columns: readonly ResultColumn[]; readonly rows: readonly Row[] } | null {
    if (this.isOpen || !session.transactions.isOutside) return null;
    session.checkInterrupts();
    const select = this.options.prepared.pointSelect(session);
    const rows = select?.run(this.options.parameters.map((parameter) => parameter.value));
    if (!select || rows === undefined || (rows.length === 0 && session.transactions.mustFind)) return null;
    this.isOpen = true;
    this.source = storedRows({ columns: select.columns, tag: selectTag }, []);
    return { columns: select.columns, rows };
  }

  private deliver(session: Session, rowCountMax: number): Awaitable<ExecuteResult> {
    if (rowCountMax !== Number.POSITIVE_INFINITY && this.modifiesRows()) {
      return this.materialize(session).then(() => this.send(session, rowCountMax));
    }
    return this.send(session, rowCountMax);
  }

  private send(session: Session, rowCountMax: number): Awaitable<ExecuteResult> {
    return chain(sendRows(session, this, this.options.formats, rowCountMax), ({ sent, atEnd }) => ({
      suspended: !atEnd,
      tag: this.rows().tag(sent),
    }));
  }

  /** Forward rows: at most `rowCountMax`, null at the end. */
  next(rowCountMax: number): Awaitable<readonly Row[] | null> {
    if (this.kept !== null) return this.step(Math.min(rowCountMax, batchRowsMax));
    return chain(this.ended ? null : this.read(rowCountMax), (batch) => this.note(batch));
  }

  /** New rows of the source. An error is the end of the portal: 55000 from then on. */
  private read(rowCountMax: number): Awaitable<readonly Row[] | null> {
    const fail = (error: unknown): never => {
      this.hasFailed = true;
      throw error;
    };
    try {
      const batch = this.rows().next(rowCountMax);
      return batch instanceof Promise ? batch.catch(fail) : batch;
    } catch (error) {
      return fail(error);
    }
  }

  /** Throws 55000 where an error ended it. */
  requireUsable(): void {
    if (!this.hasFailed) return;
    throw pgError(SqlState.objectNotInPrerequisiteState, `portal "${this.options.name}" cannot be run`);
  }

  /** Moves the position behind a batch, or behind the last row at the end. */
  private note(batch: readonly Row[] | null): readonly Row[] | null {
    if (batch === null) this.ended = true;
    else this.delivered += batch.length;
    this.position = batch === null ? this.total() + 1 : this.delivered;
    return batch;
  }

  /** Up to a batch of rows from the position on: kept ones, or new ones. Null, behind the last row, at the end. */
  private async step(rowCountMax: number): Promise<readonly Row[] | null> {
    if (this.kept !== null && this.position < this.kept.rowCount) {
      const known = this.kept.slice(this.position, rowCountMax);
      this.position += known.length;
      return known;
    }
    const batch = this.ended ? null : await this.read(rowCountMax);
    if (batch !== null && this.kept !== null) for (const row of batch) this.kept.append(row);
    return this.note(batch);
  }

  /** FETCH's moves: the rows passed over, in the direction moved, batch by batch. Infinity stands for ALL. */
  async *forward(rowCountMax: number): AsyncGenerator<readonly Row[], void, void> {
    for (let left = rowCountMax; left > 0; ) {
      const rows = await this.step(Math.min(left, batchRowsMax));
      if (rows === null) return;
      left -= rows.length;
      yield rows;
    }
  }

  /** Backward from the current position; 55000 where the cursor is not scrollable. */
  async *backward(rowCountMax: number): AsyncGenerator<readonly Row[], void, void> {
    const kept = this.requireScroll();
    let left = rowCountMax;
    while (left > 0 && this.position > 1) {
      const rows: Row[] = [];
      while (left > 0 && this.position > 1 && rows.length < batchRowsFirst) {
        this.position = Math.min(this.position, this.total() + 1) - 1;
        rows.push(kept.get(this.position - 1));
        left -= 1;
      }
      yield rows;
    }
    if (left > 0) this.position = 0;
  }

  /** The row at the current position again (FETCH 0 / RELATIVE 0), if it is on one. */
  fetchCurrent(): readonly Row[] {
    if (this.position < 1 || this.position > this.total()) return [];
    return [this.requireScroll().get(this.position - 1)];
  }

  /** Moves to an absolute row (negative: from the end) and returns it, if it exists. */
  async fetchAbsolute(target: number): Promise<readonly Row[]> {
    if (target > 0 && target > this.position) {
      const { last } = await pass(this.forward(target - this.position));
      return this.position === target && last !== null ? [last] : [];
    }
    this.requireScroll();
    if (target < 0) {
      await pass(this.forward(Number.POSITIVE_INFINITY));
      return this.stand(this.total() + 1 + target);
    }
    return this.stand(target);
  }

  /** Relative moves, as FETCH RELATIVE. */
  async fetchRelative(offset: number): Promise<readonly Row[]> {
    if (offset === 0) return this.fetchCurrent();
    const { count, last } = await pass(offset > 0 ? this.forward(offset) : this.backward(-offset));
    return count === Math.abs(offset) && last !== null ? [last] : [];
  }

  /** Reads the rest, so that the rows no longer depend on the transaction (WITH HOLD) or on when they are fetched. */
  async materialize(session: Session): Promise<void> {
    const source = this.rows();
    const rest = rowsKept(session);
    for (let batch = await source.next(batchRowsMax); batch !== null; batch = await source.next(batchRowsMax)) {
      for (const row of batch) rest.append(row);
    }
    await source.close();
    this.source = keptRows(source, rest);
  }

  get isPositioned(): boolean {
    return this.position >= 1 && this.position <= this.total();
  }

  /** Row under the cursor in a relation, for WHERE CURRENT OF. */
  currentRow(relation: number): CursorRow {
    return this.source?.currentRow?.(relation, this.position) ?? { kind: 'notUpdatable' };
  }

  close(): void | Promise<void> {
    const source = this.source;
    this.source = null;
    this.ended = true;
    this.kept?.clear();
    return source?.close();
  }

  private rows(): RowSource {
    return defined(this.source, 'the rows of an open portal');
  }

  private modifiesRows(): boolean {
    const tag = tagOf(this.raw?.statement);
    return tag === 'InsertStmt' || tag === 'UpdateStmt' || tag === 'DeleteStmt' || tag === 'MergeStmt';
  }

  private total(): number {
    return this.kept?.rowCount ?? this.delivered;
  }

  private stand(target: number): readonly Row[] {
    this.position = Math.max(0, Math.min(target, this.total() + 1));
    return this.fetchCurrent();
  }

  private requireScroll(): TupleStore {
    if (this.kept !== null) return this.kept;
    throw pgError(SqlState.objectNotInPrerequisiteState, 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
}

function selectTag(rowCount: number): string {
  return commandTag('select', rowCount);
}

/** Rows that were read ahead, under the source's columns and tag. */
function storedRows(source: Pick<RowSource, 'columns' | 'tag'>, rows: readonly Row[]): RowSource {
  let at = 0;
  return {
    columns: source.columns,
    next(rowCountMax) {
      if (at >= rows.length) return null;
      const batch = rows.slice(at, at + rowCountMax);
      at += batch.length;
      return batch;
    },
    close() {},
    tag: source.tag,
  };
}

function keptRows(source: Pick<RowSource, 'columns' | 'tag'>, rows: TupleStore): RowSource {
  let at = 0;
  return {
    columns: source.columns,
    next(rowCountMax) {
      if (at >= rows.rowCount) return null;
      const batch = rows.slice(at, Math.min(rowCountMax, batchRowsMax));
      at += batch.length;
      return batch;
    },
    close() {
      rows.clear();
    },
    tag: source.tag,
  };
}

function rowsKept(session: Session): TupleStore {
  return new TupleStore(session.settings.int('work_mem') * 1024, session.statistics);
}

/** Moves over rows: how many, and the last one. */
export async function pass(
  rows: AsyncIterable<readonly Row[]>,
): Promise<{ readonly count: number; readonly last: Row | null }> {
  let count = 0;
  let last: Row | null = null;
  for await (const batch of rows) {
    count += batch.length;
    last = batch[batch.length - 1] ?? last;
  }
  return { count, last };
}

/** A SELECT that doesn't write in a WITH. */
function onlyReads(query: Query): boolean {
  return query.commandType === 'select' && !query.hasModifyingCte;
}
