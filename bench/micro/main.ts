// Micro-benchmarks: what one call or one row costs in the rooms that everything goes through. Figures are to be compared
// with those of another build on the same machine in the same minutes, with nothing else.
// Usage: npm run bench:micro -- [store] [load] [savepoint] [wire] [expression] [native] [--directory DIR]; without a name all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Store } from '../../src/storage/api.js';
import { closeStore, openStore } from '../../src/storage/store.js';
import { measureExpressions } from './expression.js';
import { measureLoads } from './load.js';
import { measureSavepoints } from './savepoint.js';
import { measureStore } from './store.js';
import { measureWire } from './wire.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const { values, positionals } = parseArgs({
  options: { directory: { type: 'string', default: tmpdir() } },
  allowPositionals: true,
});

const parts: Readonly<Record<string, () => Promise<void>>> = {
  store: () => withStore(measureStore),
  load: () => withStore(measureLoads),
  savepoint: () => withStore(measureSavepoints),
  wire: measureWire,
  expression: measureExpressions,
  native: async () => cargoBench(),
};

const names = positionals.length === 0 ? Object.keys(parts) : positionals;
const unknown = names.find((name) => !(name in parts));
if (unknown === undefined) for (const name of names) await measure(name);
else {
  process.stderr.write(`bench:micro: there is no part "${unknown}": ${Object.keys(parts).join(', ')}\n`);
  process.exitCode = 2;
}

/** The store is one for a process, so each part has a process of its own where several run. */
async function measure(name: string): Promise<void> {
  if (names.length === 1) {
    process.stdout.write(`${name}\n`);
    await parts[name]?.();
  } else {
    const words = [fileURLToPath(import.meta.url), name, '--directory', values.directory];
    const { status } = spawnSync(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) process.exitCode = 1;
  }
}

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(values.directory, 'heliosdb-bench-'));
  const store = openStore(directory);
  try {
    await work(store);
  } finally {
    closeStore();
    rmSync(directory, { recursive: true });
  }
}

/** The crates' own benchmarks; those of kernels are there. */
function cargoBench(): void {
  const words = ['bench', '--manifest-path', join(root, 'native', 'Cargo.toml'), '--package', 'helios-columns'];
  const { status } = spawnSync('cargo', [...words, '--benches'], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
