// How much of their rate writers keep while someone reads a report over the same tables again and again.
import { WireClient } from '../../conformance/wire-client.js';
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import type { Sample, Site, Workload } from '../workload.js';

const report = `select b.bid, count(*), sum(a.abalance), max(t.tbalance), min(b.bbalance)
  from pgbench_accounts a join pgbench_branches b on b.bid = a.bid join pgbench_tellers t on t.tid = a.bid * 10
  where a.aid % 7 <> 3 group by b.bid order by sum(a.abalance) desc`;
const run = { script: 'simple-update', protocol: 'prepared', clients: 8 } as const;

export const reportBesideWrites: Workload = {
  name: 'report-beside-writes',
  what: 'what 8 clients of pgbench -N keep of their rate beside a report of three tables',
  dataset: pgbenchTables,
  measures: [
    {
      name: 'share of -N kept',
      unit: 'share',
      target: { kind: 'least', value: 0.7 },
      warmsUp: true,
      run: kept,
      check: balances,
    },
  ],
};

async function kept(site: Site): Promise<Sample> {
  const alone = await pgbench(site, run);
  const reports = await startReports(site);
  const beside = await pgbench(site, run).finally(() => reports.stop());
  return { value: beside.value / alone.value };
}

/** Reads reports one after the other until it is stopped; stopping rejects where one failed. */
async function startReports(site: Site): Promise<{ stop(): Promise<void> }> {
  const client = await WireClient.connect(site.address);
  let isOver = false;
  const reading = (async () => {
    while (!isOver) {
      const { error } = await client.query(report);
      if (error !== null) throw new Error(`the report failed: ${error.code} ${error.message}`);
    }
  })();
  reading.catch(() => undefined);
  return {
    stop: async () => {
      isOver = true;
      await reading.finally(() => client.close());
    },
  };
}
