// The worker's end of the lock table: tickets of waiting requests and who waits for them. Started once per worker.
import { addon } from '../base/addon.js';

let worker = 0;
let isStarted = false;
const waiting = new Map<number, () => void>();

/** Connects this worker to the lock table; `id` is unique in the process. Done at once by the first session where the
 *  server didn't (tests, tools). */
export function startLocks(id: number): void {
  if (isStarted) return;
  isStarted = true;
  worker = id;
  addon.locksAddWorker(worker, deliver);
}

/** Number of this worker among those of the process. */
export function workerNumber(): number {
  return worker;
}

/** Registers a session with the lock table. */
export function addOwner(processId: number): number {
  startLocks(0);
  return addon.locksAddOwner(worker, processId);
}

/** Calls `granted` once the ticket's lock is granted. */
export function awaitTicket(ticket: number, granted: () => void): void {
  waiting.set(ticket, granted);
  // The wait keeps the process alive: the lock table's wake-up alone doesn't.
  keepAlive ??= setInterval(() => {}, keepAliveMs);
}

/** The ticket was given up. */
export function forgetTicket(ticket: number): void {
  waiting.delete(ticket);
  rest();
}

const keepAliveMs = 60_000;
let keepAlive: NodeJS.Timeout | undefined;

function deliver(): void {
  for (const ticket of addon.locksTakeSettled(worker)) {
    const granted = waiting.get(ticket);
    waiting.delete(ticket);
    granted?.();
  }
  rest();
}

function rest(): void {
  if (waiting.size > 0 || keepAlive === undefined) return;
  clearInterval(keepAlive);
  keepAlive = undefined;
}
