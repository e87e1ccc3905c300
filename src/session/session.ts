// One client's session: who it is, its settings, transaction, prepared statements and portals, and the services that the
// rooms below ask of it. The message loop drives it; the corridor (corridor.ts) runs statements in it.
import type { Logger } from 'pino';
import type { Awaitable } from '../base/awaitable.js';
import { currentTimestamp } from '../base/clock.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import type { Notice, PgError } from '../errors/pg-error.js';
import { createCatalog } from '../catalog/catalog.js';
import type { Catalog } from '../catalog/api.js';
import type { ServerInfo } from '../catalog/server-info.js';
import type { SessionSettings } from '../config/api.js';
import { parse, statementText } from '../parser/parse.js';
import type { ParsedStatement } from '../parser/parse.js';
import type { RandomState, ServiceKey, SessionServices } from '../functions/call-info.js';
import type { Execution } from '../executor/api.js';
import { checkDomainValue } from '../executor/table-writer.js';
import type { PointContext } from '../executor/point-select.js';
import type { Store } from '../storage/api.js';
import { sessionMemory } from '../types/memory.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import { executionContext, pointContext } from './corridor.js';
import { SessionLog } from './log/session-log.js';
import { StatementLog } from './log/statement-log.js';
import { characterPosition } from '../parser/position.js';
import { redacted } from './log/redact.js';
import { SessionNotifications } from '../transaction/notifications.js';
import { SessionActivity } from '../transaction/activity.js';
import type { SessionLocks, WaitEnvironment } from '../transaction/session-locks.js';
import { preparationRefused } from '../transaction/prepared.js';
import { SessionStatistics } from '../transaction/session-statistics.js';
import { backends } from '../transaction/server-services.js';
import { createTransactionManager } from '../transaction/transaction.js';
import type { SessionTransactions } from '../transaction/transaction.js';
import { type ClientConnection, hostAndPort } from '../wire/connection.js';
import { writeNoticeResponse } from '../wire/error-response.js';
import { writeBackendKeyData, writeParameterStatus } from '../wire/backend.js';
import { SessionIoSettings } from './io-settings.js';
import { icuRules } from './icu-collation.js';
import type { Portal } from './portal.js';
import type { PreparedStatement } from './prepared-statement.js';
import { createRandomState } from './random-state.js';
import { PointStatements } from './point-statements.js';
import { PreparedStatements } from './prepared-statements.js';
import { TransactionState } from './transaction-state.js';
import { SessionUsers, isSuperuser } from './users.js';
import { SessionSequences } from './services/sequences.js';
import { TemporaryTables } from './temporary-tables.js';
import { serializableLimits } from './serializable-limits.js';
import { ProceduralState } from './procedural/state.js';
import { StatementTimer } from './statement-timer.js';
import { TimeSlice } from './time-slice.js';
import { provideServices } from './services/provide.js';
import { statisticsSink } from './services/statistics.js';

/** What all sessions of a worker share. */
export interface WorkerEnvironment {
  readonly store: Store;
  readonly log: Logger;
  /** The same for what sessions say: their own settings are its levels. */
  readonly sessionLog: Logger;
  createSettings(session: Session): SessionSettings;
  readonly server: ServerFacts;
}

/** The server as its sessions may see it. */
export interface ServerFacts {
  readonly dataDirectory: string;
  /** Microseconds since 2000-01-01 UTC. */
  readonly startTimestamp: bigint;
  /** Rules of pg_hba.conf in force. */
  hbaRules(): readonly HbaRuleFacts[];
  /** pg_reload_conf(). */
  reload(): void;
}
export type HbaRuleFacts = ReturnType<ServerInfo['hbaRules']>[number];

