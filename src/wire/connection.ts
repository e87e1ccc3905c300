// What the server hands to a session: one authenticated client, with its messages and its output. The server room
// implements it over the socket; the session drives it. Declared here so that both may import it.
import type { ByteWriter } from '../base/bytes.js';
import type { PgError } from '../errors/pg-error.js';
import type { FrontendMessage } from './frontend.js';

export interface ClientConnection {
  /** Backend pid as pg_stat_activity and CancelRequest know it; unique in the process while the session lives. */
  readonly processId: number;
  /** The session's number in the registry of backends: its activity page and interrupt word. */
  readonly slot: number;
  /** Secret of BackendKeyData. */
  readonly secretKey: number;
  readonly startup: StartupParameters;
  readonly role: LoginRole;
  readonly database: LoginDatabase;
  /** Address and port of the client, null for a Unix-domain socket. */
  readonly client: { readonly address: string; readonly port: number } | null;
  /** pg_stat_ssl; null without TLS. */
  readonly tls: { readonly protocol: string; readonly cipher: string; readonly bits: number } | null;
  /** SYSTEM_USER: `method:identity`, null where authentication named nobody (trust). */
  readonly systemUser: string | null;
  readonly interrupts: Interrupts;
  /** A session of the server's own making: it counts in no statistics. */
  readonly isInternal?: true;

  /** Where the client's bytes come through the addon's point path; null or left out where they do not (TLS). */
  readonly points?: PointChannel | null;

  /** Messages for the client are appended here; `flush` sends them. */
  readonly out: ByteWriter;
  /** Sends what `out` holds. Returns a promise while the client doesn't keep up: await it before producing more. It
   *  resolves when the client caught up, was lost (`isClosed`), or an interrupt came. */
  flush(): Promise<void> | undefined;
  /** The same at the end of this turn of the event loop, for a session that goes on to wait for its client. */
  flushSoon(): Promise<void> | undefined;

  /** The next message if it is already here, else null. Throws 08P01 FATAL on a malformed one. */
  poll(): FrontendMessage | null;
  /** The contents of the CopyData messages that are here and come next, joined; null where none does. */
  pollCopyData?(): Buffer | null;
  /** Waits for the next message; null once the client is gone. Rejects with 57P01 FATAL (terminated, shutdown), or
   *  with `timeout.error()` after `timeout.ms`. Flush before waiting. Between statements a cancel request is
   *  dropped; inside of one (COPY FROM STDIN) `check` says what an interrupt does: its error rejects the wait. */
  receive(timeout?: ReceiveTimeout, check?: () => void): Promise<FrontendMessage | null>;
  /** The same between statements, by callbacks: one of them is called, once. */
  receiveThen(
    resolve: (message: FrontendMessage | null) => void,
    reject: (error: unknown) => void,
    timeout?: ReceiveTimeout,
  ): void;

  /** client_encoding changed: text both ways is in this encoding from here on. */
  setEncoding(encoding: string): void;

  /** The client hung up or was lost; everything written from now on is dropped. */
  readonly isClosed: boolean;
  /** Flushes and closes. The server does it when `serve` settles. */
  close(): void;
}

/** A client that the addon's point path may answer. */
export interface PointChannel {
  /** The plain socket's descriptor. */
  readonly descriptor: number;
  /** Nothing that came is left to be looked at, nothing written to be sent. */
  isDrained(): boolean;
  /** Called when a commit that the addon began has failed. */
  onFailure: () => void;
}

export interface ReceiveTimeout {
  readonly ms: number;
  readonly error: () => PgError;
}

export interface StartupParameters {
  readonly user: string;
  readonly database: string;
  /** Settings from the packet and its `options` (-c name=value), in order: [name, value]. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly isReplication: boolean;
}

/** Cancel and terminate requests against this backend: a word of shared memory, cheap to look at between batches. */
export interface Interrupts {
  /** A request waits: look at `take`. */
  readonly pending: boolean;
  /** Takes the request: terminate stays set. */
  take(): 'cancel' | 'terminate' | null;
  /** Called on the worker's event loop when a request arrives (while a lock wait or pg_sleep waits, say). */
  subscribe(listener: () => void): () => void;
}

/** A role as the log-in needs it (pg_authid). */
export interface LoginRole {
  readonly oid: number;
  readonly name: string;
  readonly canLogin: boolean;
  readonly isSuperuser: boolean;
  readonly isReplication: boolean;
  /** rolpassword: SCRAM verifier or md5 hash. */
  readonly password: string | null;
  /** rolvaliduntil in microseconds since 2000-01-01 UTC, null for ever. */
  readonly validUntil: bigint | null;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** Member of the role (directly or not), for +group and samerole in pg_hba.conf. */
  isMemberOf(role: string): boolean;
  /** May use connections kept by reserved_connections (pg_use_reserved_connections). */
  readonly mayUseReserved: boolean;
}

export interface LoginDatabase {
  readonly oid: number;
  readonly name: string;
  readonly allowsConnections: boolean;
  readonly connectionLimit: number;
  /** The role has CONNECT. */
  mayConnect(role: LoginRole): boolean;
}

/** A worker's sessions, as the session room offers them to the server. */
export interface SessionHost {
  /** null: no such role / database. */
  findRole(name: string): LoginRole | null;
  findDatabase(name: string): LoginDatabase | null;
  /** Serves an authenticated client (AuthenticationOk was sent) until it leaves: sends ParameterStatus, BackendKeyData and ReadyForQuery itself. Rejects only by a bug; the server then closes. */
  serve(connection: ClientConnection): Promise<void>;
}

/** `host=127.0.0.1 port=5432`, or `host=[local]`. */
export function hostAndPort(client: ClientConnection['client']): string {
  return client === null ? 'host=[local]' : `host=${client.address} port=${client.port}`;
}
