// Which of a session's prepared statements the addon's point path may answer by itself, and when: only where nothing that
// the session was told (settings, roles, logging, LISTEN) asks for more than the reply. In doubt the session answers.
import { currentTimestamp } from '../base/clock.js';
import { ByteWriter } from '../base/bytes.js';
import { type PointProgramOptions, type TimedProgram, pointProgram } from '../executor/point-program.js';
import { pointTextsMax } from '../base/limits.js';
import type { ParsedStatement } from '../parser/parse.js';
import { type PointProgram, emptyProgram, pointAction } from '../storage/point-program.js';
import { PointSession, nativeWaitMs } from '../transaction/point-session.js';
import type { PlannedStatement } from '../trees/plan.js';
import { plainText } from './plan-cache/fingerprint.js';
import type { Template } from './plan-cache/template-cache.js';
import type { PreparedStatement } from './prepared-statement.js';
import { writeRowDescriptionOf } from './send-rows.js';
import type { Session } from './session.js';

/** What the addon was told of a statement, or that it need not be told. */
interface Offered {
  readonly plan: PlannedStatement | null;
  /** The statements' generation in which it was. */
  readonly generation: number;
  /** Microseconds since 2000-01-01 UTC; null: for ever. */
  readonly until: bigint | null;
}

export class PointStatements {
  private native: PointSession | null = null;
  private offered = new WeakMap<PreparedStatement, Offered>();
  /** Counts the times that all statements were forgotten. */
  private generation = 0;
  /** Skeletons of Query messages that the addon knows. */
  private readonly texts = new Set<string>();
  /** What `isAllowed` was found under. */
  private settingsGeneration = -1;
  private userId = -1;
  private isAllowed = false;
  private mayWait = false;

  constructor(
    private readonly session: Session,
    /** The client's socket. */
    private readonly descriptor: number,
  ) {}

  /** Tells the addon of a statement that is about to run, where it can be one of its own. */
  offer(prepared: PreparedStatement): void {
    const { session } = this;
    if (!this.mayRun()) return;
    const plan = prepared.settledPlan(session);
    if (this.isOffered(prepared, plan)) return;
    const made =
      plan === null ? transactionProgram(prepared.options.raw, prepared.sourceText) : this.program(prepared, plan);
    // A plan is looked at again until the user is known to have the privileges for it.
    if (made === 'later') return;
    this.offered.set(prepared, { plan, generation: this.generation, until: made?.until ?? null });
    if (made !== null) this.known().prepare(prepared.name, made.program);
  }

  /** The same for what Query messages of one skeleton run. */
  offerTemplate(template: Template): void {
    const { statement, check } = template;
    if (!check.isEmpty || !this.mayRun()) return;
    const plan = statement.settledPlan(this.session);
    if (plan === null || this.isOffered(statement, plan)) return;
    const made = this.program(statement, plan);
    if (made === 'later') return;
    this.offered.set(statement, { plan, generation: this.generation, until: made?.until ?? null });
    if (made !== null) this.prepareText(template, made.program);
  }

  /** The same for a Query message that begins or ends a transaction block. */
  offerTransaction(sql: string, raw: ParsedStatement): void {
    if (!('TransactionStmt' in raw.statement) || !this.mayRun() || this.texts.has(sql)) return;
    const made = transactionProgram(raw, sql);
    const skeleton = made === null ? null : plainText(sql);
    if (made !== null && skeleton !== null) this.prepareText({ skeleton, slots: [], fixed: [] }, made.program);
  }

  /** The statement is gone. */
  forget(name: string): void {
    this.native?.remove(name);
  }

  /** How often the addon has run a statement. */
  runs(name: string): number {
    return this.native?.runs(name) ?? 0;
  }

  /** The session waits for its client: the addon may answer from here on. */
  open(): void {
    const { session, native } = this;
    if (native === null || !this.mayRun()) return;
    if (session.hasPortals || session.connection.points?.isDrained() !== true) return;
    const { transactions, locks } = session;
    if (transactions.state === 'none' && transactions.current === null) return native.open(locks.owner, this.mayWait);
    const lent = native.hasStatements() ? transactions.lend() : null;
    if (lent !== null) native.goOn(locks.owner, this.mayWait, lent);
  }

