// Runs every test: the Rust crates' with cargo, the TypeScript ones (files that use the `tap` library) each in a process
// of its own, two at a time. Ends with one line `N passed, N failed`.
// Usage: node scripts/test.js [--typescript | --native] [path fragments of test files]
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const fragments = args.filter((arg) => !arg.startsWith('--'));
const parallelFiles = 2;
const fileTimeoutMs = 300_000;
let passed = 0;
let failed = 0;

if (!args.includes('--typescript') && fragments.length === 0) runCargo();
if (!args.includes('--native')) await runFiles();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function runCargo() {
  const command = [
    'test',
    '--manifest-path',
    join(root, 'native', 'Cargo.toml'),
    '--workspace',
    '--release',
    '--exclude',
    'heliosdb',
  ];
  const result = spawnSync('cargo', command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  process.stdout.write(result.stdout ?? '');
  const counts = [...(result.stdout ?? '').matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)];
  for (const [, good, bad] of counts) count(Number(good), Number(bad));
  if (result.status !== 0 && failed === 0) count(0, 1);
}

async function runFiles() {
  const files = listTests(join(root, 'dist')).filter((file) => fragments.every((fragment) => file.includes(fragment)));
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) report(file, await runFile(file));
  };
  await Promise.all(Array.from({ length: parallelFiles }, worker));
}

/** A file's TAP output, exit code, and duration in milliseconds. */
function runFile(file) {
  return new Promise((resolve) => {
    const start = Date.now();
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // In seconds: the library's own limit of thirty is for files that start no server.
      env: { ...process.env, TAP_TIMEOUT: String(fileTimeoutMs / 1000) },
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), fileTimeoutMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ output, code, ms: Date.now() - start });
    });
  });
}

function report(file, { output, code, ms }) {
  const lines = output.split('\n');
  const good = lines.filter((line) => /^ok \d+/.test(line)).length;
  const bad = lines.filter((line) => /^not ok \d+/.test(line)).length;
  count(good, bad);
  if (code !== 0 && bad === 0) count(0, 1);
  const isGood = code === 0 && bad === 0;
  console.log(`${isGood ? 'ok' : 'FAILED'}  ${file}  ${good} tests  ${ms} ms`);
  if (!isGood) process.stdout.write(`${output}\n`);
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
