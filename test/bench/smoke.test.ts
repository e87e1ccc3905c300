// Every workload of the benchmark at its smallest size, on one server that is its own peer: so that none of them rots. Needs
// psql and pgbench; what else a workload needs and this machine lacks (pg_dump 17, the generator of TPC-H data) is said and
// left out.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'tap';
import { type MeasureResult, runWorkload, type RunOptions } from '../../bench/run.js';
import type { StartedServer } from '../../bench/servers.js';
import { Sites } from '../../bench/site.js';
import { sizeOf } from '../../bench/size.js';
import { workloads } from '../../bench/workloads.js';
import { findPrograms } from '../../conformance/programs.js';
import { startServer } from '../support/server.js';

const testMs = 280_000;
const scale = 0.001;
const transactions = 3;
/** A query that takes longer is canceled, which is no failure: whether it is slow is not asked here. */
const limitSeconds = 1;
/** pg_dump serves servers of its own version and older ones; psql's \d is written for each version. */
const needVersion17 = ['catalogs'];

const folder = programFolder();

test(
  'every workload runs',
  { skip: folder === null ? 'psql and pgbench are not installed' : false, timeout: testMs },
  async (t) => {
    const server = await startServer({ settings: ['max_connections=100'] });
    const address = { host: server.host, port: server.port, user: 'postgres', password: '', database: 'postgres' };
    const started: StartedServer = { address, pid: server.pid, stop: async () => undefined, kill: () => undefined };
    const size = sizeOf(scale);
    const siteOptions = { size, duration: { transactions }, limitSeconds, bin: folder?.bin ?? '' };
    const sides = { server: new Sites(started, 'server', siteOptions), peer: new Sites(started, 'peer', siteOptions) };
    const options: RunOptions = {
      ...sides,
      size,
      rounds: 1,
      warmsUp: false,
      duckdb: async () => null,
      profiler: null,
      onStart: () => undefined,
    };
    try {
      for (const workload of workloads) {
        if (!folder?.is17 && needVersion17.includes(workload.name)) {
          t.comment(`${workload.name} left out: it needs psql and pg_dump 17`);
          continue;
        }
        const results: MeasureResult[] = [];
        for await (const result of runWorkload(workload, options)) results.push(result);
        const missing = results.find(({ server: ours }) => 'failure' in ours && ours.isUnavailable);
        if (missing !== undefined && 'failure' in missing.server) {
          t.comment(`${workload.name} left out: ${missing.server.failure}`);
          continue;
        }
        t.same(problems(results), [], workload.name);
      }
    } finally {
      await sides.server.close();
      await sides.peer.close();
      await server.stop();
    }
  },
);

/** One line for each side that failed and each answer that differs. */
function problems(results: readonly MeasureResult[]): string[] {
  return results.flatMap(({ measure, server, peer, difference }) => [
    ...[server, peer].flatMap((side) => ('failure' in side ? [`${measure}: ${side.failure}`] : [])),
    ...(difference === null ? [] : [`${measure}: ${difference}`]),
  ]);
}

/** Where psql and pgbench are, of version 17 if they can be had; null where there are none. */
function programFolder(): { readonly bin: string; readonly is17: boolean } | null {
  const best = findPrograms('', ['psql', 'pgbench', 'pg_dump']);
  if ('bin' in best) return { bin: best.bin, is17: true };
  const others = (process.env.PATH ?? '').split(delimiter);
  const bin = others.find((name) => existsSync(join(name, 'psql')) && starts(join(name, 'pgbench')));
  return bin === undefined ? null : { bin, is17: false };
}

function starts(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
