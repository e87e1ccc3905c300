// The same lookups, each a text of its own.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

export const pgbenchSelectSimple: Workload = {
  name: 'pgbench-select-simple',
  what: 'pgbench -S, simple protocol, 8 clients',
  dataset: pgbenchTables,
  measures: [
    {
      name: '8 clients',
      unit: 'a second',
      target: times(1.4),
      warmsUp: true,
      run: (site) => pgbench(site, { script: 'select-only', protocol: 'simple', clients: 8 }),
      check: balances,
    },
  ],
};
