// A server of our own build for a test: started from the same dist folder as the test on a free port of the loopback,
// in a data directory that goes away with it. Setting a data directory up takes seconds, so the first test of a build
// makes one and every server starts from a copy of it. Ready means that a connection was accepted; stopping goes by the
// process that was started, never by name.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { selfSignedCertificate } from './certificate.js';

export interface ServerOptions {
  /** `NAME=VALUE` settings of the command line. */
  readonly settings?: readonly string[];
  /** Lines of pg_hba.conf in place of the default ones. */
  readonly hba?: readonly string[];
  /** Offers TLS with a certificate made for this server. */
  readonly tls?: boolean;
  /** A data directory that exists already and stays: to reopen one. */
  readonly directory?: string;
  /** KiB that the server's files may have (ulimit -f). */
  readonly fileSizeMaxKb?: number;
  /** Module that every thread of the server loads first: a file's path. */
  readonly preload?: string;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Sets the new directory up itself instead of copying one. */
  readonly fresh?: boolean;
}

export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  /** Everything that the server printed so far. */
  output(): string;
  /** Fast shutdown, then the directory is removed unless it was given. Resolves to the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; the directory stays. */
  kill(): Promise<void>;
  /** Resolves to the exit code once it ends by itself. */
  readonly ended: Promise<number | null>;
}

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = join(dist, 'src', 'main.js');
const startMs = 60_000;
const pollMs = 25;
/** The server prints this once it listens. */
const listeningMark = '  connect with ';

/** Starts a server and waits until it takes connections; rejects with its output where it ends first. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const directory = options.directory ?? (await newDirectory(options.fresh ?? false));
  if (options.hba) writeFileSync(join(directory, 'pg_hba.conf'), `${options.hba.join('\n')}\n`);
  const settings = [...(options.settings ?? []), ...(options.tls ? tlsSettings(directory) : [])];
  const port = await freePort();
  // One worker would do for most tests; two find what sharing breaks.
  const limit = options.fileSizeMaxKb === undefined ? '' : `ulimit -f ${options.fileSizeMaxKb}; `;
  const child = spawn(
    '/bin/bash',
    [
      '-c',
      `${limit}exec "$0" "$@"`,
      process.execPath,
      program,
      'start',
      '-D',
      directory,
      '-p',
      String(port),
      '-c',
      "unix_socket_directories=''",
      // Most tests are over before it pays.
      '-c',
      'heliosdb.warm_up=off',
      ...settings.flatMap((s) => ['-c', s]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory, env: environment(options) },
  );
  const server = new StartedServer(child, port, directory, options.directory === undefined);
  await server.ready();
  return server;
}

function environment({ preload, environment: more }: ServerOptions): NodeJS.ProcessEnv {
  const loading = preload === undefined ? {} : { NODE_OPTIONS: `--import=${preload}` };
  return { ...process.env, ...loading, ...more };
}

/** A new copy of the data directory that this build's first test set up. The caller removes it. */
export async function newDirectory(fresh = false): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'heliosdb-test-'));
  if (fresh) return directory;
  cpSync(await template(), directory, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return directory;
}

class StartedServer implements TestServer {
  readonly host = '127.0.0.1';
  readonly pid: number;
  private printed = '';
  readonly ended: Promise<number | null>;
  private hasEnded = false;

  constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly directory: string,
    private readonly isOwn: boolean,
  ) {
    this.pid = child.pid ?? 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.printed += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.printed += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => {
        this.hasEnded = true;
        resolve(code);
      });
    });
  }

  output(): string {
    return this.printed;
  }

  async ready(): Promise<void> {
    const deadline = Date.now() + startMs;
    // Its own word first: another process may have taken the port meanwhile, and would answer in its place.
    while (!this.printed.includes(listeningMark) || !(await answers(this.host, this.port))) {
      if (this.hasEnded) throw new Error(`the server ended while starting:\n${this.printed}`);
      if (Date.now() > deadline) {
        await this.kill();
        throw new Error(`the server took no connection for ${startMs} ms:\n${this.printed}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGINT');
    const code = await this.ended;
    if (this.isOwn) rmSync(this.directory, { recursive: true, force: true });
    return code;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

function tlsSettings(directory: string): string[] {
  const { certificate, key } = selfSignedCertificate('localhost');
  writeFileSync(join(directory, 'server.crt'), certificate);
  writeFileSync(join(directory, 'server.key'), key, { mode: 0o600 });
  return ['ssl=on'];
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** The directory that new ones are copied from, made once for each build. Tests run side by side: each that finds none
 *  makes one, the first to rename it into place wins. */
async function template(): Promise<string> {
  const built = Math.round(statSync(program).mtimeMs).toString(36);
  const folder = join(tmpdir(), 'heliosdb-test-templates');
  const path = join(folder, `${Buffer.from(dist).toString('base64url').slice(-40)}-${built}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const making = mkdtempSync(join(folder, 'making-'));
  await initialise(making);
  try {
    renameSync(making, path);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  return path;
}

function initialise(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'init', '-D', directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`init failed:\n${printed}`))));
  });
}
