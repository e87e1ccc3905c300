// The tables of pgbench, and what stays true of them whatever its scripts do.
import type { Answer, Dataset, Site } from '../workload.js';

export const pgbenchTables: Dataset = {
  name: 'pgbench',
  setUp: async (site) => {
    await site.program('pgbench', ['-i', '-q', '-s', String(site.size.pgbench)]);
  },
};

/** Counts and keys are as made, every balance is the sum of what history says was added (nothing may empty history). */
export async function balances(site: Site): Promise<Answer> {
  return site.query(`
    select count(*), sum(aid), max(aid), sum(bid), (select count(*) from pgbench_tellers),
      (select count(*) from pgbench_branches),
      sum(abalance) = (select coalesce(sum(delta), 0) from pgbench_history),
      (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches)
    from pgbench_accounts`);
}
