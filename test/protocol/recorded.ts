// Random conversations and what a real PostgreSQL 17 answered to each: one line of JSON for each seed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Recorded {
  readonly seed: number;
  readonly replies: readonly string[];
}

const path = join('test', 'protocol', 'recorded.jsonl');

export function readRecorded(root: string): readonly Recorded[] {
  const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Recorded);
}

export function writeRecorded(recorded: readonly Recorded[]): void {
  writeFileSync(path, `${recorded.map((one) => JSON.stringify(one)).join('\n')}\n`);
}
