// What the executor asks of the rooms above it; the session fills these services.
import type { FunctionDescriptor, RelationDescriptor, TriggerDescriptor } from '../catalog/descriptors.js';
import type { Notice } from '../errors/pg-error.js';
import { serviceKey } from '../functions/call-info.js';
import type { MemoryAccount } from '../types/memory.js';
import type { Row, Value } from '../types/value.js';
import type { Transaction } from '../transaction/api.js';
import type { ExecutionContext } from './api.js';
import type { TupleStore } from './spill/tuple-store.js';

/** Positions of the session's open cursors, for WHERE CURRENT OF. */
export interface CursorPositions {
  /** Rowid of the relation's row under the cursor; null where the cursor's row holds none of that relation's rows.
   *  Throws 34000 (no such cursor), 24000 (not simply updatable, not positioned). */
  currentRow(cursorName: string, relation: { readonly oid: number; readonly name: string }): number | null;
}
export const cursorPositions = serviceKey<CursorPositions>('cursorPositions');

export interface FunctionCallSite {
  readonly descriptor: FunctionDescriptor;
  readonly argTypes: readonly number[];
  readonly resultType: number;
  readonly collation: number;
  /** Column definition list of a function in FROM that returns record. */
  readonly columns?: readonly { readonly name: string; readonly type: number; readonly typmod: number }[] | null;
}

/** Runs functions of procedural languages. */
export interface ProcedureRunner {
  call(site: FunctionCallSite, args: readonly Value[], context: ExecutionContext): Value | Promise<Value>;
  /** Rows of a set-returning function: a value, or an array of column values where it has several. */
  rows(site: FunctionCallSite, args: readonly Value[], context: ExecutionContext): Promise<Iterable<unknown>>;
  /** Calls a trigger function. The row it returns, whole and in the relation's attribute order (of BEFORE and INSTEAD OF
   *  row triggers: what goes on; the given array itself where nothing changed), or null for NULL. */
  trigger(call: TriggerCall, context: ExecutionContext): Promise<Row | null> | Row | null;
  /** CALL of a procedure: its output arguments as a record, null where it has none. `isAtomic`: it may not end the
   *  transaction. */
  procedure(
    site: FunctionCallSite,
    args: readonly Value[],
    context: ExecutionContext,
    isAtomic: boolean,
  ): Promise<Value>;
  /** DO: runs a function without a name. Errors of its parse carry the position in `source`. */
  inline(source: string, language: string, isAtomic: boolean): Promise<void>;
  /** What CREATE FUNCTION checks; `checksBody` false: the signature alone. Errors of the body carry the position in the
   *  function's source. */
  validate(fn: FunctionDescriptor, checksBody: boolean): readonly Notice[];
}

/** One firing of a trigger. Rows are as the executor holds them: attribute n at index n - 1, dropped ones null; they must
 *  not be changed in place. */
export interface TriggerCall {
  readonly function: FunctionDescriptor;
  readonly trigger: TriggerDescriptor;
  readonly relation: RelationDescriptor;
  readonly when: 'before' | 'after' | 'instead';
  readonly level: 'row' | 'statement';
  readonly operation: 'insert' | 'update' | 'delete' | 'truncate';
  readonly oldRow: Row | null;
  readonly newRow: Row | null;
  /** REFERENCING OLD TABLE, NEW TABLE: what the function's own queries find under these names. */
  readonly transitionTables: readonly TransitionTable[];
}

/** Rows that a statement changed, under the name that a trigger gives them. Queries are bound with
 *  `AnalyzerContext.transitionTables` (name to relation) and run with `ExecutionContext.transitionTables`. */
export interface TransitionTable {
  readonly name: string;
  /** Whose columns it has. */
  readonly relation: RelationDescriptor;
  readonly rows: TupleStore;
}
export const procedureRunner = serviceKey<ProcedureRunner>('procedureRunner');

