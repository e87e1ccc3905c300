// Fifty lookups sent before the first answer is read.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

const statements = 50;
const script = [
  '\\set aid random(1, 100000 * :scale)',
  '\\startpipeline',
  ...Array.from({ length: statements }, (_, n) => `select abalance from pgbench_accounts where aid = :aid - ${n};`),
  '\\endpipeline',
].join('\n');

export const pipeline50: Workload = {
  name: 'pipeline-50',
  what: `${statements} lookups a pipeline, 4 clients`,
  dataset: pgbenchTables,
  measures: [
    {
      name: 'lookups, 4 clients',
      unit: 'a second',
      target: times(3),
      warmsUp: true,
      run: async (site) => {
        const withScale = script.replace(':scale', String(site.size.pgbench));
        const { value } = await pgbench(site, { script: withScale, protocol: 'prepared', clients: 4 });
        return { value: value * statements };
      },
      check: balances,
    },
  ],
};
