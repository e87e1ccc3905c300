// Making the tables of pgbench: rows made by the server (INSERT ... SELECT) or sent by the client (COPY), VACUUM, keys.
import { balances } from '../datasets/pgbench.js';
import { type Dataset, type Measure, type Site, times, type Workload } from '../workload.js';

/** A database that pgbench fills anew each time. */
const empty: Dataset = { name: 'init', setUp: async () => undefined };

const steps = { 'rows made by the server': 'dtGvp', 'rows sent by the client': 'dtgvp' };

export const pgbenchInit: Workload = {
  name: 'pgbench-init',
  what: 'pgbench -i -s 20, rows made by the server and by the client',
  dataset: empty,
  measures: Object.entries(steps).map(
    ([name, words]): Measure => ({
      name,
      unit: 's',
      target: times(1.5),
      run: async (site: Site) => {
        const begun = performance.now();
        await site.program('pgbench', ['-i', '-q', '-I', words, '-s', String(site.size.pgbench)]);
        return { value: (performance.now() - begun) / 1000 };
      },
      check: balances,
    }),
  ),
};
