// BEGIN, COMMIT, ROLLBACK, savepoints, SET TRANSACTION's modes and SET CONSTRAINTS.
import { finishPrepared } from '../../transaction/prepared.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { unreachable } from '../../errors/unreachable.js';
import type { DefElem, Node, TransactionStmt } from '@pgsql/types';
import type { TransactionOptions } from '../../transaction/manager-api.js';
import type { Session } from '../session.js';

/** Runs a TransactionStmt; returns its tag. */
export async function runTransactionStatement(session: Session, statement: TransactionStmt): Promise<string> {
  const { transactions } = session;
  const chain = statement.chain === true;
  const name = statement.savepoint_name ?? '';
  switch (statement.kind) {
    case 'TRANS_STMT_BEGIN':
      transactions.begin(modesOf(statement.options ?? []));
      return 'BEGIN';
    case 'TRANS_STMT_START':
      transactions.begin(modesOf(statement.options ?? []));
      return 'START TRANSACTION';
    case 'TRANS_STMT_COMMIT':
      return transactions.commit(chain);
    case 'TRANS_STMT_ROLLBACK':
      transactions.rollback(chain);
      return 'ROLLBACK';
    case 'TRANS_STMT_SAVEPOINT':
      transactions.savepoint(name);
      return 'SAVEPOINT';
    case 'TRANS_STMT_RELEASE':
      transactions.releaseSavepoint(name);
      return 'RELEASE';
    case 'TRANS_STMT_ROLLBACK_TO':
      transactions.rollbackToSavepoint(name);
      return 'ROLLBACK';
    case 'TRANS_STMT_PREPARE':
      return transactions.prepare({
        gid: statement.gid ?? '',
        owner: session.users.userId,
        countMax: session.settings.int('max_prepared_transactions'),
      });
    case 'TRANS_STMT_COMMIT_PREPARED':
      return finish(session, statement, 'commit');
    case 'TRANS_STMT_ROLLBACK_PREPARED':
      return finish(session, statement, 'rollback');
    case undefined:
      throw new Error('a transaction statement without a kind');
    default:
      return unreachable(statement.kind, 'transaction statement');
  }
}

/** COMMIT PREPARED and ROLLBACK PREPARED. */
async function finish(session: Session, statement: TransactionStmt, outcome: 'commit' | 'rollback'): Promise<string> {
  const tag = outcome === 'commit' ? 'COMMIT PREPARED' : 'ROLLBACK PREPARED';
  if (session.transactions.isInAnyBlock)
    throw pgError(SqlState.activeSqlTransaction, `${tag} cannot run inside a transaction block`);
  session.transactions.commitAlone();
  await finishPrepared(statement.gid ?? '', outcome, {
    user: session.users.userId,
    isSuperuser: session.isSuperuser,
    database: session.connection.database.oid,
  });
  session.statistics.preparedFinished(statement.gid ?? '', outcome === 'commit');
  return tag;
}

/** Transaction modes as BEGIN and SET TRANSACTION write them. */
export function modesOf(options: readonly Node[]): Partial<TransactionOptions> {
  const modes: { -readonly [Key in keyof TransactionOptions]?: TransactionOptions[Key] } = {};
  for (const node of options) {
    if (!('DefElem' in node)) continue;
    const option: DefElem = node.DefElem;
    if (option.defname === 'transaction_isolation') modes.isolation = isolationOf(stringOf(option));
    if (option.defname === 'transaction_read_only') modes.readOnly = flagOf(option);
    if (option.defname === 'transaction_deferrable') modes.deferrable = flagOf(option);
  }
  return modes;
}

/** An isolation level's name; 22023 for anything else. */
export function isolationOf(text: string): TransactionOptions['isolation'] {
  const name = text.toLowerCase();
  if (
    name === 'read uncommitted' ||
    name === 'read committed' ||
    name === 'repeatable read' ||
    name === 'serializable'
  ) {
    return name;
  }
  throw pgError(SqlState.invalidParameterValue, `invalid value for parameter "transaction_isolation": "${text}"`, {
    hint: 'Available values: serializable, repeatable read, read committed, read uncommitted.',
  });
}

function stringOf(option: DefElem): string {
  const arg = option.arg;
  if (arg && 'A_Const' in arg) return arg.A_Const.sval?.sval ?? '';
  return '';
}

function flagOf(option: DefElem): boolean {
  const arg = option.arg;
  if (arg && 'A_Const' in arg) return (arg.A_Const.ival?.ival ?? 0) !== 0;
  return false;
}
