// Durable commits of three statements that seldom meet each other's rows.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

const targets = new Map([
  [1, 1.2],
  [8, 2],
  [32, 2.5],
]);

export const pgbenchSimpleUpdate: Workload = {
  name: 'pgbench-simple-update',
  what: 'pgbench -N, prepared statements, 1, 8 and 32 clients',
  dataset: pgbenchTables,
  measures: [...targets].map(([clients, least]) => ({
    name: clients === 1 ? '1 client' : `${clients} clients`,
    unit: 'a second',
    target: times(least),
    warmsUp: true,
    run: (site) => pgbench(site, { script: 'simple-update', protocol: 'prepared', clients }),
    check: balances,
  })),
};
