// One client's messages, one after the other, until it leaves. Errors end the statement and the transaction's step, never
// the loop, unless they are FATAL. Output collects until the client is waited for, so that replies to pipelined messages
// leave in one write.
import { type Awaitable, chain } from '../base/awaitable.js';
import { timeSliceMs } from '../base/limits.js';
import { SqlState } from '../errors/pg-error.js';
import { type FrontendMessage, frontendMessageType, isExtendedMessage } from '../wire/frontend.js';
import type { ReceiveTimeout } from '../wire/connection.js';
import { sendNotifications } from './send-notifications.js';
import { writeReadyForQuery } from '../wire/backend.js';
import { fatalError } from '../errors/pg-error.js';
import { reportError } from './report-error.js';
import { runExtended } from './extended-query.js';
import { runFunctionCall } from './function-call.js';
import { logDuration, runSimpleQuery } from './simple-query.js';
import type { Session } from './session.js';
import { transactionTimedOut } from './statement-timer.js';

/** Serves messages until the client terminates or is lost, or a FATAL error ends the session. */
export function runMessageLoop(session: Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const { slot } = session.connection;
    const loop = new MessageLoop(
      session,
      () => {
        loops.delete(slot);
        resolve();
      },
      (bug) => {
        loops.delete(slot);
        reject(bug);
      },
    );
    loops.set(slot, loop);
    loop.start();
  });
}

/** This worker's sessions by their slot in the registry of backends. */
const loops = new Map<number, MessageLoop>();

/** There are notifications for the session in the slot: it sends them now if it is idle, else once it is. */
export function deliverNotifications(slot: number): void {
  loops.get(slot)?.notified();
}

/** Runs on callbacks: most messages are handled as they come in, without a promise. */
class MessageLoop {
  private skipToSync = false;
  private isIdle = false;

  constructor(
    private readonly session: Session,
    private readonly end: () => void,
    private readonly fail: (bug: unknown) => void,
  ) {}

  start(): void {
    const { points } = this.session.connection;
    if (points) points.onFailure = () => this.commitFailed();
    sendReady(this.session);
    this.goOn(null);
  }

