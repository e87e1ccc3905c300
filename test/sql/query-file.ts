// Cases of test/sql: queries.sql holds queries, each ending with a semicolon at the end of a line; answers.txt what psql
// printed for each on a real PostgreSQL 17, in the same order, each under a line `== N`.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** The queries of a folder. */
export function readQueries(folder: string): string[] {
  return readFileSync(join(here, folder, 'queries.sql'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n')
    .split(/;\n/)
    .map((query) => query.trim())
    .filter((query) => query !== '');
}

/** PostgreSQL's answers, in order. */
export function readAnswers(folder: string): string[] {
  return readFileSync(join(here, folder, 'answers.txt'), 'utf8')
    .split(/^== \d+\n/m)
    .slice(1);
}

/** The file that answers are kept in, given their texts. */
export function answersFile(answers: readonly string[]): string {
  return answers.map((answer, index) => `== ${index + 1}\n${answer}`).join('');
}
