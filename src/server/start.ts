// `heliosdb start` and `heliosdb init`: configuration, data directory, store, workers, listeners, and the way down again.
// SIGTERM waits for clients to leave (smart), SIGINT ends their sessions (fast), SIGQUIT leaves at once and lets the next
// start recover (immediate), as PostgreSQL's do.
import { join } from 'node:path';
import type { Logger } from 'pino';
import { addon, autovacuumKind, warmUpKind } from '../base/addon.js';
import type { BaseSettings } from '../config/base-settings.js';
import type { StartCommand } from '../config/command-line.js';
import { postgresqlVersion } from '../config/generated/settings.js';
import { ConfigurationError } from '../config/toml-file.js';
import { closeStore, onStoreDeath, openStore } from '../storage/store.js';
import { checkAccess, listenAddresses, readConfiguration } from './configuration.js';
import type { Configuration } from './configuration.js';
import { authenticationSecret, finishDataDirectory, prepareDataDirectory, storeDirectory } from './data-directory.js';
import { makeLog } from './log.js';
import { Supervisor } from './supervisor.js';
import { tlsContext } from './tls.js';
import { tcpListener, unixListener } from './worker-state.js';

/** Makes the data directory and stops. */
export async function init(command: StartCommand): Promise<void> {
  const server = new Server(command);
  await server.open();
  await server.close();
  process.stdout.write(`Data directory ${server.configuration.dataDirectory} is ready.\n`);
}

/** Serves until a signal ends it. */
export async function start(command: StartCommand): Promise<void> {
  const server = new Server(command);
  await server.open();
  await server.serve();
}

const sessionPollMs = 20;
const terminateLogMs = 10_000;

class Server {
  configuration: Configuration;
  private readonly log: Logger;
  private readonly supervisor: Supervisor;
  private stopping: 'smart' | 'fast' | null = null;

  constructor(private readonly command: StartCommand) {
    this.configuration = readConfiguration(command);
    this.log = makeLog(this.configuration.settings, 0);
    this.supervisor = new Supervisor({
      log: this.log,
      dataDirectory: this.configuration.dataDirectory,
      heapMb: this.configuration.settings.int('heliosdb.worker_memory'),
      configured: () => this.configuration.configured,
      onReloadWanted: () => this.reload(),
    });
  }

  /** Opens the store, setting the directory up where it is new. */
  async open(): Promise<void> {
    // A write beyond the size allowed for files must fail like one to a full disk, not end the process.
    process.on('SIGXFSZ', () => {});
    const { dataDirectory, settings } = this.configuration;
    const isNew = prepareDataDirectory(dataDirectory);
    checkAccess(this.configuration);
    tlsContext(settings, dataDirectory);
    addon.activityConfigure(settings.int('track_activity_query_size'));
    addon.notifyConfigure(settings.int('max_notify_queue_pages'), join(dataDirectory, 'pg_notify'));
    const store = openStore(storeDirectory(dataDirectory), { fsync: settings.bool('fsync') });
    authenticationSecret(dataDirectory);
    onStoreDeath((message) => void this.crash(message));
    if (!isNew) {
      // What the log held goes into the base while sessions come: start after crash would replay ever more of it.
      store
        .checkpoint()
        .catch((error: unknown) => this.log.error({ err: error }, 'the checkpoint after the start failed'));
      return;
    }
    process.stdout.write(`Setting up a new data directory in ${dataDirectory} ...\n`);
    await this.supervisor.initialize();
    finishDataDirectory(dataDirectory);
  }

  async close(): Promise<void> {
    await this.supervisor.stop();
    closeStore();
  }

  async serve(): Promise<void> {
    const { settings } = this.configuration;
    await this.supervisor.start(settings.int('heliosdb.workers'));
    const listening = this.listen(settings);
    process.on('SIGTERM', () => void this.shutDown('smart'));
    process.on('SIGINT', () => void this.shutDown('fast'));
    process.on('SIGQUIT', () => process.exit(2));
    process.on('SIGHUP', () => this.reload());
    this.scheduleAutovacuum();
    process.stdout.write(banner(this.configuration, listening));
    this.log.info({ listening }, 'ready to accept connections');
  }

  /** A round of automatic maintenance each autovacuum_naptime, as the settings are then. */
  private scheduleAutovacuum(): void {
    const napSeconds = this.configuration.settings.int('autovacuum_naptime');
    setTimeout(() => {
      if (this.stopping !== null) return;
      const { settings } = this.configuration;
      if (settings.bool('autovacuum') && settings.bool('track_counts'))
        this.supervisor.orderOne({ kind: 'autovacuum' });
      this.scheduleAutovacuum();
    }, napSeconds * 1000).unref();
  }