export class Session implements SessionServices {
  readonly store: Store;
  readonly settings: SessionSettings;
  readonly catalog: Catalog;
  readonly transactions: TransactionState;
  readonly users: SessionUsers;
  readonly timer: StatementTimer;
  readonly activity: SessionActivity;
  readonly timeSlice = new TimeSlice();
  readonly sequences = new SessionSequences(this);
  readonly temporaryTables = new TemporaryTables(this);
  readonly locks: SessionLocks;
  readonly notifications: SessionNotifications;
  readonly statistics: SessionStatistics;
  readonly log: SessionLog;
  readonly statementLog: StatementLog;
  /** What waits for locks need to know. */
  readonly waitEnvironment: WaitEnvironment;
  /** Charged for what its statements hold and can't spill. */
  readonly memory = sessionMemory(() => this.settings.int('heliosdb.statement_memory') * 1024);
  readonly random: RandomState = createRandomState();
  readonly procedural: ProceduralState = new ProceduralState(this);
  /** Statements that the addon may answer by itself; null where the client's bytes do not come through it. */
  readonly points: PointStatements | null;
  readonly statements = new PreparedStatements((name) => this.points?.forget(name));
  readonly portals = new Map<string, Portal>();
  /** Running statements: cursors, and what the statement in hand has opened. */
  readonly openExecutions = new Set<Execution>();
  /** Text that error positions count in. */
  queryString = '';
  clientEncoding = 'UTF8';
  private encodingGeneration = -1;
  statementTimestamp = currentTimestamp();
  /** Statements since the last Sync ran without a transaction: they count as one. */
  hasReadOutside = false;
  private lazyPointContext: PointContext | null = null;
  private readonly manager: SessionTransactions;
  private readonly services = new Map<string, unknown>();

  constructor(
    readonly connection: ClientConnection,
    readonly environment: WorkerEnvironment,
  ) {
    this.store = environment.store;
    this.activity = new SessionActivity(connection.slot);
    this.settings = environment.createSettings(this);
    this.users = new SessionUsers(connection.role.oid);
    this.log = new SessionLog(this, environment.sessionLog);
    const tell = (notice: Notice, duration?: number) => this.notice(notice, duration);
    this.statementLog = new StatementLog(this.settings, tell, connection.isInternal === true);
    this.timer = new StatementTimer(this.settings, connection.interrupts);
    this.statistics = new SessionStatistics(
      connection.database.oid,
      connection.isInternal ? null : statisticsSink,
      () => this.settings.bool('track_counts'),
    );
    this.statistics.onTemporaryFile = (bytes) => this.statementLog.temporaryFile(bytes);
    this.waitEnvironment = {
      lockTimeoutMs: () => this.settings.int('lock_timeout'),
      deadlockTimeoutMs: () => this.settings.int('deadlock_timeout'),
      onInterrupt: (listener) => this.timer.subscribe(listener),
      checkInterrupts: () => this.checkInterrupts(),
      showWait: (event) => this.activity.setWait(event),
      waitLog: {
        isOn: () => this.settings.bool('log_lock_waits'),
        tell: (message, detail) =>
          this.noticeWithDetail({ severity: 'LOG', code: SqlState.successfulCompletion, message, fields: {} }, detail),
      },
    };
    this.notifications = new SessionNotifications({
      slot: connection.slot,
      processId: connection.processId,
      database: connection.database.oid,
      notice: (notice) => this.notice(notice),
    });
    const manager = createTransactionManager(environment.store, {
      processId: connection.processId,
      backend: connection.slot + 1,
      database: connection.database.oid,
      waits: this.waitEnvironment,
      transactionChanged: (change) => {
        if ('xid' in change) this.activity.setXid(change.xid);
        else this.transactionChanged(change.start);
      },
      serializableLimits: () => serializableLimits(this.settings),
      isTemporary: (relation) =>
        this.catalog.hasTemporaryNamespace() && this.catalog.relation(relation)?.persistence === 't',
      viewTaken: (sequence) => this.activity.setXmin(sequence),
      notifications: this.notifications,
      statistics: this.statistics,
      describeRelation: (relation) => this.catalog.relation(relation)?.name ?? String(relation),
    });
    this.locks = manager.locks;
    this.manager = manager;
    this.transactions = new TransactionState(manager, this.settings, {
      notice: (notice) => this.notice(notice),
      beforeCommit: () => this.beforeCommit(),
      beforePrepare: () => this.beforePrepare(),
      ended: (committed) => this.transactionEnded(committed),
      rolledBackTo: (depth) => this.rolledBackTo(depth),
    });
    this.catalog = createCatalog({
      store: environment.store,
      database: connection.database.oid,
      databaseName: connection.database.name,
      sessionId: connection.processId,
      transaction: () => this.transactions.current,
      userId: () => this.users.userId,
      sessionUserId: () => this.users.sessionUserId,
      searchPathSetting: () => this.settings.text('search_path'),
      ioSettings: new SessionIoSettings(this.settings, this, (value: Value, domain: TypeDescriptor) =>
        checkDomainValue(executionContext(this), domain, value),
      ),
      icuRules,
    });
    const { points } = connection;
    this.points = points ? new PointStatements(this, points.descriptor) : null;
    provideServices(this);
    this.statistics.count('sessions', 1);
  }

