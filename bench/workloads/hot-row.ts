// Transactions that all change the same rows: one after the other, a sync or less apart.
import { balances, pgbenchTables } from '../datasets/pgbench.js';
import { pgbench } from '../pgbench.js';
import type { Workload } from '../workload.js';

const script = `\\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = 1;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = 1;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = 1;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 1, :delta, CURRENT_TIMESTAMP);
END;`;

export const hotRow: Workload = {
  name: 'hot-row',
  what: 'transactions on the same three rows, prepared statements, 8 clients',
  dataset: pgbenchTables,
  measures: [
    {
      name: '8 clients',
      unit: 'a second',
      target: null,
      warmsUp: true,
      run: (site) => pgbench(site, { script, protocol: 'prepared', clients: 8 }),
      check: balances,
    },
  ],
};
