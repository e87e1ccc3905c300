// What the user sees: a line a case while it runs, differences where one was asked for, and the figures at the end.
import type { CaseResult, Difference } from './case-result.js';
import type { CaseStatus, Standing } from './status-file.js';

const linesMax = 80;
/** Beyond it, comparing line by line costs more than it explains. */
const alignedLinesMax = 400;

/** Shows on a terminal which case runs; the line goes away with the case's own. */
export function showStart(suite: string, name: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${suite} ${name} ...`);
}

/** A line a case: what it gave, and how that stands to the status file. */
export function showResult(result: CaseResult, standing: Standing | null): void {
  const count = result.total === undefined ? '' : `${result.same}/${result.total}`;
  const words = [
    result.suite.padEnd(11),
    result.name.padEnd(28),
    result.verdict,
    count.padStart(10),
    `${result.seconds.toFixed(1)}s`.padStart(7),
    standing === null || standing === 'as before' ? '' : `  ${standing.toUpperCase()}`,
    result.verdict === 'pass' ? '' : `  ${result.reason.slice(0, 120)}`,
    result.figures === undefined ? '' : `  ${result.figures}`,
  ];
  print(words.join(' ').trimEnd());
}

/** The differences of a case: the input, then lines expected and not got (-), got and not expected (+), and common ones. */
export function showDifferences(result: CaseResult): void {
  for (const { input, expected, got } of result.differences) {
    const lines = differenceLines(expected, got);
    const more = lines.length > linesMax ? [`... ${lines.length - linesMax} more lines`] : [];
    print(['', input, ...lines.slice(0, linesMax), ...more].join('\n'));
  }
}

/** The verdicts of each suite. */
export function showTotals(results: readonly CaseResult[]): void {
  print('');
  for (const suite of new Set(results.map((result) => result.suite))) {
    const own = results.filter((result) => result.suite === suite);
    const count = (verdict: string) => own.filter((result) => result.verdict === verdict).length;
    const sum = (part: 'same' | 'total') => own.reduce((total, result) => total + (result[part] ?? 0), 0);
    const share = ((100 * sum('same')) / Math.max(sum('total'), 1)).toFixed(2);
    const parts = sum('total') === 0 ? '' : `; ${sum('same')} of ${sum('total')} parts the same (${share}%)`;
    print(`${suite}: ${count('pass')} pass, ${count('fail')} fail, ${count('skip')} skipped${parts}`);
  }
}

/** A line of the status file in words. */
export function statusWords({ suite, name, verdict, same, total }: CaseStatus): string {
  return `${suite} ${name}: ${verdict}${total === null ? '' : ` ${same}/${total}`}`;
}

/** A line on standard output, in place of what showStart left. */
export function print(text: string): void {
  process.stdout.write(`${process.stdout.isTTY ? '\r\x1b[K' : ''}${text}\n`);
}

function differenceLines(expected: Difference['expected'], got: Difference['got']): string[] {
  if (expected.length > alignedLinesMax || got.length > alignedLinesMax)
    return [...expected.map((line) => `- ${line}`), ...got.map((line) => `+ ${line}`)];
  const lengths = commonLengths(expected, got);
  const lines: string[] = [];
  let [left, right] = [0, 0];
  while (left < expected.length || right < got.length) {
    const [mine, theirs] = [expected[left], got[right]];
    const [skipLeft = -1, skipRight = -1] = [lengths[left + 1]?.[right], lengths[left]?.[right + 1]];
    if (mine !== undefined && mine === theirs) {
      lines.push(`  ${mine}`);
      left++;
      right++;
    } else if (right >= got.length || (left < expected.length && skipLeft >= skipRight)) {
      lines.push(`- ${mine}`);
      left++;
    } else {
      lines.push(`+ ${theirs}`);
      right++;
    }
  }
  return lines;
}

/** The length of the longest common subsequence of the two ends, for every pair of beginnings. */
function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      const [below, here] = [lengths[row + 1] ?? [], lengths[row] ?? []];
      here[column] =
        left[row] === right[column]
          ? (below[column + 1] ?? 0) + 1
          : Math.max(below[column] ?? 0, here[column + 1] ?? 0);
    }
  }
  return lengths;
}
