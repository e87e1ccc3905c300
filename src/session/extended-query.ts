// The extended query protocol: Parse, Bind, Describe, Execute, Close. Each handler appends its answer to the output and
// throws on an error; the message loop then skips to Sync. Transactions end at Sync.
import { SqlState, pgError } from '../errors/pg-error.js';
import type { FrontendMessage, BindMessage } from '../wire/frontend.js';
import {
  writeBindComplete,
  writeCloseComplete,
  writeCommandComplete,
  writeEmptyQueryResponse,
  writeNoData,
  writeParameterDescription,
  writeParseComplete,
  writePortalSuspended,
} from '../wire/backend.js';
import { decodeParameters } from './parameters.js';
import { PreparedStatement } from './prepared-statement.js';
import { Portal } from './portal.js';
import { writeColumns } from './send-rows.js';
import type { Session } from './session.js';
import { isTransactionExit, isTransactionStatement } from './statement-kind.js';

type Extended = Extract<FrontendMessage, { kind: 'parse' | 'bind' | 'describe' | 'execute' | 'close' }>;

/** Handles one message of the extended protocol. */
export async function runExtended(session: Session, message: Extended): Promise<void> {
  switch (message.kind) {
    case 'parse':
      return parse(session, message);
    case 'bind':
      return bind(session, message);
    case 'describe':
      return describe(session, message);
    case 'execute':
      return execute(session, message);
    case 'close':
      return close(session, message);
  }
}

function parse(session: Session, message: Extract<FrontendMessage, { kind: 'parse' }>): void {
  session.startStatement(message.sql);
  if (message.name === '') session.statements.delete('');
  const parsed = session.parse(message.sql);
  if (parsed.length > 1) {
    throw pgError(SqlState.syntaxError, 'cannot insert multiple commands into a prepared statement');
  }
  const raw = parsed[0] ?? null;
  if (!isTransactionExit(raw) && raw) session.transactions.requireNotFailed();
  session.transactions.ensure();
  if (message.name !== '' && session.statements.has(message.name)) {
    throw pgError(SqlState.duplicatePstatement, `prepared statement "${message.name}" already exists`);
  }
  const prepared = new PreparedStatement({
    name: message.name,
    sourceText: message.sql,
    queryString: message.sql,
    raw,
    declaredTypes: message.parameterTypes,
    fromSql: false,
    preparedAt: session.statementTimestamp,
  });
  if (raw) prepared.bind(session);
  session.statements.set(message.name, prepared);
  writeParseComplete(session.connection.out);
}

async function bind(session: Session, message: BindMessage): Promise<void> {
  const prepared = session.requireStatement(message.statement);
  session.startStatement(prepared.sourceText);
  if (!isTransactionExit(prepared.options.raw) && prepared.options.raw) session.transactions.requireNotFailed();
  session.transactions.ensure();
  const types = prepared.parameterTypes(session);
  const parameters = decodeParameters(
    session.catalog,
    types,
    { formats: message.parameterFormats, values: message.parameters },
    message.statement,
  );
  const columns = prepared.columns(session);
  if (message.resultFormats.length > 1 && message.resultFormats.length !== (columns?.length ?? 0)) {
    throw pgError(
      SqlState.protocolViolation,
      `bind message has ${message.resultFormats.length} result formats but query has ${columns?.length ?? 0} columns`,
    );
  }
  if (message.portal === '') await session.closePortal('');
  else if (session.portals.has(message.portal)) {
    throw pgError(SqlState.duplicateCursor, `cursor "${message.portal}" already exists`);
  }
  session.portals.set(
    message.portal,
    new Portal({
      name: message.portal,
      prepared,
      parameters,
      formats: message.resultFormats,
      scroll: false,
      holdable: false,
      declared: false,
      createdAt: session.statementTimestamp,
      savepointDepth: session.transactions.current?.savepointDepth ?? 0,
    }),
  );
  writeBindComplete(session.connection.out);
}

function describe(session: Session, message: Extract<FrontendMessage, { kind: 'describe' }>): void {
  const { out } = session.connection;
  if (message.target === 'statement') {
    const prepared = session.requireStatement(message.name);
    session.transactions.ensure();
    const columns = prepared.columns(session);
    if (columns) session.transactions.requireNotFailed();
    writeParameterDescription(out, prepared.parameterTypes(session));
    if (columns) writeColumns(session, columns, []);
    else writeNoData(out);
    return;
  }
  const portal = session.requirePortal(message.name);
  const columns = portal.columns(session);
  if (columns) session.transactions.requireNotFailed();
  if (columns) writeColumns(session, columns, portal.options.formats);
  else writeNoData(out);
}

async function execute(session: Session, message: Extract<FrontendMessage, { kind: 'execute' }>): Promise<void> {
  const portal = session.requirePortal(message.portal);
  const { out } = session.connection;
  if (!portal.raw) {
    writeEmptyQueryResponse(out);
    return;
  }
  session.resumeStatement(portal.sourceText);
  if (!isTransactionExit(portal.raw)) session.transactions.requireNotFailed();
  session.transactions.ensure();
  const rowCountMax = message.rowCountMax === 0 ? Number.POSITIVE_INFINITY : message.rowCountMax;
  const result = await portal.execute(session, rowCountMax);
  if (result.suspended) {
    writePortalSuspended(out);
    return;
  }
  if (isTransactionStatement(portal.raw)) await session.transactions.finishStatement();
  else session.transactions.current?.advanceCommand();
  writeCommandComplete(out, result.tag);
}

async function close(session: Session, message: Extract<FrontendMessage, { kind: 'close' }>): Promise<void> {
  if (message.target === 'statement') session.statements.delete(message.name);
  else await session.closePortal(message.name);
  writeCloseComplete(session.connection.out);
}
