// Runs of pgbench: its own scripts and others, for a time or a number of transactions.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample, Site } from './workload.js';

export interface PgbenchRun {
  readonly clients: number;
  /** `simple`, or `prepared` for statements that are parsed once. */
  readonly protocol: 'simple' | 'prepared' | 'extended';
  /** `select-only`, `simple-update` or `tpcb-like`, which pgbench brings along; else the lines of a script. */
  readonly script: string;
  /** A connection for each transaction. */
  readonly reconnects?: boolean;
}

const builtin: readonly string[] = ['select-only', 'simple-update', 'tpcb-like'];
const threads = 2;

/** Transactions a second; rejects with pgbench's output where a client fails. */
export async function pgbench(site: Site, run: PgbenchRun): Promise<Sample> {
  if (builtin.includes(run.script)) return rate(site, run, ['-b', run.script]);
  const folder = mkdtempSync(join(tmpdir(), 'heliosdb-bench-script-'));
  try {
    const path = join(folder, 'script.sql');
    writeFileSync(path, `${run.script}\n`);
    return await rate(site, run, ['-f', path]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rate(site: Site, run: PgbenchRun, script: readonly string[]): Promise<Sample> {
  const { duration } = site;
  const words = [
    ...script,
    ...['-n', '-M', run.protocol, '-c', String(run.clients), '-j', String(Math.min(run.clients, threads))],
    ...('seconds' in duration ? ['-T', String(duration.seconds)] : ['-t', String(duration.transactions)]),
    ...(run.reconnects === true ? ['-C'] : []),
  ];
  const output = await site.program('pgbench', words);
  const value = Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
  if (Number.isNaN(value)) throw new Error(`pgbench told no rate: ${output.trim().slice(-600)}`);
  return { value };
}
