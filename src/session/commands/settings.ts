// SET, SHOW and RESET. The settings table validates; this reads the statement's many spellings.
import { fixedTimeZone } from '../../types/datetime/time-zone.js';
import type { Interval } from '../../types/value.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { A_Const, Node, TypeCast, VariableSetStmt, VariableShowStmt } from '@pgsql/types';
import type { ResultColumn } from '../../executor/api.js';
import type { TransactionOptions } from '../../transaction/manager-api.js';
import type { CommandResult } from '../../commands/api.js';
import type { Row } from '../../types/value.js';
import { settingDefinition } from '../../config/definitions.js';
import { parseBool } from '../../config/parse-value.js';
import { truncateIdentifier, truncationNotice } from '../../parser/identifiers.js';
import { quoteIdentifier } from '../../types/quote.js';
import { builtinType } from '../builtin-types.js';
import { mayChangeParameter } from '../parameter-privileges.js';
import type { Session } from '../session.js';
import { isolationOf, modesOf } from './transaction.js';

/** Runs SET in all its forms; returns its tag. */
export function runVariableSet(session: Session, statement: VariableSetStmt): string {
  const name = statement.name ?? '';
  switch (statement.kind) {
    case 'VAR_SET_VALUE':
      assign(session, name, flatten(statement.args ?? [], session, name), statement.is_local === true);
      return 'SET';
    case 'VAR_SET_DEFAULT':
      assign(session, name, null, statement.is_local === true);
      return 'SET';
    case 'VAR_SET_CURRENT':
      assign(session, name, session.settings.show(name), statement.is_local === true);
      return 'SET';
    case 'VAR_SET_MULTI':
      setMultiple(session, statement);
      return 'SET';
    case 'VAR_RESET':
      assign(session, name, null, false);
      return 'RESET';
    case 'VAR_RESET_ALL':
      session.settings.resetAll({ isSuperuser: session.isSuperuser });
      return 'RESET';
    default:
      throw new Error(`unknown form of SET: ${statement.kind}`);
  }
}

/** Sets one setting for the session or transaction; session_authorization and role change the user too. */
function assign(session: Session, name: string, value: string | null, isLocal: boolean): void {
  if (isLocal && !session.transactions.isInAnyBlock && session.procedural.context.isEmpty) {
    session.notice({
      severity: 'WARNING',
      code: SqlState.noActiveSqlTransaction,
      message: 'SET LOCAL can only be used in transaction blocks',
      fields: {},
    });
  }
  assignSetting(session, name, value, isLocal);
}

/** Settings whose values are names. */
const namingSettings: ReadonlySet<string> = new Set([
  'application_name',
  'cluster_name',
  'role',
  'session_authorization',
]);

/** The value as the setting takes it: a name is cut like any other, with a NOTICE. */
export function settingValue(session: Session, name: string, value: string): string {
  if (!namingSettings.has(name.toLowerCase())) return value;
  const cut = truncateIdentifier(value);
  if (cut !== value) session.notice(truncationNotice(value));
  return cut;
}

