// The store on a simulated disk, whose power is cut, whose syncs fail, whose room ends and whose bits flip: one run for
// each seed. Usage: npm run simulation [-- FROM..TO] (default 1..10000). A seed that finds something is printed; with
// HELIOS_SIMULATION_TRACE=1 it tells what happened. What a run does and checks: native/crates/store/tests/simulation.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [seeds = '1..10000'] = process.argv.slice(2);
if (!/^\d+\.\.\d+$/.test(seeds)) {
  console.error('Usage: npm run simulation [-- FROM..TO]');
  process.exit(2);
}
const manifest = join(root, 'native', 'Cargo.toml');
const result = spawnSync(
  'cargo',
  ['test', '--release', '--quiet', '--manifest-path', manifest, '-p', 'helios-store', '--test', 'simulation'].concat([
    '--',
    '--nocapture',
  ]),
  { stdio: 'inherit', env: { RUST_BACKTRACE: '0', ...process.env, HELIOS_SIMULATION_SEEDS: seeds } },
);
process.exit(result.status ?? 1);
