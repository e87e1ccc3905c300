// Lookups of one row by its key, prepared once: what most of OLTP is.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

const targets = new Map([
  [1, 1.1],
  [8, 1.3],
  [32, 1.6],
]);

export const pgbenchSelectPrepared: Workload = {
  name: 'pgbench-select-prepared',
  what: 'pgbench -S, prepared statements, 1, 8 and 32 clients',
  dataset: pgbenchTables,
  measures: [...targets].map(([clients, least]) => ({
    name: clients === 1 ? '1 client' : `${clients} clients`,
    unit: 'a second',
    target: times(least),
    warmsUp: true,
    run: (site) => pgbench(site, { script: 'select-only', protocol: 'prepared', clients }),
    check: balances,
  })),
};
