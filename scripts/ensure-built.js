// Builds what is missing or older than its sources, so that every npm script works on a fresh checkout. Checks the
// tools first and says in one sentence what to install. Usage: node scripts/ensure-built.js [--typescript]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
requireNode();

if (isStale(join(root, 'dist', 'built'), ['src', 'test', 'conformance', 'bench'], /\.(ts|sql|tsv|json)$/))
  build('--typescript');
const addon = join(root, 'native', 'heliosdb.node');
if (
  !process.argv.includes('--typescript') &&
  isStale(addon, ['native/crates', 'native/Cargo.toml', 'native/Cargo.lock'], /\.(rs|toml|lock)$/)
) {
  build('--native');
}

function requireNode() {
  const wanted = /(\d+)\.(\d+)/.exec(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > Number(wanted[1]) || (major === Number(wanted[1]) && minor >= Number(wanted[2]))) return;
  console.error(`HeliosDB needs Node.js ${wanted[1]}.${wanted[2]} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function build(part) {
  const result = spawnSync(process.execPath, [join(root, 'scripts', 'build.js'), part], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function isStale(output, sources, pattern) {
  if (!existsSync(output)) return true;
  const built = statSync(output).mtimeMs;
  return sources.some((source) => newest(join(root, source), pattern) > built);
}

function newest(path, pattern) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return pattern.test(path) ? stats.mtimeMs : 0;
  return Math.max(
    0,
    ...readdirSync(path).map((entry) => (entry === 'target' ? 0 : newest(join(path, entry), pattern))),
  );
}
