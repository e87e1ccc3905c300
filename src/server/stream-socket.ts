// A transport over a stream of the runtime's: what TLS needs.
import type { Socket } from 'node:net';
import type { ByteWriter } from '../base/bytes.js';
import { plainAddress } from './address-range.js';
import { type Transport, type TransportOwner, lingerMs } from './transport.js';

export class StreamSocket implements Transport {
  readonly peer: Transport['peer'];
  readonly pumped = null;
  private owner: TransportOwner | null = null;
  /** Chunks that came while nobody owned it. */
  private early: Buffer[] = [];
  private hasEnded = false;

  constructor(readonly socket: Socket) {
    this.peer = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    socket.on('data', (chunk: Buffer) => {
      if (this.owner === null) this.early.push(chunk);
      else this.owner.received(chunk);
    });
    for (const event of ['end', 'close', 'error'] as const) socket.on(event, () => this.end());
    socket.on('drain', () => this.owner?.drained?.());
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  get isFull(): boolean {
    return this.socket.writableNeedDrain;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  own(owner: TransportOwner | null): void {
    this.owner = owner;
    if (owner === null) {
      this.socket.pause();
      return;
    }
    const { early } = this;
    this.early = [];
    for (const chunk of early) owner.received(chunk);
    if (this.hasEnded) owner.ended();
    else this.socket.resume();
  }

  write(bytes: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  send(out: ByteWriter): void {
    this.write(out.detach());
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    socket.destroySoon();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  destroy(): void {
    this.socket.destroy();
  }

  intoStream(): Socket {
    for (const event of ['data', 'end', 'close', 'error', 'drain'] as const) this.socket.removeAllListeners(event);
    return this.socket;
  }

  private end(): void {
    this.hasEnded = true;
    this.owner?.ended();
  }
}
