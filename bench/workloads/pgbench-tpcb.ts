// Durable commits that wait for each other's rows: few branches, every transaction updates one.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

export const pgbenchTpcb: Workload = {
  name: 'pgbench-tpcb',
  what: 'pgbench, tpcb-like, prepared statements, 8 clients',
  dataset: pgbenchTables,
  measures: [
    {
      name: '8 clients',
      unit: 'a second',
      target: times(1.6),
      warmsUp: true,
      run: (site) => pgbench(site, { script: 'tpcb-like', protocol: 'prepared', clients: 8 }),
      check: balances,
    },
  ],
};
