// One client's socket: bytes in are framed, output is written with back-pressure both ways. A client that doesn't read
// stops its session; a client that sends more than is being read is not read from.
import { addon } from '../base/addon.js';
import { atTurnEnd } from '../base/turn-end.js';
import { ByteWriter } from '../base/bytes.js';
import { unreadBytesMax } from '../base/limits.js';
import { fatalError, type PgError, SqlState } from '../errors/pg-error.js';
import type { PointChannel, ReceiveTimeout } from '../wire/connection.js';
import { MessageFramer } from '../wire/framing.js';
import { clientEncoder } from '../wire/text.js';
import type { FrontendMessage } from '../wire/frontend.js';
import type { Transport } from './transport.js';

/** Replies up to this size wait for the end of the turn. */
const turnBytesMax = 64 * 1024;

interface Waiter {
  /** Throws where an interrupt ends the wait. */
  check(): void;
  readonly resolve: (message: FrontendMessage | null) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

export class ClientSocket {
  readonly out = new ByteWriter(1024);
  private readonly framer = new MessageFramer();
  private waiter: Waiter | null = null;
  private drained: (() => void) | null = null;
  private isPaused = false;
  private isFlushDue = false;
  private hasEnded = false;
  /** Null where the addon's point path has no part in it. */
  readonly points: PointChannel | null;

  /** Takes over a transport on which the start-up packet was read; `rest` is what came after it. */
  constructor(
    private readonly transport: Transport,
    rest: Buffer,
    /** Throws where a waiting session must end at once (57P01). */
    private readonly checkIdle: () => void,
  ) {
    if (rest.length > 0) this.framer.push(rest);
    transport.own({
      received: (chunk) => this.receiveChunk(chunk),
      ended: () => this.end(),
      drained: () => this.wake(),
      commitFailed: () => this.points?.onFailure(),
    });
    const { pumped } = transport;
    this.points = pumped === null ? null : { descriptor: pumped, isDrained: () => this.isDrained, onFailure: () => {} };
  }

  private get isDrained(): boolean {
    return this.framer.bufferedBytes === 0 && this.transport.unsentBytes === 0 && !this.isPaused && !this.hasEnded;
  }

  get isClosed(): boolean {
    return this.hasEnded;
  }

  /** From here on, text both ways is in this encoding. */
  setEncoding(encoding: string): void {
    this.framer.encoding = encoding;
    this.out.encoder = clientEncoder(encoding);
  }

  flush(): Promise<void> | undefined {
    if (this.out.length > 0) this.transport.send(this.out);
    if (this.hasEnded || !this.transport.isFull) return undefined;
    return new Promise((resolve) => {
      this.drained = resolve;
    });
  }

  flushSoon(): Promise<void> | undefined {
    if (this.out.length > turnBytesMax || this.transport.unsentBytes > 0) return this.flush();
    if (this.out.length > 0 && !this.isFlushDue) {
      this.isFlushDue = true;
      atTurnEnd('last', this.flushNow);
    }
    return undefined;
  }

  private readonly flushNow = (): void => {
    this.isFlushDue = false;
    if (this.out.length > 0) this.transport.send(this.out);
  };

  poll(): FrontendMessage | null {
    const message = this.framer.next();
    if (message === null && this.isPaused) {
      this.isPaused = false;
      this.transport.resume();
    }
    return message;
  }

  pollCopyData(): Buffer | null {
    return this.framer.copyData(joinCopyData);
  }

  receive(timeout?: ReceiveTimeout, check = this.checkIdle): Promise<FrontendMessage | null> {
    return new Promise((resolve, reject) => {
      this.await({ check, resolve, reject, timer: this.timer(timeout) });
    });
  }

  receiveThen(resolve: Waiter['resolve'], reject: Waiter['reject'], timeout?: ReceiveTimeout): void {
    this.await({ check: this.checkIdle, resolve, reject, timer: this.timer(timeout) });
  }

  private await(waiter: Waiter): void {
    this.waiter = waiter;
    this.serve();
  }

  private timer(timeout: ReceiveTimeout | undefined): NodeJS.Timeout | undefined {
    return timeout && setTimeout(() => this.settle()?.reject(timeout.error()), timeout.ms);
  }

  /** Ends the wait; what waited, to be told. */
  private settle(): Waiter | null {
    const { waiter } = this;
    this.waiter = null;
    if (waiter?.timer !== undefined) clearTimeout(waiter.timer);
    return waiter;
  }

  /** A statement of the client waits for a lock in the addon's point path, or comes from there after it has. */
  isParked(): boolean {
    return this.points !== null && addon.pointsIsParked(this.points.descriptor);
  }

  /** An interrupt came: what waits looks again. */
  interrupt(): void {
    this.wake();
    if (this.waiter !== null) this.serve();
  }

  close(): void {
    void this.flush();
    this.transport.close();
  }

  private receiveChunk(chunk: Buffer): void {
    this.framer.push(chunk);
    if (this.waiter !== null) this.serve();
    // A message larger than the bound must come in whole before it can be taken: only unread ones hold the client up.
    if (this.waiter === null && this.framer.bufferedBytes > unreadBytesMax && !this.isPaused) {
      this.isPaused = true;
      this.transport.pause();
    }
  }

  /** Gives the waiting session what there is: a message, an error, or the end. */
  private serve(): void {
    const { waiter } = this;
    if (waiter === null) return;
    let message: FrontendMessage | null;
    try {
      waiter.check();
      message = this.poll();
    } catch (error) {
      this.settle()?.reject(error);
      return;
    }
    if (message !== null || this.hasEnded) this.settle()?.resolve(message);
  }

  private end(): void {
    this.hasEnded = true;
    this.wake();
    this.serve();
  }

  private wake(): void {
    this.drained?.();
    this.drained = null;
  }
}

function joinCopyData(bytes: Buffer, start: number): readonly number[] {
  return addon.copyDataJoin(bytes, start);
}

/** What is said where something that sessions share has failed. */
export function crashed(): PgError {
  return fatalError(SqlState.crashShutdown, 'terminating connection because of crash of another server process', {
    detail:
      'The postmaster has commanded this server process to roll back the current transaction and exit, because another' +
      ' server process exited abnormally and possibly corrupted shared memory.',
    hint: 'In a moment you should be able to reconnect to the database and repeat your command.',
  });
}

/** The error that ends a session on request or shutdown. */
export function terminated(): Error {
  return fatalError(SqlState.adminShutdown, 'terminating connection due to administrator command');
}
