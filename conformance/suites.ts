// The suites by name.
import type { Suite, SuiteName } from './case-result.js';
import { runClients } from './clients/index.js';
import { runDdl } from './ddl/index.js';
import { runDumps } from './dumps/index.js';
import { runExpressions } from './expressions/index.js';
import { runHistories } from './histories/index.js';
import { runIsolation } from './isolation/index.js';
import { runProtocol } from './protocol/index.js';
import { runQueries } from './queries/index.js';
import { runRegress } from './regress/index.js';

export const suites = {
  regress: runRegress,
  isolation: runIsolation,
  histories: runHistories,
  dumps: runDumps,
  expressions: runExpressions,
  queries: runQueries,
  protocol: runProtocol,
  ddl: runDdl,
  clients: runClients,
} satisfies Record<SuiteName, Suite>;