  /** Listens everywhere it should; throws ConfigurationError where it can't. Returns where it does. */
  private listen(settings: BaseSettings): string[] {
    const port = settings.int('port');
    const listening: string[] = [];
    const failures: string[] = [];
    const attempt = (name: string, action: () => string) => {
      try {
        listening.push(action());
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      }
    };
    for (const address of listenAddresses(settings).flatMap(expandAddress)) {
      attempt(`${address}:${port}`, () => `${address}:${addon.acceptorListenTcp(address, port, tcpListener)}`);
    }
    const hasTcp = listening.length > 0 || listenAddresses(settings).length === 0;
    for (const directory of unixDirectories(settings)) {
      const path = join(directory, `.s.PGSQL.${port}`);
      attempt(path, () => {
        addon.acceptorListenUnix(path, settings.int('unix_socket_permissions') || 0o777, unixListener);
        return path;
      });
    }
    if (!hasTcp || listening.length === 0) throw new ConfigurationError(`could not listen on ${failures.join('; ')}`);
    for (const failure of failures) this.log.warn(`could not listen on ${failure}`);
    return listening;
  }

  /** SIGHUP and pg_reload_conf(): new values for all workers; a mistake leaves everything as it is. */
  private reload(): void {
    try {
      this.configuration = readConfiguration(this.command);
      this.supervisor.order({ kind: 'reload', configured: this.configuration.configured });
      this.log.info('configuration reloaded');
    } catch (error) {
      this.log.error(`configuration not reloaded: ${(error as Error).message}`);
    }
  }

  private async shutDown(mode: 'smart' | 'fast'): Promise<void> {
    if (this.stopping === 'fast' || this.stopping === mode) return;
    const isFirst = this.stopping === null;
    this.stopping = mode;
    this.log.info({ mode }, 'shutting down');
    if (mode === 'fast') endSessions();
    endMaintenance();
    if (!isFirst) return;
    addon.acceptorStop();
    let waitedMs = 0;
    while (addon.backendList().some(({ kind }) => kind !== warmUpKind)) {
      await new Promise((resolve) => setTimeout(resolve, sessionPollMs));
      waitedMs += sessionPollMs;
      // Sessions that opened while the signal came get it too.
      if (this.isFast()) endSessions();
      if (this.isFast() && waitedMs % terminateLogMs === 0) this.log.warn('waiting for sessions to end');
    }
    await this.close();
    this.log.info('shut down');
    process.exit(0);
  }

  /** A thread of the store has failed: nothing can be committed any more. What was acknowledged is in the log, so the next
   *  start has it. */
  private async crash(message: string): Promise<void> {
    this.stopping = 'fast';
    this.log.fatal(`${message}; the server stops, and recovers at the next start`);
    addon.acceptorStop();
    await this.supervisor.crash();
    process.exit(1);
  }

  private isFast(): boolean {
    return this.stopping === 'fast';
  }
}

const terminateBit = 2;

/** Automatic maintenance is no client to wait for. */
function endMaintenance(): void {
  for (const { pid, kind } of addon.backendList())
    if (kind === autovacuumKind) addon.backendInterrupt(pid, null, terminateBit);
}

function endSessions(): void {
  for (const backend of addon.backendList()) addon.backendInterrupt(backend.pid, null, terminateBit);
}

/** `localhost` is both loopback addresses, `*` every address of both families. */
function expandAddress(address: string): string[] {
  if (address === 'localhost') return ['127.0.0.1'];
  return [address === '*' ? '::' : address];
}

function unixDirectories(settings: BaseSettings): string[] {
  const directories = settings.text('unix_socket_directories').split(',');
  return directories.map((directory) => directory.trim().replaceAll('"', '')).filter((directory) => directory !== '');
}

function banner(configuration: Configuration, listening: readonly string[]): string {
  const port = configuration.settings.int('port');
  const tcp = listening.find((place) => !place.startsWith('/'));
  const host = tcp === undefined ? (listening[0] as string).replace(/\/[^/]*$/, '') : tcp.replace(/:\d+$/, '');
  return [
    `HeliosDB ${addon.nativeVersion()}, PostgreSQL ${postgresqlVersion} compatible`,
    `  data directory  ${configuration.dataDirectory}`,
    `  listening on    ${listening.join(', ')}`,
    `  connect with    psql -h ${host === '::' || host === '0.0.0.0' ? 'localhost' : host} -p ${port} -U postgres postgres`,
    '',
  ].join('\n');
}