/** As SET does it, set_config included; null resets. */
export function assignSetting(session: Session, name: string, given: string | null, isLocal: boolean): void {
  const value = given === null ? null : settingValue(session, name, given);
  switch (name.toLowerCase()) {
    case 'transaction_isolation':
    case 'transaction_read_only':
    case 'transaction_deferrable':
      setTransactionSetting(session, name.toLowerCase(), value);
      return;
    case 'role':
    case 'session_authorization':
      session.switchUser(name.toLowerCase() as 'role' | 'session_authorization', value, isLocal);
      return;
    default:
      session.settings.set(name, value, {
        local: isLocal,
        source: 'session',
        isSuperuser: mayChangeParameter(session, name, 'set'),
      });
  }
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS AS TRANSACTION, SET TRANSACTION SNAPSHOT. */
function setMultiple(session: Session, statement: VariableSetStmt): void {
  if (statement.name === 'TRANSACTION SNAPSHOT') {
    const name = statement.args?.[0];
    if (!session.transactions.isInAnyBlock && session.procedural.context.isEmpty) warnOutsideBlock(session);
    session.transactions.importSnapshot(name === undefined ? '' : argumentText(name, session).text);
    return;
  }
  const modes = modesOf(statement.args ?? []);
  if (statement.name === 'TRANSACTION') {
    if (!session.transactions.isInAnyBlock && session.procedural.context.isEmpty) {
      warnOutsideBlock(session);
      return;
    }
    session.transactions.setModes(modes);
    return;
  }
  if (statement.name === 'SESSION CHARACTERISTICS') {
    const set = (name: string, value: string) =>
      session.settings.set(name, value, { local: false, source: 'session', isSuperuser: session.isSuperuser });
    if (modes.isolation) set('default_transaction_isolation', modes.isolation);
    if (modes.readOnly !== undefined) set('default_transaction_read_only', modes.readOnly ? 'on' : 'off');
    if (modes.deferrable !== undefined) set('default_transaction_deferrable', modes.deferrable ? 'on' : 'off');
    return;
  }
  throw pgError(SqlState.featureNotSupported, `SET ${statement.name} is not supported yet`);
}

function warnOutsideBlock(session: Session): void {
  session.notice({
    severity: 'WARNING',
    code: SqlState.noActiveSqlTransaction,
    message: 'SET TRANSACTION can only be used in transaction blocks',
    fields: {},
  });
}

function setTransactionSetting(session: Session, name: string, value: string | null): void {
  if (value === null) throw pgError(SqlState.featureNotSupported, `parameter "${name}" cannot be reset`);
  session.transactions.setModes(transactionModeOf(name, value) ?? {});
}

/** The transaction's mode that a setting stands for; null for other settings. Throws 22023. */
export function transactionModeOf(name: string, value: string): Partial<TransactionOptions> | null {
  switch (name.toLowerCase()) {
    case 'transaction_isolation':
      return { isolation: isolationOf(value) };
    case 'transaction_read_only':
      return { readOnly: flagOf(name, value) };
    case 'transaction_deferrable':
      return { deferrable: flagOf(name, value) };
    default:
      return null;
  }
}

function flagOf(name: string, value: string): boolean {
  const flag = parseBool(value);
  if (flag === undefined) throw pgError(SqlState.invalidParameterValue, `parameter "${name}" requires a Boolean value`);
  return flag;
}

/** A SET list as the one string that the setting parses: items of list settings are quoted where they must be. */
export function flatten(args: readonly Node[], session: Session, name: string): string {
  const isQuoted = isNameList(name);
  const parts = args.map((arg) => {
    const { text, isWord } = argumentText(arg, session);
    return isQuoted && isWord ? quoteIdentifier(text) : text;
  });
  if (parts.length > 1 && (settingDefinition(name)?.list ?? 'no') === 'no') {
    throw pgError(SqlState.invalidParameterValue, `SET ${name} takes only one argument`);
  }
  return parts.join(', ');
}

function argumentText(arg: Node, session: Session): { readonly text: string; readonly isWord: boolean } {
  if ('A_Const' in arg) return constantText(arg.A_Const);
  if ('TypeCast' in arg && arg.TypeCast.arg && 'A_Const' in arg.TypeCast.arg) {
    return { text: intervalText(session, arg.TypeCast), isWord: false };
  }
  throw pgError(SqlState.syntaxError, 'SET requires a constant');
}

function constantText(constant: A_Const): { readonly text: string; readonly isWord: boolean } {
  if (constant.sval) return { text: constant.sval.sval ?? '', isWord: true };
  if (constant.ival) return { text: String(constant.ival.ival ?? 0), isWord: false };
  if (constant.fval) return { text: constant.fval.fval ?? '0', isWord: false };
  if (constant.boolval) return { text: constant.boolval.boolval ? 'true' : 'false', isWord: false };
  return { text: '', isWord: false };
}

function isNameList(name: string): boolean {
  return settingDefinition(name)?.list === 'quoted';
}

/** SET TIME ZONE INTERVAL '...': the zone of that offset. */
function intervalText(session: Session, cast: TypeCast): string {
  const constant = cast.arg && 'A_Const' in cast.arg ? cast.arg.A_Const : undefined;
  const type = session.catalog.typeByOid(builtinType.interval);
  const value = type.behaviour.input(constant?.sval?.sval ?? '', type, -1, session.catalog.io) as Interval;
  const refuse = (detail: string) =>
    pgError(
      SqlState.invalidParameterValue,
      `invalid value for parameter "TimeZone": "INTERVAL '${type.behaviour.output(value, type, session.catalog.io)}'"`,
      { detail },
    );
  if (value.months !== 0) throw refuse('Cannot specify months in time zone interval.');
  if (value.days !== 0) throw refuse('Cannot specify days in time zone interval.');
  return fixedTimeZone(Number(value.microseconds / 1_000_000n)).name;
}

/** SHOW name / SHOW ALL. */
export function runVariableShow(session: Session, statement: VariableShowStmt): CommandResult {
  const name = statement.name ?? '';
  if (name.toLowerCase() === 'all') return showAll(session);
  const row: Row = [session.settings.show(name)];
  return rowsResult(showColumns(session, name), [row], 'SHOW');
}

/** Result columns of SHOW, for Describe. */
export function showColumns(session: Session, name: string): readonly ResultColumn[] {
  const names =
    name.toLowerCase() === 'all' ? ['name', 'setting', 'description'] : [settingDefinition(name)?.name ?? name];
  return names.map((column) => textColumn(session, column));
}

function showAll(session: Session): CommandResult {
  const rows: Row[] = session.settings
    .list()
    .filter((setting) => !setting.hiddenFromShowAll)
    .map((setting) => [setting.name, setting.shown, setting.shortDescription]);
  return rowsResult(showColumns(session, 'all'), rows, 'SHOW');
}

/** A column of text without an origin. */
export function textColumn(session: Session, name: string): ResultColumn {
  return { name, type: session.catalog.typeByOid(builtinType.text), typmod: -1, originTable: 0, originColumn: 0 };
}

/** Rows that are already there, as a command's result. */
export function rowsResult(columns: readonly ResultColumn[], rows: readonly Row[], tag: string): CommandResult {
  async function* batches(): AsyncGenerator<readonly Row[]> {
    if (rows.length > 0) yield rows;
  }
  return { kind: 'rows', columns, rows: batches(), tag: () => tag };
}
