// What a function's expressions are evaluated under: the caller's context, with the function's own values as parameters.
// Expressions that may look at tables see what was committed and written up to their evaluation, unless the function is
// STABLE or IMMUTABLE: then they see what its caller sees.
import type { ExecutionContext, PipelineSettings, SubqueryRunner } from '../../executor/api.js';
import { CompileUnit } from '../../executor/expressions/unit.js';
import type { TransitionTable } from '../../executor/services.js';
import { RunState } from '../../executor/state.js';
import { timeSliceMs } from '../../base/limits.js';
import type { FunctionFrame } from '../../procedural/run/frame.js';
import type { ReadView } from '../../storage/api.js';
import type { MemoryAccount } from '../../types/memory.js';
import { pipelineSettings, subqueryRunner } from '../corridor.js';
import type { Session } from '../session.js';

export class FrameContext implements ExecutionContext {
  readonly catalog;
  readonly store;
  readonly io;
  readonly parameters: ExecutionContext['parameters'] = [];
  readonly instrument = false;
  private ownView: ReadView | null = null;
  private runner: SubqueryRunner | null = null;
  private state: RunState | null = null;
  private held: MemoryAccount | null = null;

  constructor(
    readonly session: Session,
    /** The caller's view, for functions that are not volatile. */
    readonly callerView: ReadView | null,
    readonly transitionTables: readonly TransitionTable[],
  ) {
    this.catalog = session.catalog;
    this.store = session.store;
    this.io = session.catalog.io;
  }

  get transaction() {
    return this.session.transactions.ensure();
  }

  get view(): ReadView {
    if (this.callerView !== null) return this.callerView;
    if (this.ownView === null) {
      const { transaction } = this;
      transaction.advanceCommand();
      this.ownView = transaction.statementView();
    }
    return this.ownView;
  }

  /** What is evaluated next sees what was written and committed until now. */
  refresh(): void {
    this.ownView = null;
  }

  get userId(): number {
    return this.session.users.userId;
  }

  get workMemBytes(): number {
    return this.session.settings.int('work_mem') * 1024;
  }

  get pipelines(): PipelineSettings {
    return pipelineSettings(this.session);
  }

  get memory(): MemoryAccount {
    return this.session.memory;
  }

  get subqueries(): SubqueryRunner {
    this.runner ??= subqueryRunner(this.session);
    return this.runner;
  }

  checkInterrupts(): void {
    this.session.checkInterrupts();
  }

  yieldToEventLoop(): Promise<void> | undefined {
    return this.session.timeSlice.yieldIfOver(timeSliceMs);
  }

  /** The run state that programs of a unit share in this frame; its parameters are the frame's values. */
  stateFor(unit: CompileUnit, frame: FunctionFrame): RunState {
    const known = this.state;
    if (known !== null && known.unit === unit) return known;
    known?.close();
    this.state = new RunState(unit, this, null, frame.values);
    return this.state;
  }

  /** Bytes that the call holds until it is closed. */
  charge(bytes: number): void {
    this.held ??= this.session.memory.child();
    this.held.charge(bytes);
  }

  close(): void {
    this.held?.clear();
    this.state?.close();
  }
}

const units = new WeakMap<object, CompileUnit>();

/** The unit that a function's expressions are compiled in; a new one once the catalogs moved. */
export function unitFor(session: Session, owner: object): CompileUnit {
  const version = session.catalog.version();
  let unit = units.get(owner);
  if (unit === undefined || unit.catalogVersion !== version) {
    unit = new CompileUnit(session.catalog, version, []);
    units.set(owner, unit);
  }
  return unit;
}
