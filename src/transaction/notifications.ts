// LISTEN, UNLISTEN and NOTIFY of one session (manual: LISTEN, NOTIFY). What a transaction asks for takes effect when it
// commits, what a rolled back savepoint asked for never does. The queue itself is the process's and lives in the addon:
//  1. Before the commit the session takes its place in the queue, so that it misses nothing committed after it, and
//     takes room for its own notifications (54000 where there is none).
//  2. The store's writer publishes them as the commit becomes visible: their order is the order of commits.
//  3. After the commit the session listens to its new channels alone.
import { addon } from '../base/addon.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Notice } from '../errors/pg-error.js';
import { native } from '../storage/native-error.js';
import { workerNumber } from './worker-locks.js';

/** NAMEDATALEN - 1 bytes, as of any identifier. */
const channelBytesMax = 63;
/** PostgreSQL's limit: a notification fits on one of its pages. */
const payloadBytesMax = 7999;

type Action =
  | { readonly kind: 'listen' | 'unlisten'; readonly channel: string }
  | { readonly kind: 'unlistenAll' }
  | { readonly kind: 'notify'; readonly channel: string; readonly payload: string };

/** One notification for the client. */
export interface ReceivedNotification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

export interface NotificationEnvironment {
  readonly slot: number;
  readonly processId: number;
  readonly database: number;
  notice(notice: Notice): void;
}

export class SessionNotifications {
  /** Channels listened to, in the order of LISTEN. */
  private channels: readonly string[] = [];
  /** What the transaction asked for, in order. */
  private actions: Action[] = [];
  /** Its notifications, to drop those that come again. */
  private known = new Set<string>();
  /** The channels once the commit is through; null outside of one. */
  private next: readonly string[] | null = null;

  /** The last `take` left some. */
  hasMore = false;

  constructor(private readonly environment: NotificationEnvironment) {}

  /** pg_listening_channels(): committed ones. */
  get listening(): readonly string[] {
    return this.channels;
  }

  /** The transaction has used LISTEN, UNLISTEN or NOTIFY. */
  get isPending(): boolean {
    return this.actions.length > 0;
  }

  listen(channel: string): void {
    this.actions.push({ kind: 'listen', channel });
  }

  unlisten(channel: string): void {
    // Nothing to end: not even this transaction may have begun to listen.
    if (this.channels.length === 0 && this.actions.length === 0) return;
    this.actions.push({ kind: 'unlisten', channel });
  }

  unlistenAll(): void {
    if (this.channels.length === 0 && this.actions.length === 0) return;
    this.actions.push({ kind: 'unlistenAll' });
  }

  /** NOTIFY and pg_notify(); throws 22023 for a name or payload that is too long. */
  notify(channel: string, payload: string): void {
    const refuse = (message: string) => pgError(SqlState.invalidParameterValue, message);
    if (channel === '') throw refuse('channel name cannot be empty');
    if (Buffer.byteLength(channel) > channelBytesMax) throw refuse('channel name too long');
    if (Buffer.byteLength(payload) > payloadBytesMax) throw refuse('payload string too long');
    const key = keyOf(channel, payload);
    if (this.known.has(key)) return;
    this.known.add(key);
    this.actions.push({ kind: 'notify', channel, payload });
  }

  /** Mark of a savepoint for `rollBackTo`. */
  mark(): number {
    return this.actions.length;
  }

  rollBackTo(mark: number): void {
    for (const action of this.actions.splice(mark)) {
      if (action.kind === 'notify') this.known.delete(keyOf(action.channel, action.payload));
    }
  }

  /**
   * Before the commit: from here on the session is in the queue. Returns the number of its own notifications' batch, to
   * be published with the commit; 0 where there are none. Throws 54000; then `rolledBack` must follow.
   */
  stage(): number {
    if (!this.isPending) return 0;
    this.next = this.channelsAfter();
    const both = new Set([...this.channels, ...this.next]);
    if (this.next !== this.channels) this.register([...both]);
    const texts = this.actions.flatMap((action) => (action.kind === 'notify' ? [action.channel, action.payload] : []));
    if (texts.length === 0) return 0;
    const { database, processId } = this.environment;
    const staged = native(() => addon.notifyStage(workerNumber(), database, processId, texts));
    if (staged.fullPercent >= 0) this.environment.notice(fullWarning(staged.fullPercent, staged.slowestPid));
    return staged.number;
  }

  committed(): void {
    if (!this.isPending) return;
    const { next } = this;
    this.forget();
    if (next === null || next === this.channels) return;
    this.channels = next;
    this.register(next);
  }

  rolledBack(): void {
    if (!this.isPending) return;
    const wasStaged = this.next !== null && this.next !== this.channels;
    this.forget();
    if (wasStaged) this.register(this.channels);
  }

  /** UNLISTEN * outside of any transaction (DISCARD ALL, the session's end). */
  stop(): void {
    if (this.channels.length === 0) return;
    this.channels = [];
    this.register([]);
  }

  /** The next notifications for the client, about `bytesMax` of them; `hasMore` says whether that was all. */
  take(bytesMax: number): readonly ReceivedNotification[] {
    const { pids, texts, hasMore } = addon.notifyTake(this.environment.slot, bytesMax);
    this.hasMore = hasMore;
    return pids.map((processId, index) => ({
      processId,
      channel: texts[2 * index] ?? '',
      payload: texts[2 * index + 1] ?? '',
    }));
  }

  private channelsAfter(): readonly string[] {
    let channels: readonly string[] = this.channels;
    for (const action of this.actions) {
      if (action.kind === 'listen' && !channels.includes(action.channel)) channels = [...channels, action.channel];
      if (action.kind === 'unlisten' && channels.includes(action.channel))
        channels = channels.filter((channel) => channel !== action.channel);
      if (action.kind === 'unlistenAll' && channels.length > 0) channels = [];
    }
    return channels;
  }

  private register(channels: readonly string[]): void {
    const { slot, processId, database } = this.environment;
    addon.notifyListen(slot, workerNumber(), processId, database, [...channels]);
  }

  private forget(): void {
    this.actions = [];
    this.known = new Set();
    this.next = null;
  }
}

/** pg_notification_queue_usage(). */
export function notificationQueueUsage(): number {
  return addon.notifyUsage();
}

/** Pages that the queue has begun since the server's start. */
export function notificationPagesBegun(): number {
  return addon.notifyPagesBegun();
}

/** Publishes a staged batch whose transaction wrote nothing. */
export function publishNotifications(batch: number): void {
  if (batch !== 0) native(() => addon.notifyPublish(batch));
}

/** Gives a staged batch up. */
export function discardNotifications(batch: number): void {
  if (batch !== 0) addon.notifyDiscard(batch);
}

/** Channels have no NUL in them. */
function keyOf(channel: string, payload: string): string {
  return `${channel}\0${payload}`;
}

function fullWarning(percent: number, processId: number): Notice {
  return {
    severity: 'WARNING',
    code: SqlState.warning,
    message: `NOTIFY queue is ${Math.round(percent)}% full`,
    fields: {
      detail: `The server process with PID ${processId} is among those with the oldest transactions.`,
      hint: 'The NOTIFY queue cannot be emptied until that process ends its current transaction.',
    },
  };
}