  /** The session goes on: in the transaction that the addon had open, if there is one. */
  takeOver(): void {
    const { native, session } = this;
    if (native === null) return;
    const adopted = native.takeOver();
    if (session.statements.has('') && native.ranQuery()) session.dropUnnamed();
    if (adopted !== null) session.transactions.adopt(adopted);
  }

  /** Throws why the addon's commit failed. */
  throwFailure(): void {
    this.native?.throwFailure();
  }

  async end(): Promise<void> {
    await this.native?.end();
    this.native = null;
  }

  private known(): PointSession {
    const { session } = this;
    const { processId, slot } = session.connection;
    this.native ??= new PointSession(this.descriptor, { processId, slot }, session.statistics);
    return this.native;
  }

  private isOffered(prepared: PreparedStatement, plan: PlannedStatement | null): boolean {
    const before = this.offered.get(prepared);
    if (before === undefined || before.plan !== plan || before.generation !== this.generation) return false;
    return before.until === null || before.until > currentTimestamp();
  }

  private prepareText(text: Pick<Template, 'skeleton' | 'slots' | 'fixed'>, program: PointProgram): void {
    if (this.texts.size >= pointTextsMax) this.forgetAll();
    this.texts.add(text.skeleton);
    const fixed: [literal: number, text: string][] = [];
    for (const [literal, value] of text.fixed.entries()) if (value !== undefined) fixed.push([literal, value]);
    this.known().prepareText({ skeleton: text.skeleton, slots: text.slots, fixed }, program);
  }

  private forgetAll(): void {
    this.generation++;
    this.texts.clear();
    this.native?.forgetPrograms();
  }

  private program(prepared: PreparedStatement, plan: PlannedStatement): TimedProgram | null | 'later' {
    const { session } = this;
    const columns = prepared.columns(session);
    const options: PointProgramOptions = {
      catalog: session.catalog,
      database: session.connection.database.oid,
      userId: session.users.userId,
      parameterTypes: prepared.parameterTypes(session),
      text: prepared.sourceText,
      now: currentTimestamp(),
    };
    const made = pointProgram(plan, options);
    if (made === 'later' || made === null || columns === null) return made;
    const out = new ByteWriter(256);
    writeRowDescriptionOf(out, session, columns, []);
    made.program.description = Buffer.from(out.view());
    return made;
  }

  /** Nothing in force asks for more than the reply; what was offered under other settings or as another user is void. */
  private mayRun(): boolean {
    const { session } = this;
    const { settings, users } = session;
    if (this.settingsGeneration !== settings.generation || this.userId !== users.userId) {
      this.settingsGeneration = settings.generation;
      this.userId = users.userId;
      this.forgetAll();
      this.isAllowed = isPlainSession(session);
      this.mayWait = settings.int('lock_timeout') === 0 && settings.int('deadlock_timeout') >= 5 * nativeWaitMs;
    }
    return this.isAllowed && session.notifications.listening.length === 0;
  }
}

/** Settings of milliseconds that end sessions or transactions by the clock. */
const timeouts = [
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'statement_timeout',
] as const;

function isPlainSession({ settings, statementLog, clientEncoding }: Session): boolean {
  return (
    settings.text('default_transaction_isolation') === 'read committed' &&
    !settings.bool('default_transaction_read_only') &&
    !settings.bool('default_transaction_deferrable') &&
    settings.text('synchronous_commit') !== 'off' &&
    settings.text('session_replication_role') === 'origin' &&
    settings.bool('track_activities') &&
    settings.bool('standard_conforming_strings') &&
    clientEncoding === 'UTF8' &&
    timeouts.every((name) => settings.int(name) === 0) &&
    !statementLog.wantsAny
  );
}

/** BEGIN, COMMIT and ROLLBACK without more. */
function transactionProgram(raw: ParsedStatement | null, text: string): TimedProgram | null {
  const statement = raw?.statement;
  if (statement === undefined || !('TransactionStmt' in statement)) return null;
  const { kind, options, chain } = statement.TransactionStmt;
  if (chain === true || (options !== undefined && options.length > 0)) return null;
  const action = transactionActions[kind ?? ''];
  if (action === undefined) return null;
  return { program: emptyProgram(action, text), until: null };
}

const transactionActions: Readonly<Record<string, number>> = {
  TRANS_STMT_BEGIN: pointAction.begin,
  TRANS_STMT_COMMIT: pointAction.commit,
  TRANS_STMT_ROLLBACK: pointAction.rollback,
};
