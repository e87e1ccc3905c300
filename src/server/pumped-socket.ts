// A transport over a plain socket. All of a worker's are watched together by the addon's pump: a round of it reads
// whoever sent something, and JavaScript is called once for all of them. Output is offered to the kernel directly, which
// nearly always takes it; what it doesn't waits here until there is room.
import { Socket } from 'node:net';
import { addon } from '../base/addon.js';
import type { ByteWriter } from '../base/bytes.js';
import { runTurn } from '../base/turn-end.js';
import { plainAddress } from './address-range.js';
import { type Transport, type TransportOwner, lingerMs } from './transport.js';

/** Bytes that one round of the pump may read, from all sockets. */
const roundBytes = 256 * 1024;
/** Arrivals that one round may tell of, two numbers each: descriptor, and what the constants below say or a length. */
const roundArrivals = 128;
const endArrival = 0;
const writableArrival = -1;
const failedArrival = -2;

/** Unsent bytes from which on a session waits for its client. */
const fullBytes = 64 * 1024;

/** The worker's pump, started with its first socket. */
class Pump {
  private static started: Pump | null = null;
  /** By descriptor. */
  readonly sockets = new Map<number, PumpedSocket>();
  private readonly bytes = Buffer.allocUnsafeSlow(roundBytes);
  private readonly arrivals = new Int32Array(2 * roundArrivals);

  static get(): Pump {
    if (Pump.started === null) {
      const pump = new Pump();
      addon.pumpStart(pump.bytes, pump.arrivals, (count) => runTurn(() => pump.deliver(count)));
      Pump.started = pump;
    }
    return Pump.started;
  }

  private deliver(count: number): void {
    const { bytes, arrivals, sockets } = this;
    let offset = 0;
    for (let at = 0; at < 2 * count; at += 2) {
      const socket = sockets.get(arrivals[at] as number);
      const arrival = arrivals[at + 1] as number;
      if (arrival > 0) {
        // The round's memory is used again: each client keeps its own bytes.
        socket?.receive(Buffer.from(bytes.subarray(offset, offset + arrival)));
        offset += arrival;
      } else if (arrival === writableArrival) socket?.sendRest();
      else if (arrival === failedArrival) socket?.commitFailed();
      else if (arrival === endArrival) socket?.end();
    }
  }
}

export class PumpedSocket implements Transport {
  readonly peer: Transport['peer'];
  /** Called once, when the client's connection is closed. */
  onGone: () => void = () => {};
  /** Since it was given up to the runtime. */
  private stream: Socket | null = null;
  private readonly pump = Pump.get();
  private owner: TransportOwner | null = null;
  /** Chunks that came while nobody owned it. */
  private early: Buffer[] = [];
  /** What the kernel didn't take yet. */
  private unsent: Buffer[] = [];
  unsentBytes = 0;
  private isRead = false;
  private hasEnded = false;
  private isClosing = false;
  isClosed = false;

  /** Takes over a descriptor that the acceptor handed to this worker. */
  constructor(private readonly descriptor: number) {
    const [address = '', port = '0'] = addon.socketPeer(descriptor);
    this.peer = { address: plainAddress(address), port: Number(port) };
    addon.pumpAdd(descriptor);
    this.pump.sockets.set(descriptor, this);
  }

  get pumped(): number | null {
    return this.stream === null ? this.descriptor : null;
  }

  get isFull(): boolean {
    return this.unsentBytes > fullBytes;
  }

  own(owner: TransportOwner | null): void {
    this.owner = owner;
    if (owner === null) {
      this.pause();
      return;
    }
    const { early } = this;
    this.early = [];
    for (const chunk of early) owner.received(chunk);
    if (this.hasEnded) owner.ended();
    else this.resume();
  }

  write(bytes: Buffer): void {
    if (this.isClosed || bytes.length === 0) return;
    const sent = this.unsentBytes > 0 ? 0 : addon.socketSend(this.descriptor, bytes, bytes.length);
    this.keepRest(bytes, sent);
  }

  send(out: ByteWriter): void {
    if (this.isClosed) return out.reset();
    if (this.unsentBytes > 0) return this.write(out.detach());
    const sent = out.sendTo((bytes, length) => addon.socketSend(this.descriptor, bytes, length));
    if (sent === out.length) out.reset();
    else this.keepRest(out.detach(), sent);
  }

  pause(): void {
    this.setRead(false);
  }

  resume(): void {
    this.setRead(true);
  }

  close(): void {
    if (this.isClosed || this.isClosing) return;
    if (this.unsentBytes === 0) return this.destroy();
    this.isClosing = true;
    setTimeout(() => this.destroy(), lingerMs).unref();
  }

  destroy(): void {
    this.stream?.destroy();
    if (this.isClosed) return;
    this.leavePump();
    addon.pumpClose(this.descriptor);
    this.end();
    this.onGone();
  }

  /** Sends a last message if it can go out at once: nothing is waiting before it, and the socket is still the pump's. */
  sayLast(bytes: Buffer): void {
    if (this.stream === null && this.unsentBytes === 0) this.write(bytes);
  }

  intoStream(): Socket {
    this.leavePump();
    addon.pumpRelease(this.descriptor);
    this.stream = new Socket({ fd: this.descriptor, readable: true, writable: true });
    this.stream.once('close', () => this.onGone());
    return this.stream;
  }

  receive(chunk: Buffer): void {
    if (this.owner === null) this.early.push(chunk);
    else this.owner.received(chunk);
  }

  commitFailed(): void {
    this.owner?.commitFailed?.();
  }

  end(): void {
    this.hasEnded = true;
    this.owner?.ended();
  }

  /** There is room again for what the kernel didn't take. */
  sendRest(): void {
    const rest = this.unsent.length === 1 ? (this.unsent[0] as Buffer) : Buffer.concat(this.unsent);
    this.unsent = [];
    this.unsentBytes = 0;
    this.keepRest(rest, addon.socketSend(this.descriptor, rest, rest.length));
    if (this.unsentBytes > 0) return;
    this.watch();
    if (this.isClosing) this.destroy();
    else this.owner?.drained?.();
  }

  /** Keeps what was not sent of `bytes`; a lost client's is dropped. */
  private keepRest(bytes: Buffer, sent: number): void {
    if (sent < 0) return this.destroy();
    if (sent === bytes.length) return;
    const isFirst = this.unsentBytes === 0;
    this.unsent.push(bytes.subarray(sent));
    this.unsentBytes += bytes.length - sent;
    if (isFirst) this.watch();
  }

  private setRead(isRead: boolean): void {
    if (this.isRead === isRead || this.isClosed) return;
    this.isRead = isRead;
    this.watch();
  }

  private watch(): void {
    addon.pumpWatch(this.descriptor, this.isRead && !this.hasEnded, this.unsentBytes > 0);
  }

  private leavePump(): void {
    this.pump.sockets.delete(this.descriptor);
    this.isClosed = true;
    this.unsent = [];
    this.unsentBytes = 0;
  }
}
