// Every service that rooms below ask of the session, each under its key: the one list of them.
import { autovacuumKind } from '../../base/addon.js';
import { catalogService } from '../../catalog/service.js';
import { serverInfo } from '../../catalog/server-info.js';
import { sessionIdentity } from '../../catalog/session-identity.js';
import { copyStreams } from '../../commands/copy/api.js';
import { onCommitService } from '../../commands/on-commit.js';
import {
  openRelationsService,
  sequenceCacheService,
  sessionRegistryService,
  settingsService,
  transactionControl,
} from '../../commands/services.js';
import { cursorPositions, functionSettings, procedureRunner } from '../../executor/services.js';
import {
  advisoryLocks,
  backendsService,
  lockTableService,
  notificationService,
  preparedTransactionsService,
  relationChecks,
  serverControl,
  statisticsService,
  snapshotExport,
} from '../../functions/server-services.js';
import { settingControl, sleeper } from '../../functions/services.js';
import { sequenceService } from '../../functions/sequence-service.js';
import { notificationQueueUsage } from '../../transaction/notifications.js';
import { preparedTransactions } from '../../transaction/prepared.js';
import { advisoryLocksOf, backends, lockTable } from '../../transaction/server-services.js';
import { copyStreamsOf } from '../copy-streams.js';
import { checkHeapOnline, checkIndexOnline } from '../../commands/verify/amcheck.js';
import { commandContext } from '../corridor.js';
import type { Session } from '../session.js';
import { cursorPositionsOf } from './cursor-positions.js';
import { functionSettingsOf } from './function-settings.js';
import { procedureRunnerOf } from '../procedural/runner.js';
import { openRelationsOf } from './open-relations.js';
import { commandSettings } from './command-settings.js';
import { serverInfoOf } from './server-info.js';
import { settingControlOf, sleeperOf } from './setting-control.js';
import { statisticsOf } from './statistics.js';
import { transactionControlOf } from './transaction-control.js';

/** Offers the session's services; called once, when it is made. */
export function provideServices(session: Session): void {
  session.provide(catalogService, session.catalog);
  session.provide(sessionIdentity, {
    get userId() {
      return session.users.userId;
    },
    get sessionUserId() {
      return session.users.sessionUserId;
    },
  });
  session.provide(settingControl, settingControlOf(session));
  session.provide(sleeper, sleeperOf(session));
  session.provide(relationChecks, {
    index: (index, check) => checkIndexOnline(commandContext(session, '', []), index, check),
    heap: (relation, range) => checkHeapOnline(commandContext(session, '', []), relation, range),
  });
  session.provide(serverControl, { reload: () => session.environment.server.reload() });
  session.provide(copyStreams, copyStreamsOf(session));
  session.provide(functionSettings, functionSettingsOf(session));
  session.provide(cursorPositions, cursorPositionsOf(session));
  session.provide(procedureRunner, procedureRunnerOf(session));
  session.provide(advisoryLocks, advisoryLocksOf(session.locks));
  session.provide(snapshotExport, { export: () => session.transactions.exportSnapshot() });
  session.provide(notificationService, {
    notify: (channel, payload) => session.notifications.notify(channel, payload),
    get listening() {
      return session.notifications.listening;
    },
    queueUsage: notificationQueueUsage,
  });
  session.provide(preparedTransactionsService, { list: preparedTransactions });
  session.provide(serverInfo, serverInfoOf(session));
  session.provide(lockTableService, lockTable);
  session.provide(backendsService, backends);
  session.provide(statisticsService, statisticsOf(session));
  session.provide(sequenceService, session.sequences);
  session.provide(sequenceCacheService, session.sequences);
  session.provide(onCommitService, session.temporaryTables);
  session.provide(settingsService, commandSettings(session));
  session.provide(sessionRegistryService, {
    otherSessions: (database) => othersOf(session, database).length,
    preparedTransactions: (database) =>
      preparedTransactions().filter((prepared) => prepared.database === database).length,
    dismissMaintenance: (database) => dismissMaintenance(session, database),
    async terminateSessions(database) {
      for (const other of othersOf(session, database)) backends.signal(other.processId, 'terminate');
    },
  });
  session.provide(transactionControl, transactionControlOf(session));
  session.provide(openRelationsService, openRelationsOf(session));
}

function othersOf(session: Session, database: number) {
  return backends
    .list()
    .filter((other) => other.database === database && other.processId !== session.connection.processId);
}

const dismissalPollMs = 10;
const dismissalMaxMs = 5000;

async function dismissMaintenance(session: Session, database: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < dismissalMaxMs; waitedMs += dismissalPollMs) {
    const workers = othersOf(session, database).filter(({ kind }) => kind === autovacuumKind);
    if (workers.length === 0) return;
    for (const worker of workers) backends.signal(worker.processId, 'terminate');
    await new Promise((resolve) => setTimeout(resolve, dismissalPollMs));
  }
}
