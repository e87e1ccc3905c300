// Connections in masses: opened, used once, closed, over and over. What they took must come back: memory, descriptors,
// places among the backends.
import { readFileSync, readdirSync } from 'node:fs';
import { WireClient } from '../../conformance/wire-client.js';
import type { TestServer } from '../support/server.js';

export interface ServerSize {
  /** Resident memory, and the part of it that is no file's: what the process itself holds. */
  readonly residentMb: number;
  readonly anonymousMb: number;
  readonly descriptors: number;
}

/** What the server's process holds now. */
export function sizeOf(server: TestServer): ServerSize {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const megabytes = (name: string) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return {
    residentMb: megabytes('VmRSS'),
    anonymousMb: megabytes('RssAnon'),
    descriptors: readdirSync(`/proc/${server.pid}/fd`).length,
  };
}

/** Samples of which the least tells what is held, not what is garbage just now; a second lies between two. */
const settledSamples = 15;

/** Megabytes that the process holds once its memtables are written to the base. */
export async function settledMb(server: TestServer, control: WireClient): Promise<number> {
  await control.query('checkpoint');
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < settledSamples; sample++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    least = Math.min(least, sizeOf(server).anonymousMb);
  }
  return least;
}

/** Connections that are opened at once; the others wait for their turn. */
const openingMax = 64;

/** Opens `count` connections, all open together, uses each, closes them. Rejects where one is refused or answers wrongly. */
export async function connectionRound(server: TestServer, count: number): Promise<void> {
  const clients: WireClient[] = [];
  let left = count;
  const opener = async (): Promise<void> => {
    while (left > 0) {
      left--;
      clients.push(await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' }));
    }
  };
  await Promise.all(Array.from({ length: openingMax }, opener));
  const answers = await Promise.all(clients.map((client, n) => client.query(`select ${n} + 1`)));
  for (const [n, { rows }] of answers.entries()) {
    if (rows[0]?.[0] !== String(n + 1)) throw new Error(`connection ${n} was answered ${JSON.stringify(rows)}`);
  }
  for (const client of clients) client.close();
}

/** Waits until only the caller's own session is left. */
export async function untilAlone(control: WireClient): Promise<void> {
  const count = "select count(*) from pg_stat_activity where backend_type = 'client backend'";
  while ((await control.query(count)).rows[0]?.[0] !== '1') await new Promise((resolve) => setTimeout(resolve, 20));
}
