// Fifty lookups sent before the first answer is read.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import { times, type Workload } from '../workload.js';

const statements = 50;
const accountsPerScale = 100_000;
const lookup = (accounts: number) =>
  `\\set aid random(1, ${accounts})\nselect abalance from pgbench_accounts where aid = :aid;`;

/** pgbench prepares each of the lookups under a name of its own. */
function script(accounts: number): string {
  return ['\\startpipeline', ...Array.from({ length: statements }, () => lookup(accounts)), '\\endpipeline'].join('\n');
}

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
        const text = script(accountsPerScale * site.size.pgbench);
        const { value } = await pgbench(site, { script: text, protocol: 'prepared', clients: 4 });
        return { value: value * statements };
      },
      check: balances,
    },
  ],
};
