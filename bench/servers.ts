// The two servers of a run: started for it or named by URL, what they say about themselves, and which processes they are.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import type { ServerAddress } from '../conformance/case-result.js';
import { UsageError } from '../conformance/command-line.js';
import { findPrograms } from '../conformance/programs.js';
import { WireClient } from '../conformance/wire-client.js';
import { startServer } from '../test/support/server.js';
import type { CommandLine } from './command-line.js';
import { peerSettings, startPeer } from './peer.js';
import { Profiler, profilePreload } from './profiler.js';

export interface StartedServer {
  readonly address: ServerAddress;
  /** null where it was not started here and does not run on this machine. */
  readonly pid: number | null;
  stop(): Promise<void>;
  /** At once, without waiting: for the end of the whole run. */
  kill(): void;
}

export interface Servers {
  readonly server: StartedServer;
  readonly peer: StartedServer;
  readonly profiler: Profiler | null;
  /** The folder of PostgreSQL's programs. */
  readonly bin: string;
}

/** Room for the thousand idle connections and those beside them. */
const connectionsMax = 1100;

/** Starts what was not named by URL. Rejects with one sentence where a program is missing. */
export async function openServers(commandLine: CommandLine): Promise<Servers> {
  const wanted = commandLine.peer === null ? ['psql', 'initdb', 'postgres'] : ['psql'];
  const programs = findPrograms(commandLine.bin, wanted);
  if ('problem' in programs) throw new UsageError(programs.problem);
  const peer = commandLine.peer === null ? await startPeer(programs.bin, connectionsMax) : running(commandLine.peer);
  try {
    const profiler = commandLine.profiles === null ? null : new Profiler(commandLine.profiles);
    const server = commandLine.server === null ? await startOwn(profiler) : running(commandLine.server);
    return { server, peer, profiler, bin: programs.bin };
  } catch (error) {
    await peer.stop();
    throw error;
  }
}

async function startOwn(profiler: Profiler | null): Promise<StartedServer> {
  const server = await startServer({
    settings: [`max_connections=${connectionsMax}`, 'heliosdb.warm_up=on'],
    ...(profiler === null ? {} : { preload: profilePreload, environment: profiler.environment }),
  });
  profiler?.attach(server.pid);
  const address = { host: server.host, port: server.port, user: 'postgres', password: '', database: 'postgres' };
  return {
    address,
    pid: server.pid,
    stop: async () => {
      await server.stop();
    },
    kill: () => {
      void server.kill();
      rmSync(server.directory, { recursive: true, force: true });
    },
  };
}

function running(address: ServerAddress): StartedServer {
  const isHere = ['127.0.0.1', '::1', 'localhost'].includes(address.host);
  return { address, pid: isHere ? listener(address.port) : null, stop: async () => undefined, kill: () => undefined };
}

/** The process that was started with the port on its command line; null where there is none. */
function listener(port: number): number | null {
  for (const pid of processIds()) {
    const words = readProcess(pid, 'cmdline').split('\0');
    if (words.some((word, index) => word === '-p' && words[index + 1] === String(port))) return pid;
  }
  return null;
}

/** The server's process with all that descend from it directly. */
export function processesOf(server: StartedServer): number[] {
  const { pid } = server;
  if (pid === null) return [];
  const isChild = (id: number) => Number(/^PPid:\s+(\d+)/m.exec(readProcess(id, 'status'))?.[1]) === pid;
  return [pid, ...processIds().filter(isChild)];
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Empty where the process has ended meanwhile. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Linux counts processor time in hundredths of a second. */
const ticksPerSecond = 100;

/** Processor time that the server has used so far, in seconds, with that of its children, ended ones too; NaN where it
 *  can't be read. */
export function processorSeconds(server: StartedServer): number {
  const [own, ...children] = processesOf(server).map((pid) => {
    // After the name in parentheses, from the third field on.
    const fields = readProcess(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
    const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
    return { own: (user ?? Number.NaN) + (system ?? 0), ended: (endedUser ?? 0) + (endedSystem ?? 0) };
  });
  if (own === undefined) return Number.NaN;
  const living = children.reduce((sum, child) => sum + (Number.isNaN(child.own) ? 0 : child.own), 0);
  return (own.own + own.ended + living) / ticksPerSecond;
}

/** Memory of processes in KiB, shared pages counted once between them; NaN where it can't be read. */
export function memoryKib(processes: readonly number[]): number {
  const sizes = processes.map((pid) => /^Pss:\s+(\d+)/m.exec(readProcess(pid, 'smaps_rollup'))?.[1]);
  const known = sizes.filter((size) => size !== undefined);
  return known.length === 0 ? Number.NaN : known.reduce((sum, size) => sum + Number(size), 0);
}

/** Processes that want a processor, for each processor, before the benchmark does anything. */
const busyShare = 0.5;

/** What the report says about where figures come from. */
export interface Surroundings {
  readonly machine: string;
  readonly server: string;
  readonly peer: string;
  /** Settings of the peer that differ from those which targets speak of, and a machine that is not quiet. */
  readonly warnings: readonly string[];
}

/** Asks both servers for their versions, and the peer for its settings. */
export async function surroundings(servers: Servers): Promise<Surroundings> {
  const [processor] = cpus();
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const machine = `${cpus().length} x ${processor?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${process.platform}`;
  const server = await ask(servers.server.address, ['select version()']);
  const names = Object.keys(peerSettings);
  const [version = '', ...settings] = await ask(servers.peer.address, [
    'select version()',
    ...names.map((name) => `show ${name}`),
  ]);
  const warnings = names.flatMap((name, index) =>
    settings[index] === peerSettings[name]
      ? []
      : [`the peer's ${name} is ${settings[index]}; targets speak of ${peerSettings[name]}`],
  );
  const [load = 0] = loadavg();
  if (load > busyShare * cpus().length)
    warnings.push(`the machine is busy with other things (load ${load.toFixed(1)}): figures and ratios say little`);
  if (!/^PostgreSQL 17\./.test(version)) warnings.push(`the peer is ${version}; targets speak of PostgreSQL 17`);
  return { machine: `${machine}, Node.js ${process.version}`, server: server[0] ?? '', peer: version, warnings };
}

async function ask(address: ServerAddress, sqls: readonly string[]): Promise<string[]> {
  const client = await WireClient.connect(address);
  const answers: string[] = [];
  for (const sql of sqls) {
    const { rows, error } = await client.query(sql);
    if (error !== null) throw new Error(`${sql}: ${error.message}`);
    answers.push(rows[0]?.[0] ?? '');
  }
  client.close();
  return answers;
}
