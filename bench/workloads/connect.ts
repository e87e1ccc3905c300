// A connection for every query, as scripts and small web programs have it.
import { pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

export const connect: Workload = {
  name: 'connect',
  what: 'connect, select, disconnect, 4 clients',
  dataset: pgbenchTables,
  measures: [
    {
      name: '4 clients',
      unit: 'a second',
      target: times(5),
      warmsUp: true,
      run: (site) => pgbench(site, { script: 'select 1;', protocol: 'simple', clients: 4, reconnects: true }),
    },
  ],
};
