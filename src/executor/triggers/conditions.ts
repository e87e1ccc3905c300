// Whether a trigger is due: UPDATE OF's columns, then WHEN over OLD and NEW.
import type { Awaitable } from '../../base/awaitable.js';
import type { Row } from '../../types/value.js';
import { RunState } from '../state.js';
import type { FiringTrigger, TriggerProgram } from './trigger-program.js';

/** The row in hand, as conditions know it. */
export interface ConditionRows {
  readonly oldRow: Row | null;
  readonly newRow: Row | null;
  /** 0 where the row is not stored yet. */
  readonly rowid: number;
  readonly stamp: bigint;
  /** Columns that the statement assigns; null for all, and for anything but UPDATE. */
  readonly assigned: ReadonlySet<number> | null;
}

/** Of a statement-level trigger. */
export const rowless: ConditionRows = { oldRow: null, newRow: null, rowid: 0, stamp: 0n, assigned: null };

const states = new WeakMap<RunState, Map<TriggerProgram, RunState>>();

/** The state under which a relation's conditions run within a statement. */
export function conditionState(statement: RunState, program: TriggerProgram): RunState {
  let byProgram = states.get(statement);
  if (byProgram === undefined) {
    byProgram = new Map();
    states.set(statement, byProgram);
  }
  let state = byProgram.get(program);
  if (state === undefined) {
    state = new RunState(program.unit, statement.context, null);
    byProgram.set(program, state);
  }
  return state;
}

/** True where the trigger fires for the row. */
export function fits(x: RunState, trigger: FiringTrigger, rows: ConditionRows): Awaitable<boolean> {
  const { columns, when, needsSystem } = trigger;
  if (columns !== null && rows.assigned !== null && !intersects(columns, rows.assigned)) return false;
  if (when === null) return true;
  const { oldRow, newRow, rowid, stamp } = rows;
  if (!needsSystem) return when.run(x, null, oldRow, newRow);
  const complete = (row: Row | null): Row | null => (row === null ? null : [...row, rowid, stamp]);
  return when.run(x, null, complete(oldRow), complete(newRow));
}

function intersects(left: ReadonlySet<number>, right: ReadonlySet<number>): boolean {
  for (const member of left) if (right.has(member)) return true;
  return false;
}
