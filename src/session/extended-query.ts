// The extended query protocol: Parse, Bind, Describe, Execute, Close. Each handler appends its answer to the output and
// throws on an error; the message loop then skips to Sync. Transactions end at Sync.
import { type Awaitable, chain } from '../base/awaitable.js';
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
import { commandTag } from './command-tag.js';
import { decodeParameters, requireParameterCounts } from './parameters.js';
import { PreparedStatement } from './prepared-statement.js';
import { type ExecuteResult, Portal } from './portal.js';
import { writeColumns, writeRows } from './send-rows.js';
import type { ResultColumn } from '../executor/api.js';
import { levelIn } from './log/command-level.js';
import { shownParameters } from './log/shown-parameters.js';
import type { LoggedStep } from './log/statement-log.js';
import { withContext } from '../errors/context.js';
import type { Session } from './session.js';
import { isTransactionExit, isTransactionStatement } from './statement-kind.js';

type Extended = Extract<FrontendMessage, { kind: 'parse' | 'bind' | 'describe' | 'execute' | 'close' }>;

/** Handles one message of the extended protocol. */
export function runExtended(session: Session, message: Extended): Awaitable<void> {
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
  const prepared = new PreparedStatement({
    name: message.name,
    sourceText: message.sql,
    queryString: message.sql,
    raw,
    declaredTypes: message.parameterTypes,
    fromSql: false,
    isShared: true,
    preparedAt: session.statementTimestamp,
  });
  if (raw) prepared.bind(session);
  if (message.name !== '' && session.statements.has(message.name)) {
    throw pgError(SqlState.duplicatePstatement, `prepared statement "${message.name}" already exists`);
  }
  session.statements.set(message.name, prepared);
  writeParseComplete(session.connection.out);
  session.statementLog.ended(() => ({ title: `parse ${message.name || '<unnamed>'}`, text: message.sql }));
}

function bind(session: Session, message: BindMessage): Awaitable<void> {
  const prepared = session.requireStatement(message.statement);
  session.startStatement(prepared.sourceText);
  const raw = { formats: message.parameterFormats, values: message.parameters };
  requireParameterCounts(raw, prepared.parameterCount, message.statement);
  if (!isTransactionExit(prepared.options.raw) && prepared.options.raw) session.transactions.requireNotFailed();
  if (!session.transactions.isOutside || !prepared.pointSelect(session)) session.transactions.ensure();
  const types = prepared.parameterTypes(session);
  const parameters = decodeParameters(session.catalog, types, raw, {
    portal: message.portal,
    encoding: session.clientEncoding,
    shownBytesMax: session.settings.int('log_parameter_max_length_on_error'),
  });
  if (message.resultFormats.length > 1) requireFormatEach(message, prepared.columns(session));
  if (message.portal !== '' && session.portals.has(message.portal)) {
    throw pgError(SqlState.duplicateCursor, `cursor "${message.portal}" already exists`);
  }
  const portal = new Portal({
    name: message.portal,
    prepared,
    parameters,
    formats: message.resultFormats,
    scroll: false,
    holdable: false,
    declared: false,
    createdAt: session.statementTimestamp,
    savepointDepth: session.transactions.current?.savepointDepth ?? 0,
  });
  return chain(session.closePortal(message.portal), () =>
    chain(
      inPortal(session, portal, () => portal.prepare(session)),
      () => {
        session.portals.set(message.portal, portal);
        if (message.statement !== '') session.points?.offer(prepared);
        writeBindComplete(session.connection.out);
        session.statementLog.ended(() => portalStep(session, portal, 'bind'));
      },
    ),
  );
}

/** Statements that return no rows take any formats. */
function requireFormatEach(message: BindMessage, columns: readonly ResultColumn[] | null): void {
  const columnCount = columns?.length ?? message.resultFormats.length;
  if (message.resultFormats.length === columnCount) return;
  throw pgError(
    SqlState.protocolViolation,
    `bind message has ${message.resultFormats.length} result formats but query has ${columnCount} columns`,
  );
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
  const columns = portal.describe(session);
  if (columns) session.transactions.requireNotFailed();
  if (columns) writeColumns(session, columns, portal.options.formats);
  else writeNoData(out);
}

