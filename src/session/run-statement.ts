// The corridor, and its one fork: a bound query goes on through rewriter, planner and executor, a bound command to its
// handler. In: a statement of the client with its parameter values. Out: an open statement from which a portal fetches.
// Nothing here but the order; what each step means lives in its room.
import { type Awaitable, chain } from '../base/awaitable.js';
import type { CommandResult } from '../commands/api.js';
import type { Execution, ResultColumn } from '../executor/api.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Row } from '../types/value.js';
import { openPlan } from './corridor.js';
import { runBoundCommand } from './dispatch.js';
import type { ParameterValue } from './parameters.js';
import type { PreparedStatement } from './prepared-statement.js';
import type { Session } from './session.js';
import { type Inheritors, lockQuery, lockRelations } from './relation-locks.js';

/** A statement that has begun to run: rows to fetch, or a command that is done or delivers rows of its own. */
export type OpenStatement =
  | { readonly kind: 'query'; readonly execution: Execution; readonly commandType: QueryCommand }
  /** A SELECT by key, done. */
  | { readonly kind: 'rows'; readonly columns: readonly ResultColumn[]; readonly rows: readonly Row[] }
  | { readonly kind: 'command'; readonly result: CommandResult };

export type QueryCommand = 'select' | 'insert' | 'update' | 'delete' | 'merge';

/**
 * Runs a statement up to its first row. Locks its relations, takes its snapshot (which it may have to wait for) and opens its plan; commands run to
 * their end. `planned`, where Bind made it already, is the plan of a query whose relations are locked. Throws what its
 * rooms throw; the caller ends the transaction's statement.
 */
export function openStatement(
  session: Session,
  prepared: PreparedStatement,
  parameters: readonly ParameterValue[],
  planned: PlannedStatement | null = null,
  inheritors: Inheritors | null = null,
): Awaitable<OpenStatement> {
  const bound = prepared.bind(session);
  if (bound.kind === 'command') {
    const locking = bound.query === null ? undefined : lockQuery(session, bound.query);
    return chain(locking, (isMoved) => {
      if (isMoved === true) return openStatement(session, prepared, parameters);
      return chain(runBoundCommand(session, bound, prepared.sourceText, parameters), (result) => ({
        kind: 'command',
        result,
      }));
    });
  }
  const { commandType } = bound.query;
  if (planned !== null && prepared.isCurrent(session)) {
    return { kind: 'query', execution: openPlan(session, planned, parameters, false, prepared.setting), commandType };
  }
  const select = prepared.options.fromSql || prepared.setting?.view ? null : prepared.pointSelect(session);
  return chain(lockRelations(session, prepared.rewritten(session), inheritors), (locked) => {
    // A wait for a lock lets others change what the statement was bound to: then it is bound again.
    if (locked.isMoved || !prepared.isCurrent(session))
      return openStatement(session, prepared, parameters, null, locked.inheritors);
    const transaction = session.transactions.ensure();
    if (select !== null && transaction.readsNewest()) {
      const values = parameters.map((parameter) => parameter.value);
      const rows = select.runIn(transaction, values);
      if (rows !== undefined) return { kind: 'rows', columns: select.columns, rows };
    }
    return chain(transaction.safeSnapshot(), () => {
      const execution = openPlan(
        session,
        prepared.planLocked(session, parameters, locked),
        parameters,
        false,
        prepared.setting,
      );
      return { kind: 'query', execution, commandType };
    });
  });
}

/**
 * Locks a query's relations and plans it, as Bind does it before Execute runs the plan: what is wrong with the constants
 * of a statement is known by then. Null for commands, which have no plan.
 */
export function planStatement(
  session: Session,
  prepared: PreparedStatement,
  parameters: readonly ParameterValue[],
  inheritors: Inheritors | null = null,
): Awaitable<PlannedStatement | null> {
  if (prepared.bind(session).kind === 'command') return null;
  return chain(lockRelations(session, prepared.rewritten(session), inheritors), (locked) =>
    locked.isMoved || !prepared.isCurrent(session)
      ? planStatement(session, prepared, parameters, locked.inheritors)
      : prepared.planLocked(session, parameters, locked),
  );
}
