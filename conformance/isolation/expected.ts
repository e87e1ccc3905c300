// Compares a transcript with the expected ones: NAME.out and its alternatives NAME_0.out to NAME_9.out. As PostgreSQL's
// own comparison does, blanks don't count. What differs is told by permutation.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Difference } from '../case-result.js';

export interface Comparison {
  readonly same: number;
  readonly total: number;
  readonly differences: readonly Difference[];
}

/** The alternative nearest to the transcript; null where the folder has none for the spec. */
export function compareWithExpected(folder: string, name: string, transcript: string): Comparison | null {
  const files = ['', ...Array.from({ length: 10 }, (_, index) => `_${index}`)].map((suffix) =>
    join(folder, `${name}${suffix}.out`),
  );
  const comparisons = files
    .filter((file) => existsSync(file))
    .map((file) => compareTranscripts(readFileSync(file, 'utf8'), transcript));
  const [best = null] = comparisons.sort((a, b) => a.differences.length - b.differences.length);
  return best;
}

/** Permutation by permutation, in order. */
export function compareTranscripts(expected: string, got: string): Comparison {
  const [wanted, given] = [inPermutations(expected), inPermutations(got)];
  const total = Math.max(wanted.length, given.length);
  const differences: Difference[] = [];
  for (let index = 0; index < total; index++) {
    const [want = [], have = []] = [wanted[index], given[index]];
    if (withoutBlanks(want) !== withoutBlanks(have))
      differences.push({ input: want[0] ?? have[0] ?? '', expected: want, got: have });
  }
  return { same: total - differences.length, total, differences };
}

const heading = 'starting permutation:';

/** The lines of each permutation, its heading first; what stands before the first one belongs to it. */
function inPermutations(transcript: string): string[][] {
  const parts: string[][] = [];
  for (const line of transcript.trimEnd().split('\n')) {
    if (line.startsWith(heading)) parts.push([]);
    if (parts.length > 0) parts.at(-1)?.push(line);
    else if (line !== '' && !line.startsWith('Parsed test spec')) parts.push([line]);
  }
  return parts.map((lines) => lines.slice(0, lines.findLastIndex((line) => line !== '') + 1));
}

const withoutBlanks = (lines: readonly string[]): string =>
  lines.map((line) => line.replace(/[ \t\r\f\v]+/g, '')).join('\n');
