// DuckDB as a second peer for analytics, on two threads and in memory. Looked up when it is needed: it is 70 MB for each
// platform and no dependency of the project (docs/decisions/0005-benchmark-tools.md).
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagesFolder } from './tools.js';

export interface DuckDatabase {
  run(sql: string): Promise<void>;
  /** Seconds until all rows of the answer are there. */
  timed(sql: string): Promise<number>;
  close(): void;
}

/** The part of @duckdb/node-api that is used here. */
interface DuckApi {
  readonly DuckDBInstance: { create(path: string, options: Readonly<Record<string, string>>): Promise<DuckInstance> };
}
interface DuckInstance {
  connect(): Promise<DuckConnection>;
  closeSync(): void;
}
interface DuckConnection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<unknown>;
  closeSync(): void;
}

/** Opens a database in memory; null where DuckDB is not installed. */
export async function openDuckdb(): Promise<DuckDatabase | null> {
  const api = await load();
  if (api === null) return null;
  const instance = await api.DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  return {
    run: async (sql) => {
      await connection.run(sql);
    },
    timed: async (sql) => {
      const begun = performance.now();
      await connection.runAndReadAll(sql);
      return (performance.now() - begun) / 1000;
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function load(): Promise<DuckApi | null> {
  const require = createRequire(join(packagesFolder(), 'none.js'));
  try {
    return (await import(pathToFileURL(require.resolve('@duckdb/node-api')).href)) as DuckApi;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}