/** Settings that hold while a function runs (CREATE FUNCTION ... SET). */
export interface FunctionSettings {
  /** Sets name=value entries of pg_proc.proconfig; returns how to set back what they were. */
  enter(config: readonly string[]): () => void;
  /** The role that the config gives the function; null where it gives none. To be asked once it was entered. */
  userOf(config: readonly string[]): number | null;
  /** What runs from now on runs as this role; returns how to go back. */
  actAs(userId: number): () => void;
}
export const functionSettings = serviceKey<FunctionSettings>('functionSettings');

/** SET CONSTRAINTS of the current transaction, and the checks that wait for its end. */
export interface ConstraintModes {
  isDeferred(constraint: number, initiallyDeferred: boolean): boolean;
  /** Runs the check before the commit, or when the constraint is set immediate. */
  defer(transaction: Transaction, check: DeferredCheck): void;
  /** True where checks of rows written to the relation still wait. */
  hasPending(relation: number): boolean;
}

/** What a row written to a relation owes one of its constraints or constraint triggers. */
export interface DeferredCheck {
  readonly constraint: number;
  readonly relation: number;
  check(): Promise<void>;
  /** What it holds until then, for the account to count. */
  readonly held?: { readonly memory: MemoryAccount; readonly bytes: number };
}

/** Deferral state by transaction; SET CONSTRAINTS changes it through `setConstraintMode`. */
class TransactionConstraints implements ConstraintModes {
  private all: boolean | null = null;
  private single: ReadonlyMap<number, boolean> = new Map();
  /** Counts changes of the modes: a rolled back subtransaction undoes its own. */
  private version = 0;
  private readonly pending = new Set<DeferredCheck>();
  private isRegistered = false;

  isDeferred(constraint: number, initiallyDeferred: boolean): boolean {
    return this.single.get(constraint) ?? this.all ?? initiallyDeferred;
  }

  defer(transaction: Transaction, check: DeferredCheck): void {
    check.held?.memory.charge(check.held.bytes);
    this.pending.add(check);
    transaction.afterRollback(() => this.remove(check));
    if (this.isRegistered) return;
    this.isRegistered = true;
    transaction.beforeCommit(() => this.runDue(() => true));
    transaction.afterRollback(() => {
      this.isRegistered = false;
    });
  }

  hasPending(relation: number): boolean {
    for (const entry of this.pending) if (entry.relation === relation) return true;
    return false;
  }

  private remove(check: DeferredCheck): void {
    if (this.pending.delete(check)) check.held?.memory.release(check.held.bytes);
  }

  /** Runs what is due in the order it came; checks may defer further ones. */
  private async runDue(isDue: (check: DeferredCheck) => boolean): Promise<void> {
    for (const entry of this.pending) {
      if (!isDue(entry)) continue;
      this.remove(entry);
      await entry.check();
    }
  }

  async set(transaction: Transaction, constraints: readonly number[] | 'all', deferred: boolean): Promise<void> {
    this.remember(transaction);
    if (constraints === 'all') {
      this.all = deferred;
      this.single = new Map();
    } else this.single = new Map([...this.single, ...constraints.map((oid): [number, boolean] => [oid, deferred])]);
    if (!deferred) await this.runDue(({ constraint }) => constraints === 'all' || constraints.includes(constraint));
  }

  private remember(transaction: Transaction): void {
    const { all, single, version } = this;
    this.version += 1;
    transaction.afterRollback(() => {
      if (this.version <= version) return;
      this.all = all;
      this.single = single;
      this.version = version;
    });
  }
}

const constraintsOf = new WeakMap<Transaction, TransactionConstraints>();

export function constraintModes(transaction: Transaction): ConstraintModes {
  return stateOf(transaction);
}

/** SET CONSTRAINTS: setting a constraint immediate runs its waiting checks at once; they throw 23503, 23505. */
export function setConstraintMode(
  transaction: Transaction,
  constraints: readonly number[] | 'all',
  deferred: boolean,
): Promise<void> {
  return stateOf(transaction).set(transaction, constraints, deferred);
}

function stateOf(transaction: Transaction): TransactionConstraints {
  let state = constraintsOf.get(transaction);
  if (state === undefined) {
    state = new TransactionConstraints();
    constraintsOf.set(transaction, state);
  }
  return state;
}
