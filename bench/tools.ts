// What the benchmark needs and the project does not: the generator of TPC-H data and DuckDB. They and the data that was
// generated live in one cache folder, outside of the project; neither is a dependency of the server or of its tests.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const versions = { 'tpchgen-cli': '4.0.0', '@duckdb/node-api': '1.5.6-r.1' } as const;

/** How a user gets what is missing. */
export const fetchHint = 'npm run bench -- --fetch-tools';

/** A folder below the cache, made where it is not there. */
export function cacheFolder(...names: readonly string[]): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = join(base, 'heliosdb-bench', ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The program that makes TPC-H data; null where it is not installed. */
export function tpchGenerator(): string | null {
  const path = join(cacheFolder(), 'bin', 'tpchgen-cli');
  return existsSync(path) ? path : null;
}

/** The folder that packages for the benchmark alone are looked up from. */
export function packagesFolder(): string {
  return cacheFolder();
}

/** Installs both by the registries' own clients; false where one of them failed. */
export function fetchTools(): boolean {
  const root = cacheFolder();
  const crate = ['install', 'tpchgen-cli', '--locked', '--version', versions['tpchgen-cli'], '--root', root];
  const duckdb = ['install', '--prefix', root, `@duckdb/node-api@${versions['@duckdb/node-api']}`];
  const runs = [
    spawnSync('cargo', crate, { stdio: 'inherit', cwd: root }),
    spawnSync('npm', duckdb, { stdio: 'inherit', cwd: root }),
  ];
  return runs.every(({ status }) => status === 0);
}
