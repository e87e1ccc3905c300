// What commands need of the session beside the corridor: settings' validation, sessions connected to a database, the
// relations its open cursors use. Declared here, filled by the session.
import { serviceKey } from '../functions/call-info.js';
import type { LockMode } from '../transaction/api.js';
import type { CommandContext } from './api.js';

/** Settings as ALTER ROLE/DATABASE/FUNCTION ... SET need them. */
export interface SettingsService {
  /** Checks that the setting exists and takes the value; throws PostgreSQL's 42704, 22023, 42501. Returns the name as
   *  the settings table spells it and the text to store. `value` null: only the name is checked (RESET). */
  check(
    name: string,
    value: string | null,
    userIsSuperuser: boolean,
  ): { readonly name: string; readonly value: string };
  /** Throws 0A000 where the setting can't be reset. */
  requireResettable(name: string): void;
  /** A SET statement's argument list as one text (lists are quoted and joined as the setting wants). */
  flatten(name: string, values: readonly { readonly text: string; readonly isIdentifierLike: boolean }[]): string;
  /** The name under which pg_parameter_acl knows a setting; throws 42704 for one that can't exist. */
  parameterName(name: string): string;
  /** The session's current value, for SET ... FROM CURRENT. */
  current(name: string): string;
}
export const settingsService = serviceKey<SettingsService>('settings');

export interface SessionRegistryService {
  /** Sessions connected to a database, the own one left out. */
  otherSessions(database: number): number;
  /** Prepared transactions of a database. */
  preparedTransactions(database: number): number;
  /** Ends automatic maintenance of a database and waits until it has left. */
  dismissMaintenance(database: number): Promise<void>;
  /** DROP DATABASE ... WITH (FORCE): ends them. */
  terminateSessions(database: number): Promise<void>;
}
export const sessionRegistryService = serviceKey<SessionRegistryService>('sessionRegistry');

export interface OpenRelationsService {
  /** True where an open cursor or running query of this session uses the relation (its own DDL statement left out). */
  isInUse(relation: number): boolean;
  /** True where deferred foreign key or trigger events of this transaction are still queued for it. */
  hasPendingTriggerEvents(relation: number): boolean;
}
export const openRelationsService = serviceKey<OpenRelationsService>('openRelations');

/** Sequence values cached by the session (CACHE n, currval, lastval). */
export interface SequenceCacheService {
  /** Forgets what the session cached of a sequence: it was altered, restarted or dropped. */
  forget(sequence: number): void;
}
export const sequenceCacheService = serviceKey<SequenceCacheService>('sequenceCache');

/** Commands that take several transactions, outside of any block. */
export interface TransactionControl {
  /** Commits what was done so far; the context of the transaction that goes on. */
  next(context: CommandContext): Promise<CommandContext>;
  /** Locks a relation past the transaction's end; returns how to give the lock back. */
  holdRelation(relation: number, mode: LockMode): Promise<() => void>;
  /** Waits for the transactions that now hold locks on the relation which conflict with the mode. */
  waitForLockers(relation: number, mode: LockMode): Promise<void>;
  /** Waits for the transactions whose snapshots don't contain the newest commit. */
  waitForSnapshots(): Promise<void>;
}
export const transactionControl = serviceKey<TransactionControl>('transactionControl');
