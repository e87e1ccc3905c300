// A fresh worker makes itself ready for clients' first statements: it runs statements of its own (warm-up.sql) while
// nobody needs it, so that the code of parser, planner and executor is compiled and the catalogs' descriptors are read.
// Sessions of its own making run them: they count nowhere, show up in no database, and leave nothing behind but that.
// Invariant: clients come first; a statement of the warm-up starts only after a pause in which the worker had little to do.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { warmUpKind } from '../base/addon.js';
import { loginDatabase, loginRole, sharedCatalog } from './host.js';
import { openInternalConnection } from './internal-connection.js';
import { forgetStatements } from './plan-cache/statement-cache.js';
import { Session } from './session.js';
import type { WorkerEnvironment } from './session.js';
import { runSimpleQuery } from './simple-query.js';

const pauseMs = 5;
/** Share of a pause that clients may have taken for the worker to count as idle. */
const idleUtilization = 0.3;

/** Runs the statements one by one; resolves when all have run, at once where `isOver` says that the worker ends. */
export async function warmUp(environment: WorkerEnvironment, isOver: () => boolean): Promise<void> {
  for (const sql of readStatements()) {
    await untilIdle();
    if (isOver()) return;
    await runOnce(environment, sql);
  }
  forgetStatements();
}

/** The file without its first paragraph, which says what it is. */
function readStatements(): string[] {
  const text = readFileSync(fileURLToPath(new URL('./warm-up.sql', import.meta.url)), 'utf8');
  return text.trim().split(/\n\n+/).slice(1);
}

async function untilIdle(): Promise<void> {
  for (;;) {
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    if (performance.eventLoopUtilization(before).utilization < idleUtilization) return;
  }
}

/** Runs one statement in a session of its own. That it can't be run is nobody's concern. */
async function runOnce(environment: WorkerEnvironment, sql: string): Promise<void> {
  const catalog = sharedCatalog(environment);
  const role = catalog.tables.findOne('pg_authid', { oid: bootstrapRole })?.row;
  const database = catalog.tables.findOne('pg_database', { datname: 'postgres' })?.row;
  if (!role || !database) return;
  const connection = openInternalConnection(loginRole(catalog, role), loginDatabase(catalog, database), warmUpKind);
  const session = new Session(connection, environment);
  try {
    await runSimpleQuery(session, sql);
  } catch (error) {
    environment.log.debug({ err: error }, 'a statement of the warm-up failed');
  } finally {
    await session.end();
    connection.close();
  }
}

/** pg_authid's oid of the superuser that initdb makes. */
const bootstrapRole = 10;