  /** Handles `first` and whatever else is there, then waits for more. */
  private goOn(first: FrontendMessage | null): void {
    try {
      for (let message = first ?? this.poll(); message !== null; message = this.poll()) {
        const isOver = this.take(message);
        if (isOver instanceof Promise) {
          isOver.then((over) => (over ? this.end() : this.goOn(null)), this.fail);
          return;
        }
        if (isOver) return this.end();
      }
      this.waitForClient();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The next message if it is here. A malformed one counts as the client's end. */
  private poll(): FrontendMessage | null {
    try {
      return this.session.connection.poll();
    } catch (error) {
      reportError(this.session, error);
      return { kind: 'terminate' };
    }
  }

  /** Handles one message; true where it was the session's last. */
  private take(message: FrontendMessage): Awaitable<boolean> {
    if (message.kind === 'terminate') return true;
    if (this.skipToSync && !endsSkip.has(frontendMessageType(message))) return false;
    this.skipToSync = false;
    try {
      const wait = handle(this.session, message);
      if (wait === undefined) return false;
      return wait.then(goesOn, (error: unknown) => this.failed(message, error));
    } catch (error) {
      return this.failed(message, error);
    }
  }

  private async failed(message: FrontendMessage, error: unknown): Promise<boolean> {
    const { session } = this;
    session.transactions.abort();
    await session.abortStatement();
    if (reportError(session, error) === 'fatal') return true;
    this.skipToSync = isExtendedMessage(frontendMessageType(message));
    if (!this.skipToSync) sendReady(session);
    return false;
  }

  private waitForClient(): void {
    this.session.enterIdle();
    const wait = this.session.connection.flushSoon();
    if (wait === undefined) this.listen();
    else wait.then(() => this.listen()).catch(this.fail);
  }

  private listen(): void {
    this.isIdle = true;
    if (!this.skipToSync) this.session.points?.open();
    this.session.connection.receiveThen(this.received, this.interrupted, idleTimeout(this.session));
    if (this.session.notifications.hasMore) this.notified();
  }

  /** Sends what came for an idle session, as fast as its client takes it. */
  notified(): void {
    const { session } = this;
    while (this.isIdle && sendNotifications(session)) {
      const wait = session.connection.flush();
      if (wait !== undefined) {
        wait.then(() => this.notified(), this.fail);
        return;
      }
    }
  }

  /** A commit of the addon's point path failed: the session says so, as of a COMMIT of its own. */
  private commitFailed(): void {
    const { session } = this;
    session.points?.takeOver();
    try {
      session.points?.throwFailure();
    } catch (error) {
      reportError(session, error);
    }
    sendReady(session);
    const wait = session.connection.flush();
    if (wait === undefined) session.points?.open();
  }

  private readonly received = (message: FrontendMessage | null): void => {
    this.isIdle = false;
    this.session.points?.takeOver();
    this.session.leaveIdle();
    if (message === null) this.end();
    else this.goOn(message);
  };

  private readonly interrupted = (error: unknown): void => {
    this.isIdle = false;
    reportError(this.session, error);
    this.end();
  };
}

const syncType = 0x53;
/** PasswordMessage, which only authentication knows. */
const passwordType = 0x70;
/** What is looked at after an error in the extended protocol; the rest is skipped. */
const endsSkip: ReadonlySet<number> = new Set([syncType, passwordType]);

function goesOn(): boolean {
  return false;
}

function handle(session: Session, message: FrontendMessage): Awaitable<void> {
  switch (message.kind) {
    case 'query':
      return runSimpleQuery(session, message.sql).then(() => {
        logDuration(session, message.sql);
        sendReady(session);
      });
    case 'parse':
    case 'bind':
    case 'describe':
    case 'execute':
    case 'close':
      return runExtended(session, message);
    case 'sync':
      return sync(session);
    case 'flush':
      return session.connection.flush();
    case 'functionCall':
      return runFunctionCall(session, message).then(() => sync(session));
    case 'invalid':
      throw message.error;
    case 'copyData':
    case 'copyDone':
    case 'copyFail':
      // Left over from a COPY that failed: the client may still have been sending (manual, section 53.2.6).
      return undefined;
    case 'password':
      throw fatalError(SqlState.protocolViolation, `invalid frontend message type ${passwordType}`);
    case 'terminate':
      return undefined;
  }
}

function sync(session: Session): Awaitable<void> {
  return chain(session.transactions.finishStatement(), () => {
    if (session.hasReadOutside) {
      session.hasReadOutside = false;
      session.dropPortals();
      session.statistics.transactionEnded(true);
    }
    sendReady(session);
    // A pipeline of quick statements must leave the others their turn.
    return session.timeSlice.yieldIfOver(timeSliceMs);
  });
}

/** idle_in_transaction_session_timeout or idle_session_timeout, or what is left of transaction_timeout, whichever is
 *  sooner. */
function idleTimeout(session: Session): ReceiveTimeout | undefined {
  const idle = idleSetting(session);
  const restMs = session.timer.transactionRestMs();
  if (restMs === null || (idle !== undefined && idle.ms < restMs)) return idle;
  return { ms: restMs, error: transactionTimedOut };
}

function idleSetting(session: Session): ReceiveTimeout | undefined {
  const isInBlock = session.transactions.isInBlock;
  const ms = session.settings.int(isInBlock ? 'idle_in_transaction_session_timeout' : 'idle_session_timeout');
  if (ms <= 0) return undefined;
  return {
    ms,
    error: () =>
      isInBlock
        ? fatalError(
            SqlState.idleInTransactionSessionTimeout,
            'terminating connection due to idle-in-transaction timeout',
          )
        : fatalError(SqlState.idleSessionTimeout, 'terminating connection due to idle-session timeout'),
  };
}

function sendReady(session: Session): void {
  session.endStatement();
  sendNotifications(session);
  session.sendParameterStatus();
  const status = { I: 'idle', T: 'inTransaction', E: 'failed' } as const;
  writeReadyForQuery(session.connection.out, status[session.transactions.statusByte]);
}
