// heliosdb.auto.toml in the data directory: what ALTER SYSTEM wrote. Read after heliosdb.toml, so that it wins.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'smol-toml';

const header = '# Written by ALTER SYSTEM; edits are kept until the next one. Values here win over heliosdb.toml.\n';

/** Where a data directory keeps it. */
export function autoFilePath(dataDirectory: string): string {
  return join(dataDirectory, 'heliosdb.auto.toml');
}

/** ALTER SYSTEM SET name = value; null resets, name null resets all. Durable when it returns. */
export function writeAutoSetting(dataDirectory: string, name: string | null, value: string | null): void {
  const path = autoFilePath(dataDirectory);
  const settings = name === null || !existsSync(path) ? {} : parse(readFileSync(path, 'utf8'));
  if (name !== null && value !== null) settings[name] = value;
  else if (name !== null) delete settings[name];
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, header + stringify(settings));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
