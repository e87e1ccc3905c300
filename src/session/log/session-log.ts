// One session's lines in the server's log: which messages are logged (log_min_messages), with which facts, and with the
// statement that led to them (log_min_error_statement). The names are those of PostgreSQL's jsonlog.
import type { Logger } from 'pino';
import type { SessionSettings } from '../../config/api.js';
import type { ErrorFields, Severity } from '../../errors/pg-error.js';
import type { ClientConnection } from '../../wire/connection.js';
import { redacted, redactedMessage } from './redact.js';

/** What is logged: an error or a notice, or a LOG message with its duration. */
export interface LoggedMessage {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly fields: ErrorFields;
  /** Milliseconds. */
  readonly duration?: number;
}

export interface LoggingSession {
  readonly connection: ClientConnection;
  readonly settings: SessionSettings;
  /** Text of the statement in hand; '' where there is none. */
  readonly queryString: string;
  /** 0 where the transaction has none. */
  transactionId(): bigint;
}

/** In the order of log_min_messages, where LOG ranks above ERROR. */
const ranks: Readonly<Record<string, number>> = {
  DEBUG: 0,
  INFO: 1,
  NOTICE: 2,
  WARNING: 3,
  ERROR: 4,
  LOG: 5,
  FATAL: 6,
  PANIC: 7,
};

const pinoLevels = {
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  LOG: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
  PANIC: 'fatal',
} as const;

export class SessionLog {
  private readonly startedAtMs = Date.now();

  constructor(
    private readonly session: LoggingSession,
    private readonly log: Logger,
  ) {}

  /** Milliseconds since the session began. */
  get ageMs(): number {
    return Date.now() - this.startedAtMs;
  }

  /** Logs a message where the settings ask for it. */
  write(logged: LoggedMessage): void {
    const { settings } = this.session;
    if (!reaches(logged.severity, settings.text('log_min_messages'))) return;
    const isTerse = settings.text('log_error_verbosity') === 'terse';
    const { fields, duration } = logged;
    const { queryString } = this.session;
    const shown = (text: string) => redactedMessage(text, queryString);
    const facts = {
      ...this.who(),
      error_severity: logged.severity,
      state_code: logged.code,
      ...(isTerse ? {} : explanation(fields, shown)),
      ...(fields.position === undefined ? {} : { cursor_position: fields.position }),
      ...(this.tellsStatement(logged) ? { statement: redacted(queryString) } : {}),
      ...(duration === undefined ? {} : { duration }),
    };
    this.log[pinoLevels[logged.severity]](facts, shown(logged.message));
  }

  private tellsStatement({ severity }: LoggedMessage): boolean {
    // What is said of a statement names it itself.
    if (severity === 'LOG' || this.session.queryString === '') return false;
    return reaches(severity, this.session.settings.text('log_min_error_statement'));
  }

  /** Whose line it is. */
  private who(): Readonly<Record<string, unknown>> {
    const { connection, settings } = this.session;
    const applicationName = settings.text('application_name');
    const xid = this.session.transactionId();
    return {
      user: connection.role.name,
      dbname: connection.database.name,
      pid: connection.processId,
      ...(connection.client === null
        ? { remote_host: '[local]' }
        : { remote_host: connection.client.address, remote_port: connection.client.port }),
      session_id: `${Math.floor(this.startedAtMs / 1000).toString(16)}.${connection.processId.toString(16)}`,
      ...(xid === 0n ? {} : { txid: String(xid) }),
      ...(applicationName === '' ? {} : { application_name: applicationName }),
    };
  }
}

function reaches(severity: Severity, minimum: string): boolean {
  const lowest = minimum.startsWith('debug') ? 'DEBUG' : minimum.toUpperCase();
  return (ranks[severity] ?? 0) >= (ranks[lowest] ?? 0);
}

function explanation(fields: ErrorFields, shown: (text: string) => string): Readonly<Record<string, unknown>> {
  return {
    ...(fields.detail === undefined ? {} : { detail: shown(fields.detail) }),
    ...(fields.hint === undefined ? {} : { hint: fields.hint }),
    ...(fields.internalQuery === undefined ? {} : { internal_query: shown(fields.internalQuery) }),
    ...(fields.where === undefined ? {} : { context: shown(fields.where) }),
  };
}
