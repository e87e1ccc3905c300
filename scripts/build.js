// Builds what is out of date: the TypeScript under src, test, conformance and bench into dist/ (esbuild, file by
// file, types are checked by `npm run check`), and the native addon into native/heliosdb.node (napi-rs).
// Usage: node scripts/build.js [--typescript] [--native] [--out DIR]; without a part, both.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const onlyTypescript = args.includes('--typescript');
const onlyNative = args.includes('--native');
const out = args.includes('--out') ? args[args.indexOf('--out') + 1] : join(root, 'dist');

if (!onlyNative) await buildTypescript();
if (!onlyTypescript) buildNative();

async function buildTypescript() {
  const { build } = await import('esbuild');
  const folders = ['src', 'test', 'conformance', 'bench'].filter((folder) => existsSync(join(root, folder)));
  const files = folders.flatMap((folder) => listFiles(join(root, folder)));
  rmSync(out, { recursive: true, force: true });
  await build({
    entryPoints: files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')),
    outdir: out,
    outbase: root,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
  writeFileSync(join(out, 'built'), '');
  // Data files (catalog rows, SQL text, test cases) are read beside the code that uses them.
  for (const file of files.filter((name) => !name.endsWith('.ts') && !name.endsWith('.md'))) {
    const target = join(out, relative(root, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
}

function listFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function buildNative() {
  if (spawnSync('cargo', ['--version']).status !== 0) {
    console.error(
      'HeliosDB needs Rust to build its native core: install it from https://rustup.rs and run this again.',
    );
    process.exit(1);
  }
  const crate = join(root, 'native', 'crates', 'binding');
  const built = join(root, 'native', 'built');
  const result = spawnSync(
    'npx',
    [
      'napi',
      'build',
      '--release',
      '--manifest-path',
      join(crate, 'Cargo.toml'),
      '--package-json-path',
      join(root, 'package.json'),
      '--output-dir',
      built,
      '--no-js',
      '--dts',
      join('..', 'binding.d.ts'),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (result.status !== 0) process.exit(result.status ?? 1);
  // Renamed into place: running servers keep the file they have mapped.
  const target = join(root, 'native', 'heliosdb.node');
  copyFileSync(join(built, 'heliosdb.node'), `${target}.new`);
  renameSync(`${target}.new`, target);
}
