// The server and the session as catalog functions show them: version, settings, prepared statements, cursors, rules of
// authentication.
import type { CursorRow, PreparedStatementRow, ServerInfo } from '../../catalog/server-info.js';
import { addon } from '../../base/addon.js';
import { postgresqlVersion } from '../../config/generated/settings.js';
import type { Session } from '../session.js';

/** The session's view. */
export function serverInfoOf(session: Session): ServerInfo {
  const { connection, settings, environment } = session;
  const { server } = environment;
  return {
    version: `PostgreSQL ${postgresqlVersion} (HeliosDB ${addon.nativeVersion()}) on ${process.arch}-${process.platform}, 64-bit`,
    startTimestamp: server.startTimestamp,
    configurationLoadTimestamp: server.startTimestamp,
    currentQuery: () => session.queryString,
    clientAddress: connection.client,
    serverAddress: connection.client === null ? null : { address: '127.0.0.1', port: settings.int('port') },
    processId: connection.processId,
    systemUser: connection.systemUser,
    settings: () => settings.list().filter((info) => !info.hiddenFromShowAll),
    settingFlags: (name) =>
      settings.list().find((info) => info.name.toLowerCase() === name.toLowerCase())?.flags ?? null,
    preparedStatements: () => preparedStatements(session),
    cursors: () => cursors(session),
    hbaRules: () => server.hbaRules(),
  };
}

function preparedStatements(session: Session): PreparedStatementRow[] {
  return [...session.statements.values()]
    .filter((prepared) => prepared.name !== '')
    .map((prepared) => ({
      name: prepared.name,
      statement: prepared.sourceText,
      prepareTime: prepared.options.preparedAt,
      parameterTypes: prepared.parameterTypes(session),
      resultTypes: prepared.columns(session)?.map((column) => column.type.oid) ?? null,
      fromSql: prepared.options.fromSql,
      genericPlans: BigInt(prepared.genericPlanCount + (session.points?.runs(prepared.name) ?? 0)),
      customPlans: BigInt(prepared.customPlanCount),
    }));
}

function cursors(session: Session): CursorRow[] {
  return [...session.portals.values()].map(({ options }) => ({
    name: options.name,
    statement: options.prepared.options.queryString,
    isHoldable: options.holdable,
    isBinary: options.formats.length === 1 && options.formats[0] === 1,
    isScrollable: options.scroll,
    creationTime: options.createdAt,
  }));
}
