// The specs of this folder and the transcripts that PostgreSQL 17 gave for them.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A step is cancelled after this long: no wait of a spec is meant to last. */
export const stepMs = 20_000;

export interface SpecFile {
  readonly name: string;
  readonly text: string;
  /** Where its transcript is. */
  readonly transcript: string;
}

/** All specs of the checkout, by name. */
export function specFiles(root: string): SpecFile[] {
  const folder = join(root, 'test', 'isolation');
  return readdirSync(join(folder, 'specs'))
    .filter((file) => file.endsWith('.spec'))
    .sort()
    .map((file) => {
      const name = basename(file, '.spec');
      const text = readFileSync(join(folder, 'specs', file), 'utf8');
      return { name, text, transcript: join(folder, 'recorded', `${name}.out`) };
    });
}
