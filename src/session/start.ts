// What the server asks of the session room when a worker starts: loads the rooms below, and offers the host of sessions
// and the setting-up of a data directory.
import type { Logger } from 'pino';
import '../functions/index.js';
import '../catalog/functions/index.js';
import { currentTimestamp } from '../base/clock.js';
import type { BaseSettings } from '../config/base-settings.js';
import { loadParser } from '../parser/parse.js';
import type { Store } from '../storage/api.js';
import { startLocks } from '../transaction/worker-locks.js';
import type { SessionHost } from '../wire/connection.js';
import { autovacuumRound } from './autovacuum.js';
import { createSettings } from './create-settings.js';
import { createSessionHost } from './host.js';
import { deliverNotifications } from './message-loop.js';
import { initializeDatabases } from './initialize.js';
import { verifyDatabases } from './verify.js';
import type { VerifyReporter } from './verify.js';
import { warmUp } from './warm-up.js';
import type { HbaRuleFacts, WorkerEnvironment } from './session.js';

export interface SessionRoomOptions {
  readonly workerId: number;
  readonly store: Store;
  readonly log: Logger;
  readonly settings: BaseSettings;
  readonly dataDirectory: string;
  /** Rules of pg_hba.conf as they are in force, and mistakes in it. */
  hbaRules(): readonly HbaRuleFacts[];
  /** pg_reload_conf(). */
  reload(): void;
}

export interface SessionRoom {
  readonly host: SessionHost;
  /** Fills a new data directory. */
  initialize(): Promise<void>;
  /** Compiles what clients' first statements need while the worker is idle; ends early once `isOver`. */
  warmUp(isOver: () => boolean): Promise<void>;
  /** There are notifications for the session in that slot of the registry of backends. */
  notified(slot: number): void;
  /** Checks what is in all databases; the store may be open for reading only. */
  verify(reporter: VerifyReporter): Promise<void>;
  /** Looks after the tables of all databases once. Never rejects. */
  autovacuum(isOver: () => boolean): Promise<void>;
}

/** Makes the worker ready for sessions. */
export async function startSessions(options: SessionRoomOptions): Promise<SessionRoom> {
  startLocks(options.workerId);
  await loadParser();
  const { store, log, settings, dataDirectory } = options;
  const environment: WorkerEnvironment = {
    store,
    log,
    sessionLog: log.child({}, { level: 'trace' }),
    createSettings: (session) => createSettings(settings, session),
    server: {
      dataDirectory,
      startTimestamp: currentTimestamp(),
      hbaRules: () => options.hbaRules(),
      reload: () => options.reload(),
    },
  };
  return {
    host: createSessionHost(environment),
    notified: deliverNotifications,
    initialize: () => initializeDatabases(environment),
    warmUp: (isOver) => warmUp(environment, isOver),
    verify: (reporter) => verifyDatabases(environment, reporter),
    autovacuum: (isOver) => autovacuumRound(environment, isOver),
  };
}
