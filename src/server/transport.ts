// How bytes travel between the server and one client, whatever carries them: a plain socket of the worker's pump
// (pumped-socket.ts), or a stream of the runtime's (stream-socket.ts: TLS).
import type { Socket } from 'node:net';
import type { ByteWriter } from '../base/bytes.js';

/** Takes a chunk, which is its to keep. */
export type Receiver = (chunk: Buffer) => void;

/** What else a transport's owner is told. */
export interface TransportOwner {
  readonly received: Receiver;
  /** The client sends no more, or was lost. May be told twice. */
  ended(): void;
  /** What was left unsent is with the kernel now. */
  drained?(): void;
  /** A commit of the addon's point path failed. */
  commitFailed?(): void;
}

export interface Transport {
  readonly peer: { readonly address: string; readonly port: number };
  /** Bytes that were written and not yet taken by the kernel. */
  readonly unsentBytes: number;
  /** So many that no more should be written for now. */
  readonly isFull: boolean;
  readonly isClosed: boolean;
  /** The descriptor of a socket whose input the addon's pump reads; null for others. */
  readonly pumped: number | null;

  /** From here on `owner` gets what comes; null: nobody, it is kept for the next owner. */
  own(owner: TransportOwner | null): void;
  /** Sends bytes, which are the transport's to keep. Dropped where the client is lost. */
  write(bytes: Buffer): void;
  /** Sends what the writer holds, and empties it. */
  send(out: ByteWriter): void;
  /** Stops reading, so that the client is held up, and goes on. */
  pause(): void;
  resume(): void;
  /** Closes once what was written is delivered, or after a while. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
  /** Gives the socket up to the caller as a stream of the runtime's. */
  intoStream(): Socket;
}

/** How long a closing socket may take to deliver what was written. */
export const lingerMs = 5000;