  get isSuperuser(): boolean {
    return isSuperuser(this.catalog, this.users.userId);
  }

  /** What SELECTs by key run under outside of transactions. */
  get pointContext(): PointContext {
    this.lazyPointContext ??= pointContext(this);
    return this.lazyPointContext;
  }

  service<T>(key: ServiceKey<T>): T {
    const found = this.services.get(key.name);
    if (found === undefined) throw new Error(`the session offers no service "${key.name}"`);
    return found as T;
  }

  /** Offers a service to the functions and commands of other rooms. */
  provide<T>(key: ServiceKey<T>, service: T): void {
    this.services.set(key.name, service);
  }

  setting(name: string): string | null {
    return this.settings.find(name);
  }

  /** A message to the client and the log, as each asks for it; `duration` (milliseconds) is what it tells of. */
  notice(notice: Notice, duration?: number): void {
    if (!this.procedural.context.isEmpty && notice.fields.where === undefined) {
      const fields = { ...notice.fields, where: this.procedural.context.text() };
      return this.tell({ ...notice, fields }, duration);
    }
    this.tell(notice, duration);
  }

  private tell(told: Notice, duration?: number): void {
    const { location, ...fields } = told.fields;
    const notice =
      location === undefined || location < 0
        ? told
        : { ...told, fields: { ...fields, position: characterPosition(this.queryString, location) } };
    this.log.write(duration === undefined ? notice : { ...notice, duration });
    this.show(notice);
  }

  private show(notice: Notice): void {
    if (!isShown(notice, this.settings.text('client_min_messages'))) return;
    writeNoticeResponse(this.connection.out, notice);
    // What goes on for long, or waits, has told by then.
    void this.connection.flushSoon();
  }

  /** The same with a detail that only the log gets. */
  private noticeWithDetail(notice: Notice, detail: string | null): void {
    this.log.write(detail === null ? notice : { ...notice, fields: { ...notice.fields, detail } });
    this.show(notice);
  }

  /** Parses a query string; truncated identifiers give their NOTICEs. */
  parse(sql: string): readonly ParsedStatement[] {
    const parsed = parse(sql);
    for (const notice of parsed.notices) this.notice(notice);
    return parsed.statements;
  }

  sliceOf(statement: ParsedStatement, sql: string): string {
    return statementText(sql, statement);
  }

  /** A new statement begins: its text, its clock, its timeout. */
  startStatement(sql: string): void {
    this.queryString = sql;
    this.procedural.reset();
    this.statementTimestamp = currentTimestamp();
    this.statementLog.begin();
    this.timer.start();
    this.activity.startQuery(sql);
  }

  /** A portal runs on: errors count in its text again. */
  resumeStatement(sql: string): void {
    this.followEncoding();
    this.queryString = sql;
    this.statementLog.begin();
    this.timer.start();
  }

  endStatement(): void {
    this.timer.stop();
    this.showXmin();
  }

  /** After an error: portals of a transaction that is gone are closed. */
  async abortStatement(): Promise<void> {
    this.timer.stop();
    if (this.transactions.current === null) await this.closePortals((portal) => !portal.isHeld);
  }

  /** Between statements a READ COMMITTED transaction holds no snapshot, unless a cursor does. */
  private showXmin(): void {
    const { current } = this.transactions;
    if (current === null || current.isolation === 'repeatable read' || current.isolation === 'serializable') return;
    const keepsOne = [...this.portals.values()].some((portal) => !portal.isHeld);
    if (!keepsOne) this.activity.setXmin(0);
  }

