// A PostgreSQL of the benchmark's own: a new data directory, the settings that figures are compared under, a free port,
// gone at the end. PostgreSQL refuses to run as root: then it runs as `nobody`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WireClient } from '../conformance/wire-client.js';
import { freePort } from '../test/support/server.js';
import type { StartedServer } from './servers.js';

/** The settings that targets speak of, as SHOW tells them. */
export const peerSettings: Readonly<Record<string, string>> = {
  shared_buffers: '1GB',
  max_parallel_workers_per_gather: '2',
  jit: 'off',
};

const startMs = 60_000;
const pollMs = 50;

/** Sets a PostgreSQL up and starts it. Rejects with its output where it does not come up. */
export async function startPeer(bin: string, connectionsMax: number): Promise<StartedServer> {
  const identity = unprivileged();
  const directory = mkdtempSync(join(tmpdir(), 'heliosdb-bench-peer-'));
  if (identity !== null) chownSync(directory, identity.uid, identity.gid);
  const as = { ...identity, cwd: directory };
  const words = ['-D', directory, '-U', 'postgres', '-A', 'trust', '--locale=C.UTF-8'];
  const made = spawnSync(join(bin, 'initdb'), words, { ...as, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
  const port = await freePort();
  const settings = { ...peerSettings, max_connections: String(connectionsMax), unix_socket_directories: '' };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(bin, 'postgres'), ['-D', directory, '-p', String(port), ...args], {
    ...as,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const address = { host: '127.0.0.1', port, user: 'postgres', password: '', database: 'postgres' };
  const started = startedPeer(child, directory, address);
  await untilReady(child, started);
  return started;
}

function startedPeer(child: ChildProcess, directory: string, address: StartedServer['address']): StartedServer {
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  return {
    address,
    pid: child.pid ?? null,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      remove();
    },
    kill: () => {
      child.kill('SIGQUIT');
      remove();
    },
  };
}

async function untilReady(child: ChildProcess, peer: StartedServer): Promise<void> {
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-4000);
    });
  const deadline = Date.now() + startMs;
  for (;;) {
    try {
      (await WireClient.connect(peer.address)).close();
      return;
    } catch {
      if (child.exitCode !== null || Date.now() > deadline) {
        peer.kill();
        throw new Error(`PostgreSQL did not start:\n${printed}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout));
  return { uid: uid ?? 0, gid: gid ?? 0 };
}
