// Commands that act on the session itself; everything else goes to the commands room. In: a bound command. Out: its
// result, run to its end (rows are delivered lazily).
import { type Awaitable, chain } from '../base/awaitable.js';
import { SqlState, notSupported, pgError } from '../errors/pg-error.js';
import { runCommand } from '../commands/dispatch.js';
import type { CommandResult } from '../commands/api.js';
import type { BoundCommand, Node } from '../trees/statement.js';
import { runAlterSystem } from './commands/alter-system.js';
import { runClosePortal, runDeclareCursor, runFetch } from './commands/cursor.js';
import { runDiscard } from './commands/discard.js';
import { runListen, runNotify, runUnlisten } from './commands/notify.js';
import { runDeallocate, runExecute, runPrepare } from './commands/prepare.js';
import { runSetConstraints } from './commands/set-constraints.js';
import { runVariableSet, runVariableShow } from './commands/settings.js';
import { runTransactionStatement } from './commands/transaction.js';
import { commandContext } from './corridor.js';
import type { ParameterValue } from './parameters.js';
import type { Session } from './session.js';

interface Call<Tag extends string> {
  readonly session: Session;
  readonly statement: Extract<Node, { [Key in Tag]: unknown }>[Tag & keyof Extract<Node, { [Key in Tag]: unknown }>];
  readonly sourceText: string;
  readonly parameters: readonly ParameterValue[];
}
type Handler<Tag extends string> = (
  call: Call<Tag>,
) => Promise<CommandResult> | CommandResult | Promise<string> | string;
type Handlers = { readonly [Tag in SessionTag]: Handler<Tag> };

type SessionTag =
  | 'TransactionStmt'
  | 'VariableSetStmt'
  | 'VariableShowStmt'
  | 'AlterSystemStmt'
  | 'ConstraintsSetStmt'
  | 'PrepareStmt'
  | 'ExecuteStmt'
  | 'DeallocateStmt'
  | 'DeclareCursorStmt'
  | 'FetchStmt'
  | 'ClosePortalStmt'
  | 'DiscardStmt'
  | 'ListenStmt'
  | 'NotifyStmt'
  | 'UnlistenStmt'
  | 'CheckPointStmt'
  | 'LoadStmt';

const handlers: Handlers = {
  TransactionStmt: ({ session, statement }) => runTransactionStatement(session, statement),
  VariableSetStmt: ({ session, statement }) => runVariableSet(session, statement),
  VariableShowStmt: ({ session, statement }) => runVariableShow(session, statement),
  AlterSystemStmt: ({ session, statement }) => runAlterSystem(session, statement),
  ConstraintsSetStmt: ({ session, statement }) => runSetConstraints(session, statement),
  PrepareStmt: ({ session, statement, sourceText }) => runPrepare(session, statement, sourceText),
  ExecuteStmt: ({ session, statement }) => runExecute(session, statement),
  DeallocateStmt: ({ session, statement }) => runDeallocate(session, statement),
  DeclareCursorStmt: ({ session, statement, sourceText, parameters }) =>
    runDeclareCursor(session, statement, sourceText, parameters),
  FetchStmt: ({ session, statement }) => runFetch(session, statement),
  ClosePortalStmt: ({ session, statement }) => runClosePortal(session, statement),
  DiscardStmt: ({ session, statement }) => runDiscard(session, statement),
  ListenStmt: ({ session, statement }) => runListen(session, statement),
  NotifyStmt: ({ session, statement }) => runNotify(session, statement),
  UnlistenStmt: ({ session, statement }) => runUnlisten(session, statement),
  CheckPointStmt: async ({ session }) => {
    requireCheckpointRole(session);
    await session.store.checkpoint();
    return 'CHECKPOINT';
  },
  LoadStmt: () => {
    throw notSupported('LOAD');
  },
};

/** Runs a command: the session's own here, the others in the commands room. */
export function runBoundCommand(
  session: Session,
  bound: BoundCommand,
  sourceText: string,
  parameters: readonly ParameterValue[],
): Awaitable<CommandResult> {
  const handler = isSessionTag(bound.tag) ? (handlers[bound.tag] as Handler<string>) : null;
  if (!handler) {
    // LOCK TABLE comes before the snapshot: what the lock keeps out is then visible.
    const run = () => runCommand(bound, commandContext(session, sourceText, parameters));
    if (bound.tag === 'LockStmt') return run();
    const transaction = session.transactions.ensure();
    return chain(transaction.safeSnapshot(), () => {
      transaction.beginCommand();
      return run();
    });
  }
  const statement = (bound.statement as Readonly<Record<string, unknown>>)[bound.tag];
  const answer = handler({ session, statement, sourceText, parameters } as Call<string>) as Awaitable<
    CommandResult | string
  >;
  return chain(answer, (result) => (typeof result === 'string' ? { kind: 'done', tag: result } : result));
}

/** 42501 unless the user has the privileges of pg_checkpoint. */
function requireCheckpointRole(session: Session): void {
  if (session.isSuperuser || session.catalog.access.hasPrivilegesOf(session.users.userId, pgCheckpointRole)) return;
  throw pgError(SqlState.insufficientPrivilege, 'permission denied to execute CHECKPOINT command', {
    detail: 'Only roles with privileges of the "pg_checkpoint" role may execute this command.',
  });
}

/** pg_authid's oid of pg_checkpoint. */
const pgCheckpointRole = 4544;

function isSessionTag(tag: string): tag is SessionTag {
  return Object.hasOwn(handlers, tag);
}
