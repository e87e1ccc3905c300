// What running statements hold in memory. Accounts form a tree: a plan node's, a statement's, a session's, the worker's.
// Whatever cannot spill is charged where it grows; an account over its limit ends the statement with 53200, and the
// worker lives on. Behind the accounts stands the heap itself: `checkHeap` looks at it now and then, so that what nobody
// charged can't end the worker either.
import { runInNewContext } from 'node:vm';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { listElementsMax } from '../base/limits.js';
import { type PgError, SqlState, pgError } from '../errors/pg-error.js';

/** Bytes that an account gathers before it tells the one above. */
const reportBytes = 64 * 1024;
/** Shares of the worker's heap: what charged memory may take, where a look at the heap begins to collect garbage, and
 *  what may be left after it. Above, V8 itself would end the worker. */
const chargedShare = 0.7;
const collectShare = 0.6;
const liveShare = 0.75;
const liveShareMax = 0.88;
/** Single values from this size on ask whether there is room before they are made. */
const largeValueBytes = 16 * 1024 * 1024;

/** 53200 in PostgreSQL's words. */
export function outOfMemory(bytes: number, context = 'ExecutorState'): PgError {
  return pgError(SqlState.outOfMemory, 'out of memory', {
    detail: `Failed on request of size ${Math.max(0, Math.round(bytes))} in memory context "${context}".`,
  });
}

export class MemoryAccount {
  private used = 0;
  /** Charged here and not yet above. */
  private unreported = 0;
  private isDoomed = false;

  /** `bytesMax` is asked with every charge; `name` is what an error calls the account. */
  constructor(
    readonly parent: MemoryAccount | null,
    private readonly name = 'ExecutorState',
    private readonly bytesMax: () => number = unlimited,
  ) {}

  get usedBytes(): number {
    return this.used;
  }

  /** Counts bytes that are held from now on. Throws 53200, and counts nothing, where there is no room for them. */
  charge(bytes: number): void {
    if (this.isDoomed || this.used + bytes > this.bytesMax()) {
      this.isDoomed = false;
      throw outOfMemory(bytes, this.name);
    }
    const { parent } = this;
    if (parent !== null) {
      if (this.unreported + bytes >= reportBytes) {
        parent.charge(this.unreported + bytes);
        this.unreported = 0;
      } else this.unreported += bytes;
    }
    if (this.used === 0 && parent === workerMemory) sessions.add(this);
    this.used += bytes;
  }

  release(bytes: number): void {
    this.used -= bytes;
    if (this.parent !== null) {
      this.unreported -= bytes;
      if (this.unreported <= -reportBytes || this.used <= 0) {
        if (this.unreported < 0) this.parent.release(-this.unreported);
        this.unreported = Math.max(0, this.unreported);
      }
    }
    if (this.used <= 0) sessions.delete(this);
  }

  /** Gives everything back. */
  clear(): void {
    const reported = this.used - this.unreported;
    if (this.parent !== null && reported !== 0) this.parent.release(reported);
    this.used = 0;
    this.unreported = 0;
    this.isDoomed = false;
    sessions.delete(this);
  }

  /** Its next charge or look at the heap fails: another statement needs the room. */
  doom(): void {
    this.isDoomed = true;
  }

  /** An account within this one. */
  child(name = this.name): MemoryAccount {
    return new MemoryAccount(this, name);
  }
}

function unlimited(): number {
  return Number.POSITIVE_INFINITY;
}

/** The young generation, which V8 counts in its limit, and what a worker's code and catalogs take of the rest. */
const youngBytes = 48 * 1024 * 1024;
const engineBytes = 64 * 1024 * 1024;
const heapLimit = getHeapStatistics().heap_size_limit - youngBytes;
const chargedMax = Math.max(heapLimit - engineBytes, engineBytes / 4) * chargedShare;

/** Everything that the sessions of this thread are charged for. */
export const workerMemory: MemoryAccount = new MemoryAccount(null, 'TopMemoryContext', () => chargedMax);
/** Sessions that hold something. */
const sessions = new Set<MemoryAccount>();

/** A session's account; `bytesMax` 0 stands for no limit but the worker's. */
export function sessionMemory(bytesMax: () => number): MemoryAccount {
  return new MemoryAccount(workerMemory, 'ExecutorState', () => bytesMax() || Number.POSITIVE_INFINITY);
}

let collectFrom = heapLimit * collectShare;

/** Looks at the heap, called by a running statement every few milliseconds. Throws 53200 where hardly anything is left
 *  of it: to this statement, unless another session holds more, which then fails at its next step. */
export function checkHeap(own: MemoryAccount): void {
  const used = getHeapStatistics().used_heap_size;
  if (used < collectFrom) return;
  const live = liveBytes();
  // The fuller it is the more often it is looked at.
  collectFrom = Math.max(heapLimit * collectShare, live + (heapLimit - live) / 3);
  if (live <= heapLimit * liveShare) return;
  const largest = [...sessions].reduce((most, each) => (each.usedBytes > most.usedBytes ? each : most), own);
  if (largest !== own && live <= heapLimit * liveShareMax) largest.doom();
  else throw outOfMemory(live - heapLimit * liveShare);
}

/** Asks for room for one large value before it is made. Throws 53200 where the heap has none. */
export function requireMemory(bytes: number, context = 'ExprContext'): void {
  if (bytes < largeValueBytes) return;
  const limit = heapLimit * liveShareMax;
  if (getHeapStatistics().used_heap_size + bytes <= limit) return;
  if (bytes > limit || liveBytes() + bytes > limit) throw outOfMemory(bytes, context);
}

/** Lists up to this length are made at once; longer ones element by element, or V8 makes them maps. */
const presizedElementsMax = 1 << 24;

/** Asks for room for a list of so many elements before it is made. Throws 53200 where there is none. */
export function requireElements(count: number): void {
  if (count > listElementsMax) throw outOfMemory(count * 8, 'ExprContext');
  // Growing lists are copied to new ones half as large again.
  requireMemory(count > presizedElementsMax ? count * 20 : count * 8);
}

/** Called while a list grows: now and then it asks for room. */
export function watchGrowth(list: readonly unknown[]): void {
  if ((list.length & 0xfffff) === 0xfffff) requireElements(list.length * 2);
}

/** Called with the size of a growing Map or Set: asks for room where it is about to be copied to one twice as large. */
export function watchTable(size: number): void {
  if (size >= 0x10000 && (size & (size - 1)) === 0) requireMemory(size * 2 * 30, 'TupleHashTable');
}

/** A list of equal elements. Throws 53200 where there is no room. */
export function filledList<T>(count: number, value: T): T[] {
  requireElements(count);
  if (count <= presizedElementsMax) return new Array<T>(count).fill(value);
  const list: T[] = [];
  for (let n = 0; n < count; n++) list.push(value);
  return list;
}

let collect: (() => void) | null = null;

/** Bytes of the heap that are in use once garbage is collected. */
function liveBytes(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  return getHeapStatistics().used_heap_size;
}
