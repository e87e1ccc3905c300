// What one of a thousand idle connections, each of which ran a query, adds to the server's memory.
import { pgbenchTables } from '../datasets/pgbench.js';
import { RawConnection } from '../raw-connection.js';
import { memoryKib } from '../servers.js';
import { type Sample, type Site, Unavailable, type Workload } from '../workload.js';

const fullConnections = 1000;
/** Opened first: what the server makes once is no cost of a connection. */
const warmConnections = 50;
/** Left to the benchmark itself and to superusers. */
const sparedConnections = 20;

export const idleConnections: Workload = {
  name: 'idle-connections',
  what: 'memory of an idle connection, of 1,000 that each ran a query',
  dataset: pgbenchTables,
  measures: [
    {
      name: 'a connection',
      unit: 'KiB',
      target: { kind: 'most', value: 32 },
      run: memoryOfConnections,
    },
  ],
};

async function memoryOfConnections(site: Site): Promise<Sample> {
  const processes = () => site.processes();
  if (Number.isNaN(memoryKib(processes())))
    throw new Unavailable('memory can be read only of a server on this machine');
  const limit = Number((await site.query('show max_connections')).rows[0]?.[0]);
  const warm = Math.min(warmConnections, site.size.of(warmConnections * 4));
  const count = Math.min(site.size.of(fullConnections), limit - sparedConnections - warm);
  const open: RawConnection[] = [];
  try {
    await openMore(site, warm, open);
    const before = memoryKib(processes());
    await openMore(site, count, open);
    return { value: (memoryKib(processes()) - before) / count };
  } finally {
    for (const connection of open) connection.close();
    await untilGone(site);
  }
}

async function openMore(site: Site, count: number, into: RawConnection[]): Promise<void> {
  for (let index = 0; index < count; index++) {
    const connection = await RawConnection.connect(site.address);
    into.push(connection);
    await connection.run(`select abalance from pgbench_accounts where aid = ${1 + index}`);
  }
}

/** Waits until the connections are gone on the server's side too. */
async function untilGone(site: Site): Promise<void> {
  const sql = 'select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  while ((await site.query(sql)).rows[0]?.[0] !== '0') await new Promise((resolve) => setTimeout(resolve, 50));
}
