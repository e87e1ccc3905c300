// PostgreSQL's own client programs: where they are, whether they are of the version that answers are compared with, and
// runs of them with the environment that libpq reads and a time limit.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ServerAddress } from './case-result.js';

/** psql prints what its own version knows: transcripts and dumps are compared with those of this one. */
const majorVersion = 17;

/** The folder of psql 17 (or of all the programs named, psql one of them): the one given, else the first of $PGBIN, PATH
 *  and where packages put them. */
export function findPrograms(
  given: string,
  names: readonly string[] = ['psql'],
): { readonly bin: string } | { readonly problem: string } {
  const known = [
    process.env.PGBIN ?? '',
    ...(process.env.PATH ?? '').split(delimiter),
    `/usr/lib/postgresql/${majorVersion}/bin`,
    `/usr/pgsql-${majorVersion}/bin`,
    ...foldersIn('/opt'),
  ];
  const folders = (given === '' ? known : [given]).filter(
    (folder) => folder !== '' && names.every((name) => existsSync(join(folder, name))),
  );
  const found = folders.map((folder) => ({ folder, version: versionOf(join(folder, 'psql')) }));
  const fitting = found.find(({ version }) => version.startsWith(`${majorVersion}.`));
  if (fitting !== undefined) return { bin: fitting.folder };
  const others = found.map(({ version }) => version).join(', ');
  return {
    problem: `${names.join(', ')} ${majorVersion} ${names.length > 1 ? 'are' : 'is'} not installed${others === '' ? '' : ` (found ${others})`}; name its folder with --bin`,
  };
}

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, 'bin')) : [];
}

function versionOf(psql: string): string {
  const { stdout } = spawnSync(psql, ['--version'], { encoding: 'utf8' });
  return /(\d+[\d.]*)/.exec(stdout ?? '')?.[1] ?? 'unknown';
}

/** The environment that makes libpq connect to a server; nothing of the user's own settings goes on. */
export function clientEnvironment(server: ServerAddress): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return {
    ...Object.fromEntries(kept),
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGDATABASE: server.database,
    PGPASSWORD: server.password,
  };
}

export interface ProgramRun {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Open files for its input and for both of its outputs, which so stay in order; without them input is empty. */
  readonly input?: number;
  readonly output?: number;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly isTimedOut: boolean;
  /** Both outputs; empty where they went to a file. */
  readonly output: string;
}

/** Runs a program to its end or kills it when the time is over. Rejects where it can't be started. */
export function runProgram(program: string, args: readonly string[], run: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const sink = run.output ?? 'pipe';
    const child = spawn(program, args, {
      env: run.env,
      ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
      stdio: [run.input ?? 'ignore', sink, sink],
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      child.kill('SIGKILL');
    }, run.timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, isTimedOut, output: Buffer.concat(chunks).toString() });
    });
  });
}
