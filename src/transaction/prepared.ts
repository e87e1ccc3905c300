// Prepared transactions (manual: PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED): their identifiers, who may finish
// them and where. What they wrote and locked is the addon's; it outlives their session and the server.
import { addon } from '../base/addon.js';
import { assert } from '../errors/unreachable.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { answered } from '../storage/store-transaction.js';
import { native } from '../storage/native-error.js';

/** PostgreSQL's GIDSIZE less its terminating byte. */
const gidBytesMax = 199;

/** A row of pg_prepared_xact(). */
export interface PreparedTransaction {
  readonly gid: string;
  readonly xid: bigint;
  readonly owner: number;
  readonly database: number;
  /** Microseconds since 2000-01-01 UTC. */
  readonly preparedAt: bigint;
}

/** What PREPARE TRANSACTION asks for. */
export interface Preparation {
  readonly gid: string;
  /** The role that prepares. */
  readonly owner: number;
  /** max_prepared_transactions. */
  readonly countMax: number;
}

/** Who finishes a prepared transaction. */
export interface Finisher {
  readonly user: number;
  readonly isSuperuser: boolean;
  readonly database: number;
}

/** All that are prepared, the oldest first. */
export function preparedTransactions(): readonly PreparedTransaction[] {
  return native(() => addon.preparedList()).sort((left, right) => (left.xid < right.xid ? -1 : 1));
}

/** Throws 22023, 55000, 42710 or 53200 where no transaction can be prepared under the identifier. */
export function requirePreparable({ gid, countMax }: Preparation): void {
  if (Buffer.byteLength(gid) > gidBytesMax)
    throw pgError(SqlState.invalidParameterValue, `transaction identifier "${gid}" is too long`);
  if (countMax === 0) {
    throw pgError(SqlState.objectNotInPrerequisiteState, 'prepared transactions are disabled', {
      hint: 'Set "max_prepared_transactions" to a nonzero value.',
    });
  }
  const { count, isUsed } = native(() => addon.preparedUsage(gid));
  if (isUsed) throw pgError(SqlState.duplicateObject, `transaction identifier "${gid}" is already in use`);
  if (count >= countMax) {
    throw pgError(SqlState.outOfMemory, 'maximum number of prepared transactions reached', {
      hint: `Increase "max_prepared_transactions" (currently ${countMax}).`,
    });
  }
}

/** What a transaction that is to be prepared must not have done. */
export function preparationRefused(what: string): Error {
  return pgError(SqlState.featureNotSupported, `cannot PREPARE a transaction that has ${what}`);
}

/** Both a session and its transaction hold the object: they can't be told apart later. */
export function preparationLocksRefused(): Error {
  const message = 'cannot PREPARE while holding both session-level and transaction-level locks on the same object';
  return pgError(SqlState.featureNotSupported, message);
}

/** Commits or rolls back a prepared transaction, durably. Throws 42704, 55000, 42501, 0A000; where it fails, the
 *  transaction is still prepared. */
export async function finishPrepared(gid: string, outcome: 'commit' | 'rollback', finisher: Finisher): Promise<void> {
  const { status, owner, database } = native(() => addon.preparedClaim(gid));
  const name = `prepared transaction with identifier "${gid}"`;
  if (status === 1) throw pgError(SqlState.undefinedObject, `${name} does not exist`);
  if (status === 2) throw pgError(SqlState.objectNotInPrerequisiteState, `${name} is busy`);
  assert(status === 0, 'a claim is had, missing or busy');
  try {
    requireFinisher(finisher, owner, database);
  } catch (error) {
    native(() => addon.preparedUnclaim(gid));
    throw error;
  }
  await answered((token) => addon.preparedFinish(gid, outcome === 'commit', token));
}

function requireFinisher(finisher: Finisher, owner: number, database: number): void {
  if (finisher.user !== owner && !finisher.isSuperuser) {
    throw pgError(SqlState.insufficientPrivilege, 'permission denied to finish prepared transaction', {
      hint: 'Must be superuser or the user that prepared the transaction.',
    });
  }
  if (finisher.database !== database) {
    throw pgError(SqlState.featureNotSupported, 'prepared transaction belongs to another database', {
      hint: 'Connect to the database where the transaction was prepared to finish it.',
    });
  }
}
