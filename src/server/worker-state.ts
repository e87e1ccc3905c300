// What a worker knows of the server: its settings, the rules of authentication, TLS, its log.
import type { Logger } from 'pino';
import type { BaseSettings, ConfiguredSetting } from '../config/base-settings.js';
import type { ConnectionLimits } from './backend-slot.js';
import type { HbaFile } from './hba-file.js';
import type { Opening } from './startup-phase.js';
import type { TlsContext } from './tls.js';

export interface WorkerState {
  readonly id: number;
  readonly settings: BaseSettings;
  readonly log: Logger;
  readonly hba: HbaFile;
  /** null: TLS is off. */
  readonly tls: TlsContext | null;
  /** Salts of roles without a password derive from it. */
  readonly authenticationSecret: Buffer;
  readonly limits: ConnectionLimits;
  /** Sockets whose clients haven't logged in yet. */
  readonly opening: Set<Opening>;
}

/** What the main thread gives a worker to start with. */
export interface WorkerStart {
  readonly id: number;
  /** init: set the data directory up, then exit; verify: check what is in it, then exit. */
  readonly task: 'serve' | 'init' | 'verify';
  readonly configured: readonly ConfiguredSetting[];
  readonly dataDirectory: string;
}

/** Messages of the main thread to a worker. */
export type WorkerOrder =
  | { readonly kind: 'reload'; readonly configured: readonly ConfiguredSetting[] }
  /** A round of automatic maintenance is due; one that still runs goes on instead. */
  | { readonly kind: 'autovacuum' }
  /** The server can't go on: say so to the clients and exit. */
  | { readonly kind: 'crash' }
  /** Close what is left and exit. */
  | { readonly kind: 'stop' };

/** Messages of a worker to the main thread. */
export type WorkerReport =
  | { readonly kind: 'ready' }
  /** Something that can't be worked with: says why, then exits. */
  | { readonly kind: 'failed'; readonly message: string }
  /** What a check has looked at, and what it has found. */
  | { readonly kind: 'looked'; readonly fact: string }
  | { readonly kind: 'found'; readonly problem: string }
  /** pg_reload_conf(). */
  | { readonly kind: 'reloadWanted' };

/** Listener numbers that connections come with. */
export const tcpListener = 0;
export const unixListener = 1;
