// The histories suite: each workload at each level; a case fails where the history shows what its level forbids, or where
// even READ COMMITTED shows nothing that SERIALIZABLE forbids.
import type { CaseResult, SuiteOptions } from '../case-result.js';
import { withFreshDatabase } from '../scratch-database.js';
import { type Finding, findPhenomena, forbidden, type Level } from './checker.js';
import { type HistoryTransaction, versionsOf, type Workload } from './history.js';
import { runWorkload, tableStatements } from './workload.js';

const workloads: readonly Workload[] = ['lists', 'registers'];
const levels: readonly Level[] = ['read committed', 'repeatable read', 'serializable'];
const countDefault = 1000;
const seedDefault = 1;
const findingsShown = 20;

/** Yields a result for each workload and level. */
export async function* runHistories(options: SuiteOptions): AsyncGenerator<CaseResult> {
  for (const workload of workloads) {
    for (const level of levels) {
      const name = `${workload}, ${level}`;
      if (!(options.only?.includes(name) ?? true)) continue;
      options.onStart(name);
      const start = Date.now();
      const history = await withFreshDatabase(options.server, tableStatements, (address) =>
        runWorkload(address, {
          workload,
          level,
          seed: options.seed ?? seedDefault,
          transactionCount: options.count ?? countDefault,
        }),
      );
      yield { ...judge(name, workload, level, history), seconds: (Date.now() - start) / 1000 };
    }
  }
}

function judge(
  name: string,
  workload: Workload,
  level: Level,
  history: readonly HistoryTransaction[],
): Omit<CaseResult, 'seconds'> {
  // At READ COMMITTED a write need not follow what its transaction has read: then registers have no order.
  const ordersWrites = workload === 'lists' || level !== 'read committed';
  const findings = findPhenomena(history, versionsOf(workload, history), ordersWrites);
  const bad = findings.filter(({ phenomenon }) => forbidden[level].includes(phenomenon));
  const isBlind = level === 'read committed' && findings.length === 0;
  const committed = history.filter((transaction) => transaction.committed === true).length;
  const reason = isBlind ? 'no phenomenon was found that the level allows' : failureOf(bad);
  return {
    suite: 'histories',
    name,
    verdict: reason === '' ? 'pass' : 'fail',
    reason,
    differences: bad.slice(0, findingsShown).map(({ phenomenon, detail }) => ({
      input: `${committed} transactions committed`,
      expected: [],
      got: [`${phenomenon}: ${detail}`],
    })),
  };
}

function failureOf(bad: readonly Finding[]): string {
  const [first] = bad;
  return first === undefined ? '' : `${first.phenomenon}: ${first.detail}`;
}
