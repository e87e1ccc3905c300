// status.tsv: what each case gave when it was last blessed. A run is compared with it: whatever differs, for worse or for
// better, fails the run until it is blessed, and a blessing may not lower it unless that is said.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type CaseResult, type SuiteName, suiteNames, type Verdict } from './case-result.js';

/** A line of the file. */
export interface CaseStatus {
  readonly suite: SuiteName;
  readonly name: string;
  readonly verdict: Verdict;
  readonly same: number | null;
  readonly total: number | null;
  readonly reason: string;
}

/** How a result stands to its line; `unknown` has none. */
export type Standing = 'as before' | 'better' | 'worse' | 'unknown';

const header = 'suite\tcase\tverdict\tsame\ttotal\treason';

/** The lines of a status file; none where there is no file. Throws on a line that is none. */
export function readStatus(path: string): CaseStatus[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(1);
  return lines.filter((line) => line !== '').map(parseLine);
}

function parseLine(line: string): CaseStatus {
  const [suite = '', name = '', verdict = '', same = '', total = '', reason = ''] = line.split('\t');
  const knownSuite = suiteNames.find((known) => known === suite);
  const knownVerdict = (['pass', 'fail', 'skip'] as const).find((known) => known === verdict);
  if (knownSuite === undefined || knownVerdict === undefined) throw new Error(`not a line of a status file: ${line}`);
  const count = (text: string) => (text === '' ? null : Number(text));
  return { suite: knownSuite, name, verdict: knownVerdict, same: count(same), total: count(total), reason };
}

/** Writes the file, in the suites' order and by name. */
export function writeStatus(path: string, cases: readonly CaseStatus[]): void {
  const order = (status: CaseStatus) => suiteNames.indexOf(status.suite);
  const sorted = [...cases].sort((left, right) => order(left) - order(right) || (left.name < right.name ? -1 : 1));
  const lines = sorted.map(({ suite, name, verdict, same, total, reason }) =>
    [suite, name, verdict, same ?? '', total ?? '', lasting(reason)].join('\t'),
  );
  writeFileSync(path, `${[header, ...lines].join('\n')}\n`);
}

/** The line that a result makes. */
export function statusOf(result: CaseResult): CaseStatus {
  const { suite, name, verdict, reason } = result;
  return { suite, name, verdict, same: result.same ?? null, total: result.total ?? null, reason };
}

/** Compares verdicts first; among equal ones the share of parts that were right. */
export function standing(before: CaseStatus | undefined, now: CaseStatus): Standing {
  if (before === undefined) return 'unknown';
  const ranks = { skip: 0, fail: 1, pass: 2 } as const;
  const gain = ranks[now.verdict] - ranks[before.verdict] || share(now) - share(before);
  if (gain === 0) return 'as before';
  return gain > 0 ? 'better' : 'worse';
}

function share({ verdict, same, total }: CaseStatus): number {
  return same === null || total === null || total === 0 ? Number(verdict === 'pass') : same / total;
}

/** Cases that the file has and a whole run of their suite no longer yields. */
export function vanished(
  before: readonly CaseStatus[],
  results: readonly CaseStatus[],
  wholeSuites: readonly SuiteName[],
): CaseStatus[] {
  const seen = new Set(results.map(keyOf));
  return before.filter((status) => wholeSuites.includes(status.suite) && !seen.has(keyOf(status)));
}

/** The file after a blessing: results take the place of their lines, and what is gone goes. */
export function blessed(
  before: readonly CaseStatus[],
  results: readonly CaseStatus[],
  gone: readonly CaseStatus[],
): CaseStatus[] {
  const after = new Map(before.map((status) => [keyOf(status), status]));
  for (const status of gone) after.delete(keyOf(status));
  for (const status of results) after.set(keyOf(status), status);
  return [...after.values()];
}

/** What a case is known by. */
export function keyOf(status: { readonly suite: string; readonly name: string }): string {
  return `${status.suite} ${status.name}`;
}

const reasonCharactersMax = 160;

/** A reason as the file keeps it: in one short line, without what only one machine knows. */
function lasting(reason: string): string {
  const line = reason.replace(/\s+/g, ' ').replace(/(?:file:\/\/)?(?:\/[\w.@-]+){2,}\/?/g, '…');
  return line.length <= reasonCharactersMax ? line : `${line.slice(0, reasonCharactersMax)}…`;
}
