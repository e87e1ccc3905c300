// Scores a transcript of psql -a against PostgreSQL's expected ones, statement by statement. A statement is a run of
// echoed input that is followed by output or ends in a semicolon or backslash command; it is right where the output
// behind it is the expected one. An echo that is missing (psql stopped, a \if branch taken otherwise) makes its
// statement wrong. Blank lines and blanks at the ends of lines don't count. Where a file has alternatives the best counts.
import type { Difference } from '../case-result.js';

export interface Score {
  readonly same: number;
  readonly total: number;
  readonly differences: readonly Difference[];
}

/** Texts are the files' bytes as Latin-1: some of PostgreSQL's files are in no encoding of their own. */
export function scoreTranscript(sql: string, expected: readonly string[], actual: string): Score {
  const input = significantLines(sql);
  const got = outputsBehind(input, significantLines(actual));
  let best: Score | null = null;
  for (const text of expected) {
    const score = compare(input, outputsBehind(input, significantLines(text)), got);
    if (best === null || score.same > best.same) best = score;
  }
  return best ?? { same: 0, total: 0, differences: [] };
}

function significantLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/[\t-\r\x1c-\x20\x85\xa0]+$/, ''))
    .filter((line) => line !== '');
}

/** For each line of input the output up to the next line found; null where the echo of the line is missing. */
function outputsBehind(input: readonly string[], output: readonly string[]): (string[] | null)[] {
  const outputs: (string[] | null)[] = [];
  let last: string[] | null = null;
  let at = 0;
  for (const line of input) {
    const found = output.indexOf(line, at);
    if (found < 0) {
      outputs.push(null);
      continue;
    }
    last?.push(...output.slice(at, found));
    last = [];
    outputs.push(last);
    at = found + 1;
  }
  if (outputs.at(-1) !== null) last?.push(...output.slice(at));
  return outputs;
}

function compare(
  input: readonly string[],
  expected: readonly (readonly string[] | null)[],
  got: readonly (readonly string[] | null)[],
): Score {
  const differences: Difference[] = [];
  let same = 0;
  let total = 0;
  let statement = emptyStatement();
  for (const [index, line] of input.entries()) {
    const [wanted = null, had = null] = [expected[index], got[index]];
    const code = line.replace(/--[^\n]*$/, '').trim();
    statement.lines.push(line);
    statement.expected.push(...(wanted ?? []));
    statement.got.push(...(had ?? []));
    statement.isLost ||= had === null && wanted !== null;
    statement.hasCode ||= code !== '';
    if ((wanted ?? []).length === 0 && !endsStatement(code)) continue;
    if (statement.hasCode) {
      total++;
      if (!statement.isLost && sameLines(statement.expected, statement.got)) same++;
      else differences.push({ input: statement.lines.join('\n'), expected: statement.expected, got: statement.got });
    }
    statement = emptyStatement();
  }
  return { same, total, differences };
}

function emptyStatement() {
  return { lines: [] as string[], expected: [] as string[], got: [] as string[], isLost: false, hasCode: false };
}

function endsStatement(code: string): boolean {
  return code.endsWith(';') || code.startsWith('\\') || /\\(g|gset|gexec|gx|crosstabview|gdesc|watch|;)/.test(code);
}

function sameLines(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index]);
}
