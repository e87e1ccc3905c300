// A backend worker: attaches to the process's store, lock table and registry, takes the connections it is handed, and
// serves each as a session of its host.
import { availableParallelism } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { addon } from '../base/addon.js';
import { ByteWriter } from '../base/bytes.js';
import { BaseSettings } from '../config/base-settings.js';
import { defined } from '../errors/unreachable.js';
import { startSessions } from '../session/start.js';
import type { SessionRoom } from '../session/start.js';
import { attachStore } from '../storage/store.js';
import { writeErrorResponse } from '../wire/error-response.js';
import { deliverInterrupt } from './backend-slot.js';
import { crashed } from './client-socket.js';
import { authenticationSecret } from './data-directory.js';
import { readHbaFile } from './hba-file.js';
import { hbaRows } from './hba-rows.js';
import { makeLog } from './log.js';
import { PumpedSocket } from './pumped-socket.js';
import { serveSocket } from './startup-phase.js';
import { tlsContext } from './tls.js';
import { unixListener } from './worker-state.js';
import type { WorkerOrder, WorkerReport, WorkerStart, WorkerState } from './worker-state.js';

const start = workerData as WorkerStart;
const port = defined(parentPort, 'the main thread');
const sockets = new Set<PumpedSocket>();
/** About how long a worker's warm-up takes. */
const warmUpMs = 1000;
let isStopping = false;
let isMaintaining = false;
const report = (message: WorkerReport) => port.postMessage(message);

try {
  await run();
} catch (error) {
  report({ kind: 'failed', message: (error as Error).stack ?? String(error) });
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const state = makeState();
  const room = await startSessions({
    workerId: start.id,
    store: attachStore(),
    log: state.log,
    settings: state.settings,
    dataDirectory: start.dataDirectory,
    hbaRules: () => hbaRows(state.hba),
    reload: () => report({ kind: 'reloadWanted' }),
  });
  if (start.task === 'init') {
    await room.initialize();
    report({ kind: 'ready' });
    port.close();
    return;
  }
  if (start.task === 'verify') {
    await room.verify({
      looked: (fact) => report({ kind: 'looked', fact }),
      found: (problem) => report({ kind: 'found', problem }),
    });
    report({ kind: 'ready' });
    port.close();
    return;
  }
  serve(state, room);
  report({ kind: 'ready' });
  if (!state.settings.bool('heliosdb.warm_up')) return;
  warmUp(room).catch((error: unknown) => state.log.error({ err: error }, 'the warm-up failed'));
}

/** One worker after the other: most clients come to the first one first. */
async function warmUp(room: SessionRoom): Promise<void> {
  const before = (start.id - 1) % availableParallelism();
  await new Promise((resolve) => setTimeout(resolve, before * warmUpMs).unref());
  await room.warmUp(() => isStopping);
}

function serve(state: MutableState, room: SessionRoom): void {
  // What nobody caught leaves this worker's sessions in nobody knows which state: they end, the others go on.
  process.on('uncaughtException', (error) => {
    state.log.fatal({ err: error }, 'an exception that nobody caught ends the worker and its sessions');
    crash();
  });
  addon.workerAdd(start.id, () => {
    const { descriptors, listeners, interrupted, notified } = addon.workerTakeMail(start.id);
    for (const [index, fd] of descriptors.entries()) accept(state, room, fd, listeners[index] === unixListener);
    for (const slot of interrupted) deliverInterrupt(slot);
    for (const slot of notified) room.notified(slot);
  });
  port.on('message', (order: WorkerOrder) => {
    if (order.kind === 'reload') reload(state, order);
    else if (order.kind === 'autovacuum') autovacuum(room);
    else if (order.kind === 'crash') crash();
    else stop(state);
  });
}

function autovacuum(room: SessionRoom): void {
  if (isMaintaining) return;
  isMaintaining = true;
  void room
    .autovacuum(() => isStopping)
    .finally(() => {
      isMaintaining = false;
    });
}

function accept(state: WorkerState, room: SessionRoom, fd: number, isLocal: boolean): void {
  const socket = new PumpedSocket(fd);
  sockets.add(socket);
  socket.onGone = () => {
    sockets.delete(socket);
    addon.workerConnectionClosed(start.id);
  };
  void serveSocket(state, room.host, socket, isLocal);
}

/** Tells the clients of plain connections, whose bytes go out at once, and ends the worker. */
function crash(): void {
  const out = new ByteWriter();
  writeErrorResponse(out, crashed());
  for (const socket of sockets) socket.sayLast(out.copy());
  process.exit(1);
}

/** Nothing waits any more: sessions were ended by the main thread, what is left is dropped. */
function stop(state: WorkerState): void {
  isStopping = true;
  for (const opening of state.opening) opening.abandon();
  for (const socket of sockets) socket.destroy();
  port.close();
  // Timers of the rooms may still be pending; the worker has nothing left to do.
  setTimeout(() => process.exit(0), 50);
}

type MutableState = { -readonly [Key in keyof WorkerState]: WorkerState[Key] };

function makeState(): MutableState {
  const settings = new BaseSettings(start.configured);
  return {
    id: start.id,
    settings,
    log: makeLog(settings, start.id),
    hba: readHbaFile(hbaPath(settings)),
    tls: tlsContext(settings, start.dataDirectory),
    authenticationSecret: authenticationSecret(start.dataDirectory),
    limits: limitsOf(settings),
    opening: new Set(),
  };
}

/** Takes new settings and rules; a file with mistakes leaves the old ones in force. */
function reload(state: MutableState, order: Extract<WorkerOrder, { kind: 'reload' }>): void {
  state.settings.reload(order.configured);
  const hba = readHbaFile(hbaPath(state.settings));
  if (hba.mistakes.length === 0) state.hba = hba;
  else state.log.error({ mistakes: hba.mistakes }, 'pg_hba.conf was not reloaded');
  try {
    state.tls = tlsContext(state.settings, start.dataDirectory);
  } catch (error) {
    state.log.error({ err: error }, 'TLS was not reloaded');
  }
}

function hbaPath(settings: BaseSettings): string {
  const path = settings.text('hba_file');
  return isAbsolute(path) ? path : join(start.dataDirectory, path === '' ? 'pg_hba.conf' : path);
}

function limitsOf(settings: BaseSettings): WorkerState['limits'] {
  return {
    connectionsMax: settings.int('max_connections'),
    superuserReserved: settings.int('superuser_reserved_connections'),
    reserved: settings.int('reserved_connections'),
  };
}
