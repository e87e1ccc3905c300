// Runs every test: the Rust crates' with cargo, the TypeScript ones with tap. Ends with one line `N passed, N failed`.
// Usage: node scripts/test.js [--typescript | --native] [path fragments of test files]
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const fragments = args.filter((arg) => !arg.startsWith('--'));
let passed = 0;
let failed = 0;

if (!args.includes('--typescript') && fragments.length === 0) runCargo();
if (!args.includes('--native')) runTap();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function runCargo() {
  const command = ['test', '--manifest-path', join(root, 'native', 'Cargo.toml'), '--workspace', '--release', '--exclude', 'heliosdb'];
  const result = spawnSync('cargo', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
  process.stdout.write(result.stdout ?? '');
  const counts = [...(result.stdout ?? '').matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)];
  for (const [, good, bad] of counts) count(Number(good), Number(bad));
  if (result.status !== 0 && failed === 0) count(0, 1);
}

function runTap() {
  const files = listTests(join(root, 'dist')).filter((file) => fragments.every((fragment) => file.includes(fragment)));
  const result = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs'), 'run', '--disable-coverage', '--reporter=tap', '--jobs=2', '--timeout=240', ...files],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 },
  );
  const output = result.stdout ?? '';
  // One subtest a file; its own tests are the level below.
  for (const line of output.split('\n')) {
    if (/^ {4}ok \d+/.test(line)) count(1, 0);
    if (/^ {4}not ok \d+/.test(line)) count(0, 1);
  }
  if (result.status !== 0) {
    process.stdout.write(output);
    if (failed === 0) count(0, 1);
  } else {
    for (const line of output.split('\n')) if (/^ok \d+/.test(line)) console.log(line);
  }
}

function count(good, bad) {
  passed += good;
  failed += bad;
}

function listTests(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? listTests(join(folder, entry.name)) : [join(folder, entry.name)]))
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => relative(root, file))
    .sort();
}
