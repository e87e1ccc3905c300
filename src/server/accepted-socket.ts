// A socket as it was accepted. What it receives goes to whoever owns it at the time (start-up, then the session) without
// the runtime's stream buffers: all sockets of a worker are read into one buffer, each chunk is copied out of it.
import { Socket } from 'node:net';

/** Bytes read from a socket at once. */
const readBytes = 64 * 1024;
const readBuffer = Buffer.allocUnsafe(readBytes);

/** Takes a chunk, which is its to keep. */
export type Receiver = (chunk: Buffer) => void;

export class AcceptedSocket {
  private receiver: Receiver | null = null;
  /** Chunks that came while nobody owned it. */
  private early: Buffer[] = [];

  private constructor(
    readonly socket: Socket,
    /** To send on directly; -1 where it is not known. */
    readonly descriptor: number,
  ) {}

  /** Wraps a descriptor that the acceptor handed over. */
  static of(descriptor: number): AcceptedSocket {
    const onread = {
      buffer: readBuffer,
      callback(length: number): boolean {
        accepted.deliver(Buffer.from(readBuffer.subarray(0, length)));
        return true;
      },
    };
    const options = { fd: descriptor, readable: true, writable: true, onread };
    const accepted = new AcceptedSocket(new Socket(options), descriptor);
    return accepted;
  }

  /** Wraps a socket that the runtime accepted. */
  static over(socket: Socket): AcceptedSocket {
    const accepted = new AcceptedSocket(socket, -1);
    socket.on('data', (chunk: Buffer) => accepted.deliver(chunk));
    return accepted;
  }

  /** From here on chunks go to `receiver`; null keeps them for the next one. */
  receive(receiver: Receiver | null): void {
    this.receiver = receiver;
    if (receiver === null) return;
    const { early } = this;
    this.early = [];
    for (const chunk of early) receiver(chunk);
  }

  private deliver(chunk: Buffer): void {
    if (this.receiver === null) this.early.push(chunk);
    else this.receiver(chunk);
  }
}
