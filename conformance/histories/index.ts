// The histories suite: each workload at each level, on a server that stays up and on one that is killed (kill -9) and
// started again in the middle; a case fails where the history shows what its level forbids, or where even READ COMMITTED
// shows nothing that SERIALIZABLE forbids.
import { rmSync } from 'node:fs';
import { newDirectory, startServer } from '../../test/support/server.js';
import type { CaseResult, ServerAddress, SuiteOptions } from '../case-result.js';
import { statements, withFreshDatabase } from '../scratch-database.js';
import { type Finding, findPhenomena, forbidden, type Level } from './checker.js';
import { type HistoryTransaction, versionsOf, type Workload } from './history.js';
import { lostWrites, settled } from './settle.js';
import { runWorkload, tableStatements, type WorkloadOptions } from './workload.js';

const workloads: readonly Workload[] = ['lists', 'registers'];
const levels: readonly Level[] = ['read committed', 'repeatable read', 'serializable'];
const countDefault = 1000;
const seedDefault = 1;
const transactionsPerKill = 250;
const findingsShown = 20;

/** Yields a result for each workload, level and fate of the server. */
export async function* runHistories(options: SuiteOptions): AsyncGenerator<CaseResult> {
  for (const isKilled of [false, true]) {
    for (const workload of workloads) {
      for (const level of levels) {
        const name = `${workload}, ${level}${isKilled ? ', kill -9' : ''}`;
        if (!(options.only?.includes(name) ?? true)) continue;
        options.onStart(name);
        const run = {
          workload,
          level,
          seed: options.seed ?? seedDefault,
          transactionCount: options.count ?? countDefault,
        };
        const start = Date.now();
        const result = isKilled ? await killedCase(options, name, run) : await plainCase(options, name, run);
        yield { ...result, seconds: (Date.now() - start) / 1000 };
      }
    }
  }
}

async function plainCase(options: SuiteOptions, name: string, run: WorkloadOptions): Promise<CaseResult> {
  const history = await withFreshDatabase(options.server, tableStatements, (address) => runWorkload(address, run));
  return caseResult(name, run, history);
}

/** Needs a server whose process is ours: one of its own. */
async function killedCase(options: SuiteOptions, name: string, run: WorkloadOptions): Promise<CaseResult> {
  if (!options.isOwnServer) {
    const reason = 'kills only a server that the run has started (no --server)';
    return { ...caseResult(name, run, []), verdict: 'skip', isUnavailable: true, reason };
  }
  const { history, deaths } = await runKilled(run, transactionsPerKill);
  return caseResult(name, run, history, deaths);
}

/** Runs a workload against a server in a new data directory that is killed after each so many transactions. */
export async function runKilled(
  run: WorkloadOptions,
  everyTransactions: number,
): Promise<{ history: HistoryTransaction[]; deaths: number }> {
  const directory = await newDirectory();
  let server = await startServer({ directory });
  const address = (): ServerAddress => ({
    host: server.host,
    port: server.port,
    user: 'postgres',
    password: '',
    database: 'postgres',
  });
  let deaths = 0;
  const restart = async () => {
    await server.kill();
    deaths++;
    server = await startServer({ directory });
    return address();
  };
  try {
    await statements(address(), tableStatements);
    const history = await runWorkload(address(), { ...run, kills: { everyTransactions, restart } });
    return { history, deaths };
  } finally {
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a history shows that its level forbids, and how much else. Its last transaction has read every key in the end. */
export function judge(
  { workload, level }: Pick<WorkloadOptions, 'workload' | 'level'>,
  told: readonly HistoryTransaction[],
): { readonly bad: readonly Finding[]; readonly allowed: number } {
  const history = settled(told);
  // At READ COMMITTED a write need not follow what its transaction has read: then registers have no order.
  const ordersWrites = workload === 'lists' || level !== 'read committed';
  const versions = versionsOf(workload, history);
  const last = history.at(-1);
  const lost = last === undefined ? [] : lostWrites({ workload, history, versions, ordersWrites, last });
  const findings = [
    ...lost.map((detail) => ({ phenomenon: 'lost write' as const, detail })),
    ...findPhenomena(history, versions, ordersWrites),
  ];
  const bad = findings.filter(({ phenomenon }) => forbidden[level].includes(phenomenon));
  return { bad, allowed: findings.length - bad.length };
}

function caseResult(
  name: string,
  run: WorkloadOptions,
  history: readonly HistoryTransaction[],
  deaths = 0,
): CaseResult {
  const { bad, allowed } = judge(run, history);
  const isBlind = run.level === 'read committed' && bad.length === 0 && allowed === 0;
  const isUnread = history.at(-1)?.committed !== true;
  const times = (outcome: boolean | null) => history.filter(({ committed }) => committed === outcome).length;
  const reasons = [
    ...(isUnread ? ['what is there in the end could not be read'] : []),
    ...bad.map(({ phenomenon, detail }) => `${phenomenon}: ${detail}`),
    ...(isBlind ? ['no phenomenon was found that the level allows'] : []),
  ];
  const reason = reasons[0] ?? '';
  const kills = deaths === 0 ? '' : `, ${times(null)} unknown, ${deaths} kills`;
  return {
    suite: 'histories',
    name,
    verdict: reason === '' ? 'pass' : 'fail',
    reason,
    figures: `${times(true)} committed, ${times(false)} not${kills}, ${allowed} allowed phenomena`,
    differences: bad.slice(0, findingsShown).map(({ phenomenon, detail }) => ({
      input: `${times(true)} transactions committed`,
      expected: [],
      got: [`${phenomenon}: ${detail}`],
    })),
    seconds: 0,
  };
}
