// Profiles of the server that the benchmark started, one measure at a time: asks its threads to record (profile-preload.ts),
// and sums up what they wrote.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentName, type ProfileRequest, replyFile, requestFile } from './profile-request.js';

/** The module that the server's threads load first. */
export const profilePreload = join(dirname(fileURLToPath(import.meta.url)), 'profile-preload.js');

const pollMs = 20;
const replyMs = 30_000;
const shownFunctions = 8;

export class Profiler {
  readonly folder: string;
  private summary: readonly string[] = [];
  private pid = 0;

  constructor(folder: string) {
    this.folder = resolve(folder);
    mkdirSync(this.folder, { recursive: true });
  }

  get environment(): Readonly<Record<string, string>> {
    return { [environmentName]: this.folder };
  }

  /** Names the server's process once it is there. */
  attach(pid: number): void {
    this.pid = pid;
  }

  /** Records all threads while the work goes on. */
  async during(name: string, work: () => Promise<unknown>): Promise<void> {
    const label = name.replaceAll(/[^\w.-]+/g, '-');
    await this.request({ action: 'start', label });
    try {
      await work();
    } finally {
      await this.request({ action: 'stop', label });
    }
    this.summary = summarise(this.folder, label);
  }

  /** Lines about the last profile, told once: what the time went to. */
  takeSummary(): readonly string[] {
    const lines = this.summary;
    this.summary = [];
    return lines;
  }

  private async request(request: ProfileRequest): Promise<void> {
    const reply = join(this.folder, replyFile);
    rmSync(reply, { force: true });
    writeFileSync(join(this.folder, requestFile), JSON.stringify(request));
    process.kill(this.pid, 'SIGUSR2');
    const deadline = Date.now() + replyMs;
    while (!existsSync(reply)) {
      if (Date.now() > deadline) throw new Error('the server answered no request for a profile');
      await new Promise((done) => setTimeout(done, pollMs));
    }
    for (const file of [reply, join(this.folder, requestFile)]) rmSync(file, { force: true });
  }
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Where the threads were busy: milliseconds of the heaviest functions of all of them together, and each one's share. */
function summarise(folder: string, label: string): string[] {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${label}.`) && name.endsWith('.cpuprofile'));
  const own = new Map<string, number>();
  const threads: string[] = [];
  for (const file of files) {
    const times = selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
    const all = sum(times.values());
    const busy = all - (times.get('(idle)') ?? 0);
    threads.push(`${file.slice(label.length + 1).replace('.cpuprofile', '')} ${Math.round((100 * busy) / all)}% busy`);
    for (const [name, time] of times) if (name !== '(idle)') own.set(name, (own.get(name) ?? 0) + time);
  }
  const total = sum(own.values());
  const heaviest = [...own].sort(([, left], [, right]) => right - left).slice(0, shownFunctions);
  const lines = heaviest.map(
    ([name, time]) =>
      `${((100 * time) / total).toFixed(0).padStart(4)}% ${(time / 1000).toFixed(0).padStart(6)} ms  ${name}`,
  );
  return [`${join(folder, label)}.*.cpuprofile: ${threads.join(', ')}`, ...lines];
}

/** Microseconds by function. Starting to record is the profiler's own time, and left out as idle. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const names = nodeNames(nodes);
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return times;
}

/** V8 confuses the addon's functions with each other: they are told by who calls them. */
function nodeNames(nodes: readonly ProfileNode[]): Map<number, string> {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)));
  return new Map(
    nodes.map((node) => {
      const { functionName, url } = node.callFrame;
      if (url !== '') return [node.id, frameName(node)];
      if (functionName === 'dispatch') return [node.id, '(idle)'];
      if (functionName.startsWith('(')) return [node.id, functionName];
      const caller = parents.get(node.id);
      return [node.id, `addon, called by ${caller === undefined ? 'nobody' : frameName(caller)}`];
    }),
  );
}

function frameName({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  if (url === '') return functionName;
  const place = url.includes('/src/') ? url.slice(url.lastIndexOf('/src/') + 5) : basename(url);
  return `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
