// Reads the exported facts beside this file: COPY text format under a header line of column names.
import { readFileSync } from 'node:fs';
import { existsSync } from 'node:fs';

/** Rows of data/<name>.tsv, null for \N; none where there is no such file. */
export function readDataFile(name: string): (string | null)[][] {
  const file = new URL(`./data/${name}.tsv`, import.meta.url);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(1, -1).map((line) => line.split('\t').map(unescapeField));
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescapeField(field: string): string | null {
  if (!field.includes('\\')) return field;
  return field === '\\N' ? null : field.replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);
}