function execute(session: Session, message: Extract<FrontendMessage, { kind: 'execute' }>): Awaitable<void> {
  const portal = session.requirePortal(message.portal);
  const { out } = session.connection;
  if (!portal.raw) {
    writeEmptyQueryResponse(out);
    return undefined;
  }
  session.resumeStatement(portal.sourceText);
  if (!isTransactionExit(portal.raw)) session.transactions.requireNotFailed();
  const verb = portal.isStarted ? 'execute fetch from' : 'execute';
  logExecute(session, portal, verb);
  const point = message.rowCountMax === 0 ? portal.runPoint(session) : null;
  if (point !== null) {
    writeRows(session, point.columns, portal.options.formats, point.rows);
    session.hasReadOutside = true;
    writeCommandComplete(out, commandTag('select', point.rows.length));
    session.statementLog.ended(() => portalStep(session, portal, verb));
    return undefined;
  }
  session.transactions.ensure();
  const rowCountMax = message.rowCountMax === 0 ? Number.POSITIVE_INFINITY : message.rowCountMax;
  return chain(
    inPortal(session, portal, () => portal.execute(session, rowCountMax)),
    (result) =>
      chain(complete(session, portal, result), () =>
        session.statementLog.ended(() => portalStep(session, portal, verb)),
      ),
  );
}

/** Ends an Execute whose rows are sent. */
function complete(session: Session, portal: Portal, result: ExecuteResult): Awaitable<void> {
  const { out } = session.connection;
  if (result.suspended) {
    writePortalSuspended(out);
    return undefined;
  }
  if (isTransactionStatement(portal.raw) || session.transactions.isCommittedAlone) {
    return chain(session.transactions.finishStatement(), () => writeCommandComplete(out, result.tag));
  }
  session.transactions.current?.advanceCommand();
  // What comes before the next Sync belongs to the same implicit transaction.
  session.transactions.beginImplicit();
  writeCommandComplete(out, result.tag);
  return undefined;
}

function close(session: Session, message: Extract<FrontendMessage, { kind: 'close' }>): Awaitable<void> {
  if (message.target === 'statement') session.statements.delete(message.name);
  const closed = message.target === 'portal' ? session.closePortal(message.name) : undefined;
  return chain(closed, () => writeCloseComplete(session.connection.out));
}

/** log_statement, for what an Execute runs. */
function logExecute(session: Session, portal: Portal, verb: string): void {
  if (!session.statementLog.asksForText || portal.raw === null) return;
  session.statementLog.starts(levelIn(session, portal.raw.statement), () => portalStep(session, portal, verb));
}

/** How the log names a step of a portal, with the values of its parameters. */
function portalStep(session: Session, portal: Portal, verb: string): LoggedStep {
  const { name, prepared, parameters } = portal.options;
  const title = `${verb} ${prepared.name || '<unnamed>'}${name === '' ? '' : `/${name}`}`;
  const bytesMax = session.settings.int('log_parameter_max_length');
  const isShown = bytesMax !== 0 && parameters.length > 0;
  const detail = isShown ? `Parameters: ${shownParameters(parameters, session.catalog, bytesMax)}` : undefined;
  return { title, text: portal.sourceText, detail };
}

/** Runs a step of a portal; an error of it tells the values of the parameters where that is asked for. */
function inPortal<T>(session: Session, portal: Portal, run: () => Awaitable<T>): Awaitable<T> {
  const bytesMax = session.settings.int('log_parameter_max_length_on_error');
  const { name, parameters } = portal.options;
  if (bytesMax === 0 || parameters.length === 0) return run();
  const located = (error: unknown): never => {
    const place = name === '' ? 'unnamed portal' : `portal "${name}"`;
    const values = shownParameters(parameters, session.catalog, bytesMax);
    throw withContext(error, `${place} with parameters: ${values}`);
  };
  try {
    const result = run();
    return result instanceof Promise ? result.catch(located) : result;
  } catch (error) {
    return located(error);
  }
}
