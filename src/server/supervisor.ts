// The main thread's care for its workers: starts them, replaces one that died (its sessions are gone; their locks and
// slots are given back), passes reloads on, stops them.
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { addon } from '../base/addon.js';
import type { ConfiguredSetting } from '../config/base-settings.js';
import type { WorkerOrder, WorkerReport, WorkerStart } from './worker-state.js';

/** Deeply nested expressions recurse in the parser and the compiler. */
const stackSizeMb = 16;
/** How V8 runs workers. A statement's first runs go through much code that is not used again soon: it is compiled to
 *  plain machine code at once, but optimising it all in the background takes more of the processors than it gives back,
 *  so functions must run twice as long as by default before they are. New objects get room enough that a statement's
 *  intermediate ones die in it. The heap is collected once it grew by 40%, where by default a large statement leaves it
 *  four times as large as what lives in it. */
const engineFlags = [
  '--always-sparkplug',
  '--interrupt-budget=132000',
  '--min-semi-space-size=16',
  '--heap-growing-percent=40',
];
/** Pause before a worker is replaced, so that one that dies at once doesn't spin. */
const respawnMs = 200;
const stopMs = 5000;
/** How long workers may take to tell their clients of a crash. */
const crashMs = 1000;

export interface SupervisorOptions {
  readonly log: Logger;
  readonly dataDirectory: string;
  /** Heap of a worker; 0 is the engine's choice. */
  readonly heapMb: number;
  configured(): readonly ConfiguredSetting[];
  onReloadWanted(): void;
}

export class Supervisor {
  private readonly workers = new Map<number, Worker>();
  private nextId = 1;
  private isStopping = false;

  constructor(private readonly options: SupervisorOptions) {}

  /** Sets a new data directory up in a worker of its own. */
  initialize(): Promise<void> {
    return this.runToEnd('init');
  }

  /** Checks what is in the data directory in a worker of its own, which tells what it finds. */
  verify(tell: (report: WorkerReport) => void): Promise<void> {
    return this.runToEnd('verify', tell);
  }

  private async runToEnd(task: 'init' | 'verify', tell: (report: WorkerReport) => void = () => {}): Promise<void> {
    const worker = this.spawn(task);
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (report: WorkerReport) => {
        tell(report);
        if (report.kind === 'failed') reject(new Error(report.message));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the worker ended with code ${code}`))));
    });
  }

  /** Starts `count` workers (0: one a core); resolves once all take connections. */
  async start(count: number): Promise<void> {
    for (const flag of engineFlags) setFlagsFromString(flag);
    const wanted = count > 0 ? count : availableParallelism();
    await Promise.all(Array.from({ length: wanted }, () => this.startOne()));
  }

  order(order: WorkerOrder): void {
    for (const worker of this.workers.values()) worker.postMessage(order);
  }

  /** To the worker that has served longest. */
  orderOne(order: WorkerOrder): void {
    const [first] = this.workers.values();
    first?.postMessage(order);
  }

  /** Has the workers tell their clients that the server can't go on, and end. */
  async crash(): Promise<void> {
    this.isStopping = true;
    const ended = [...this.workers.values()].map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    this.order({ kind: 'crash' });
    await Promise.race([Promise.all(ended), new Promise((resolve) => setTimeout(resolve, crashMs))]);
  }

  /** Ends all workers; those that don't end by themselves are ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const ended = [...this.workers.values()].map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    this.order({ kind: 'stop' });
    const timer = setTimeout(() => {
      for (const worker of this.workers.values()) void worker.terminate();
    }, stopMs);
    await Promise.all(ended);
    clearTimeout(timer);
  }

  private startOne(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = this.spawn('serve');
      let isReady = false;
      worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'reloadWanted') this.options.onReloadWanted();
        if (report.kind === 'failed') this.options.log.error({ reason: report.message }, 'a worker failed');
        if (report.kind === 'ready') {
          isReady = true;
          resolve();
        }
      });
      worker.once('exit', () => {
        if (this.isStopping) return;
        if (!isReady) reject(new Error('a worker ended while starting'));
        else setTimeout(() => this.replace(), respawnMs);
      });
    });
  }

  private replace(): void {
    if (this.isStopping) return;
    this.startOne().catch((error: unknown) => {
      this.options.log.error({ err: error }, 'a worker could not be replaced');
      setTimeout(() => this.replace(), respawnMs * 10);
    });
  }

  private spawn(task: WorkerStart['task']): Worker {
    const id = this.nextId++;
    const { dataDirectory, heapMb, log } = this.options;
    const start: WorkerStart = { id, task, configured: this.options.configured(), dataDirectory };
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: start,
      resourceLimits: heapMb > 0 ? { stackSizeMb, maxOldGenerationSizeMb: heapMb } : { stackSizeMb },
    });
    this.workers.set(id, worker);
    worker.on('error', (error) => log.error({ err: error, worker: id }, 'a worker died'));
    worker.once('exit', (code) => {
      this.workers.delete(id);
      addon.locksDropWorker(id);
      const lost = addon.workerRemove(id);
      if (!this.isStopping && task === 'serve')
        log.error({ worker: id, code, sessions: lost.length }, 'a worker ended; it is replaced');
    });
    return worker;
  }
}
