// Files of generated rows, written once to the cache and found there by the next run.
import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './tools.js';

const chunkLength = 1 << 20;

/** The path of the file; its lines are made where it is not there yet. The name must tell everything that they depend on. */
export function dataFile(name: string, lines: () => Iterable<string>): string {
  const path = join(cacheFolder('data'), name);
  if (existsSync(path)) return path;
  const making = `${path}.${process.pid}`;
  const file = openSync(making, 'w');
  let text = '';
  for (const line of lines()) {
    text += `${line}\n`;
    if (text.length < chunkLength) continue;
    writeSync(file, text);
    text = '';
  }
  writeSync(file, text);
  closeSync(file);
  renameSync(making, path);
  return path;
}
