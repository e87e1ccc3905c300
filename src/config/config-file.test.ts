// heliosdb.toml as it is delivered, and mistakes in such a file.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { autoFilePath, writeAutoSetting } from './auto-file.js';
import { parseCommandLine } from './command-line.js';
import { settingDefinitions } from './definitions.js';
import { readTomlFile } from './toml-file.js';

const delivered = fileURLToPath(new URL('../../../heliosdb.toml', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'heliosdb-config-'));

function read(text: string) {
  const path = join(directory, 'heliosdb.toml');
  writeFileSync(path, text);
  return readTomlFile(path, { required: true });
}

/** Settings of a session's state, not of a server. */
const notInFile = new Set([
  'role',
  'session_authorization',
  'seed',
  'data_directory',
  'config_file',
  'data_directory_mode',
]);

test('the delivered file lists every effective setting with a value that is taken', (t) => {
  const lines = readFileSync(delivered, 'utf8').split('\n');
  const settings = read(lines.map((line) => line.replace(/^#([A-Za-z_.]+ = )/, '$1')).join('\n'));
  const listed = new Set(settings.map((setting) => setting.name));
  const missing = settingDefinitions().filter(
    ({ name, isEffective, context }) =>
      isEffective &&
      context !== 'internal' &&
      !notInFile.has(name) &&
      !name.startsWith('transaction_') &&
      !listed.has(name),
  );
  t.strictSame(
    missing.map(({ name }) => name),
    [],
  );
  t.end();
});

test('mistakes name their line', (t) => {
  const cases = [
    ['\nport = "abc"\n', ':2: invalid value for parameter "port": "abc"'],
    ['\n\nfoo = 1\n', ':3: unrecognized configuration parameter "foo"'],
    ['block_size = 4096\n', ':1: parameter "block_size" cannot be changed'],
    ['[my]\n\nvalue = 2024-01-01\n', ':3: parameter "my.value" takes a string, number or boolean'],
    ['port = \n', ':1: Invalid TOML document: invalid value'],
  ] as const;
  for (const [text, message] of cases) {
    t.throws(() => read(text), { message: join(directory, 'heliosdb.toml') + message });
  }
  t.end();
});

test('ALTER SYSTEM keeps, resets and forgets', (t) => {
  const names = () =>
    readTomlFile(autoFilePath(directory), { required: false }).map(({ name, text }) => `${name}=${text}`);
  writeAutoSetting(directory, 'work_mem', '8MB');
  writeAutoSetting(directory, 'my.own', 'x');
  t.strictSame(names().sort(), ['my.own=x', 'work_mem=8MB']);
  writeAutoSetting(directory, 'work_mem', null);
  t.strictSame(names(), ['my.own=x']);
  writeAutoSetting(directory, null, null);
  t.strictSame(names(), []);
  t.end();
});

test('the command line is read strictly', (t) => {
  const line = parseCommandLine(['start', '-D', 'x', '-p', '5433', '-c', 'work_mem=8MB', '-c', 'my.toml']);
  t.match(line, { command: 'start', dataDirectory: 'x', configFile: 'my.toml' });
  t.throws(() => parseCommandLine(['start', '-p', 'abc']), {
    message: 'command line: invalid value for parameter "port": "abc"',
  });
  t.throws(() => parseCommandLine(['serve']), { message: 'unknown command "serve"' });
  t.strictSame(parseCommandLine([]), { command: 'help' });
  t.end();
});