  private transactionChanged(start: bigint | null): void {
    this.activity.setTransaction(start);
    if (start === null) this.timer.stopTransaction();
    else {
      this.timer.startTransaction();
      this.statementLog.sampleTransaction();
    }
  }

  checkInterrupts(): void {
    this.timer.check();
  }

  enterIdle(): void {
    this.timer.stop();
    this.activity.setState(idleStates[this.transactions.statusByte]);
  }

  leaveIdle(): void {
    this.timeSlice.restart();
    this.activity.setState('active');
  }

  requireStatement(name: string): PreparedStatement {
    const prepared = this.statements.get(name);
    if (prepared) return prepared;
    throw pgError(
      SqlState.undefinedPstatement,
      name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`,
    );
  }

  requirePortal(name: string): Portal {
    const portal = this.portals.get(name);
    if (portal) return portal;
    throw pgError(SqlState.undefinedCursor, `portal "${name}" does not exist`);
  }

  requireCursor(name: string): Portal {
    const portal = this.portals.get(name);
    if (portal) return portal;
    throw pgError(SqlState.undefinedCursor, `cursor "${name}" does not exist`);
  }

  closePortal(name: string): Awaitable<void> {
    const portal = this.portals.get(name);
    if (portal === undefined) return undefined;
    this.portals.delete(name);
    return portal.close();
  }

  /** Statements ran outside of a transaction, and their messages end: so do their portals, of which nothing is open. */
  dropPortals(): void {
    for (const [name, portal] of this.portals) if (!portal.isHeld) this.portals.delete(name);
  }

  /** A cursor may be fetched from. An unnamed portal that has ended is none: a client that runs it again does so at once. */
  get hasPortals(): boolean {
    if (this.portals.get('')?.hasEnded === true) void this.closePortal('');
    return this.portals.size > 0;
  }

  /** DEALLOCATE ALL: the unnamed statement is the protocol's alone. */
  dropNamedStatements(): void {
    for (const name of [...this.statements.keys()]) if (name !== '') this.statements.delete(name);
  }

  /** A simple query ends the unnamed statement and portal. */
  async dropUnnamed(): Promise<void> {
    this.statements.delete('');
    if (this.portals.has('')) await this.closePortal('');
  }

  /** Follows client_encoding: SET takes effect with the next statement, even of the same query string. */
  followEncoding(): void {
    const { generation } = this.settings;
    if (generation === this.encodingGeneration) return;
    this.encodingGeneration = generation;
    const encoding = this.settings.text('client_encoding');
    if (encoding === this.clientEncoding) return;
    this.clientEncoding = encoding;
    this.connection.setEncoding(encoding);
  }

  sendStartup(): void {
    this.sendParameterStatus();
    writeBackendKeyData(this.connection.out, this.connection.processId, this.connection.secretKey);
  }

  sendParameterStatus(): void {
    this.followEncoding();
    for (const [name, value] of this.settings.takeReports()) {
      writeParameterStatus(this.connection.out, name, value);
      if (name === 'application_name') backends.setApplicationName(this.connection.slot, value);
    }
  }

  /** SET ROLE and SET SESSION AUTHORIZATION. */
  switchUser(kind: 'role' | 'session_authorization', name: string | null, isLocal: boolean): void {
    this.users.switchTo(kind, name, this.catalog, this.settings, isLocal);
  }

  /** Takes over whose session it is once its settings were put back. */
  followUsers(): void {
    this.users.follow(this.catalog, this.settings);
  }

  logError(error: PgError): void {
    this.log.write(error);
  }

  /** The transaction's number as the log shows it; 0 where it has none. */
  transactionId(): bigint {
    return this.transactions.current?.store.assignedXid ?? 0n;
  }

  logBug(thrown: unknown): void {
    // Whatever log_min_messages is: this must not go unseen.
    this.environment.sessionLog.error({ err: thrown, statement: redacted(this.queryString) }, 'internal error');
  }

  /** The session is over: nothing of it stays. */
  async end(): Promise<void> {
    this.timer.stop();
    this.logDisconnection();
    try {
      this.transactions.end();
      await this.closePortals(() => true);
      await this.temporaryTables.dropAll();
    } catch (error) {
      // Terminated while it tidied up: what is left in its temporary schema goes when the schema is used again.
      this.environment.log.warn({ err: error }, 'a session could not drop its temporary objects');
      this.transactions.end();
    } finally {
      await this.points?.end();
      this.manager.close();
      this.store.endSession(this.connection.processId);
    }
  }

  /** log_disconnections: whose session ended, after how long. */
  private logDisconnection(): void {
    const { connection, settings } = this;
    if (connection.isInternal === true || !settings.bool('log_disconnections')) return;
    const { client, role, database } = connection;
    const time = `session time: ${hoursAndSeconds(this.log.ageMs)}`;
    const message = `disconnection: ${time} user=${role.name} database=${database.name} ${hostAndPort(client)}`;
    this.log.write({ severity: 'LOG', code: SqlState.successfulCompletion, message, fields: {} });
  }

  /** Start of the transaction, outside of one of the statement. */
  get transactionTimestamp(): bigint {
    return this.transactions.current?.startTimestamp ?? this.statementTimestamp;
  }

  private beforeCommit(): Awaitable<void> {
    if (this.temporaryTables.hasActions) return this.temporaryTables.beforeCommit().then(() => this.settlePortals());
    return this.portals.size === 0 ? undefined : this.settlePortals();
  }

  /** What of a transaction can't be prepared; the rest of its portals ends. */
  private beforePrepare(): Awaitable<void> {
    for (const portal of this.portals.values())
      if (portal.options.holdable && !portal.isHeld) throw preparationRefused('created a cursor WITH HOLD');
    return this.closePortals((portal) => !portal.isHeld);
  }

  /** Holdable cursors read their rest; the other portals end with the transaction. */
  private settlePortals(): Awaitable<void> {
    for (const portal of this.portals.values()) {
      if (!portal.options.holdable || portal.isHeld) continue;
      return portal.materialize(this).then(() => {
        portal.isHeld = true;
        return this.settlePortals();
      });
    }
    return this.closePortals((portal) => this.endsNow(portal));
  }

  /** A portal of the transaction that ends; the one that runs the procedure which ends it stays. */
  private endsNow(portal: Portal): boolean {
    return !portal.isHeld && !(this.transactions.endsWithin && portal.mayEndTransaction);
  }

  private transactionEnded(committed: boolean): void {
    this.openExecutions.clear();
    // What SET LOCAL ROLE chose ends here, as does what a rolled back SET ROLE chose.
    this.users.follow(this.catalog, this.settings);
    if (committed) return;
    // Cursors end with their transaction; held ones belong to none.
    void this.closePortals((portal) => this.endsNow(portal));
  }

  private rolledBackTo(depth: number): void {
    for (const [name, portal] of this.portals) {
      if (portal.isHeld || portal.options.savepointDepth < depth) continue;
      this.portals.delete(name);
      void portal.close();
    }
    this.users.follow(this.catalog, this.settings);
  }

  private closePortals(which: (portal: Portal) => boolean): Awaitable<void> {
    for (const [name, portal] of this.portals) {
      if (!which(portal)) continue;
      this.portals.delete(name);
      const wait = portal.close();
      if (wait instanceof Promise) return wait.then(() => this.closePortals(which));
    }
    return undefined;
  }
}

const idleStates = { I: 'idle', T: 'idle in transaction', E: 'idle in transaction (aborted)' } as const;

const noticeRank: Readonly<Record<string, number>> = { DEBUG: 0, LOG: 1, NOTICE: 2, WARNING: 3, ERROR: 4, INFO: 5 };

/** client_min_messages: INFO always goes to the client. */
function isShown(notice: Notice, minimum: string): boolean {
  if (notice.severity === 'INFO') return true;
  const level = minimum.startsWith('debug') ? 'DEBUG' : minimum.toUpperCase();
  return (noticeRank[notice.severity] ?? 0) >= (noticeRank[level] ?? 2);
}

/** `0:00:12.345` */
function hoursAndSeconds(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  const rest = String(Math.floor(milliseconds % 1000)).padStart(3, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${rest}`;
}
