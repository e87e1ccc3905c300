// Runs a client program in another language against a server of our own: a role with a password, TLS on, and the
// environment that every libpq-like client reads. The program exits with 0 and prints `ok` last when all it checks holds.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from '../support/server.js';
import type { TestServer } from '../support/server.js';

export interface ClientRun {
  readonly code: number | null;
  readonly output: string;
}

/** Where the client programs' own sources are, also for programs that must not be run from dist. */
export const clientSources = dirname(fileURLToPath(import.meta.url));

export const secretUser = 'secret';
export const secretPassword = 'pass word';

/** A server that lets `secret` in with SCRAM and everyone else with trust, each with or without TLS. */
export async function startClientServer(): Promise<TestServer> {
  const server = await startServer({
    tls: true,
    hba: [`host all ${secretUser} 127.0.0.1/32 scram-sha-256`, 'host all all 127.0.0.1/32 trust'],
  });
  return server;
}

/** The statement that makes the role with a password. */
export const createSecretRole = `create role ${secretUser} login password '${secretPassword}'`;

/** Runs a program and waits; its output is both of its streams. */
export function runProgram(
  command: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string } = {},
): Promise<ClientRun> {
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: options.cwd ?? clientSources,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** The environment of a client: where the server is, and the role with a password under names of its own. */
export function clientEnvironment(server: TestServer): Record<string, string> {
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGDATABASE: 'postgres',
    SECRET_USER: secretUser,
    SECRET_PASSWORD: secretPassword,
  };
}

/** Whether a program of this name is in PATH and starts. */
export function hasProgram(name: string, versionFlag = '--version'): boolean {
  return spawnSync(name, [versionFlag], { stdio: 'ignore' }).status === 0;
}

/** The program's full names in PATH and the folders given. */
export function findPrograms(name: string, folders: readonly string[]): string[] {
  const all = [...(process.env.PATH ?? '').split(delimiter), ...folders].map((folder) => join(folder, name));
  return [...new Set(all)].filter((path) => existsSync(path));
}

/** A folder that keeps what a client test installed from a registry for the next run. */
export function installFolder(client: string): string {
  const folder = join(tmpdir(), 'heliosdb-test-clients', client);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** What a client test may take, its installation from a registry on a slow machine included. */
export const testMs = 200_000;
