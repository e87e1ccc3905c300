// The simple query protocol: one string, any number of statements, text results. The statements of one string share an
// implicit transaction unless they open and end one themselves (manual, section 53.2.2.1).
import { type ParsedStatement, parse } from '../parser/parse.js';
import { sendRows, writeColumns, writeRows } from './send-rows.js';
import { PreparedStatement } from './prepared-statement.js';
import { openStatement } from './run-statement.js';
import type { CachedStatement } from './plan-cache/cached-statement.js';
import { findStatement, keepStatement, makeStatement } from './plan-cache/statement-cache.js';
import { type Found, type Sighting, sightStatement } from './plan-cache/template-cache.js';
import { StaleTemplate } from './plan-cache/template.js';
import { commandTag } from './command-tag.js';
import type { ParameterValue } from './parameters.js';
import { rowSource } from './portal.js';
import { levelIn } from './log/command-level.js';
import type { LoggedStep } from './log/statement-log.js';
import type { Session } from './session.js';
import { isTransactionExit, isTransactionStatement } from './statement-kind.js';
import { writeCommandComplete, writeEmptyQueryResponse } from '../wire/backend.js';

/** Runs a Query message up to, but without, ReadyForQuery. Throws at the first error; the rest is not run. */
export async function runSimpleQuery(session: Session, sql: string): Promise<void> {
  session.startStatement(sql);
  session.dropUnnamed();
  const { found, learn } = sight(session, sql);
  if (found !== null && (await runKnown(session, found))) return;
  const statements = session.parse(sql);
  logStatements(session, sql, statements);
  if (statements.length === 0) {
    await session.transactions.finishStatement();
    writeEmptyQueryResponse(session.connection.out);
    return;
  }
  for (const [index, raw] of statements.entries()) {
    const isLast = index === statements.length - 1;
    await runOne(session, raw, sql, { isOnly: statements.length === 1, isLast, learn });
  }
}

/** What the text is known as: a statement that was run before, or one that differs from it in literals alone. */
function sight(session: Session, sql: string): Sighting {
  const statement = findStatement(session, sql);
  return statement === null
    ? sightStatement(session, sql)
    : { found: { statement, parameters: [], template: null }, learn: null };
}

/** Runs a statement that needs no parser. False where it must be run as written after all. */
async function runKnown(session: Session, { statement, parameters, template }: Found): Promise<boolean> {
  logKnown(session, statement);
  session.transactions.requireNotFailed();
  try {
    if (template !== null) session.points?.offerTemplate(template);
    if (runPoint(session, statement, parameters)) return true;
    session.transactions.ensure();
    const tag = await runToEnd(session, statement, parameters);
    const wait = session.transactions.finishStatement();
    if (wait !== undefined) await wait;
    writeCommandComplete(session.connection.out, tag);
    return true;
  } catch (error) {
    if (error instanceof StaleTemplate) return false;
    throw error;
  }
}

/** A SELECT by key outside of a transaction block, in one call; false where it must take the general way. */
function runPoint(session: Session, statement: CachedStatement, parameters: readonly ParameterValue[]): boolean {
  if (!session.transactions.isOutside) return false;
  const select = statement.pointSelect(session);
  const rows = select?.run(parameters.map(({ value }) => value));
  if (!select || rows === undefined || (rows.length === 0 && session.transactions.mustFind)) return false;
  writeColumns(session, select.columns, []);
  writeRows(session, select.columns, [], rows);
  session.statistics.transactionEnded(true);
  writeCommandComplete(session.connection.out, commandTag('select', rows.length));
  return true;
}

async function runOne(
  session: Session,
  raw: ParsedStatement,
  sql: string,
  place: { readonly isOnly: boolean; readonly isLast: boolean; readonly learn: Sighting['learn'] },
): Promise<void> {
  // statement_timeout counts for each statement of the string by itself.
  session.timer.restart();
  session.followEncoding();
  if (!isTransactionExit(raw)) session.transactions.requireNotFailed();
  session.transactions.ensure();
  if (!place.isOnly) session.transactions.beginImplicit();
  const repeatable = place.isOnly ? makeStatement(session, raw, sql) : null;
  if (place.isOnly) session.points?.offerTransaction(sql, raw);
  const tag = await runToEnd(session, repeatable ?? onceOnly(session, raw, sql), [], () => {
    if (repeatable === null) return;
    keepStatement(session, repeatable);
    place.learn?.(raw, repeatable.bind(session));
  });
  if (place.isLast || isTransactionStatement(raw)) await session.transactions.finishStatement();
  else session.transactions.current?.advanceCommand();
  writeCommandComplete(session.connection.out, tag);
}

function onceOnly(session: Session, raw: ParsedStatement, sql: string): PreparedStatement {
  return new PreparedStatement({
    name: '',
    sourceText: session.sliceOf(raw, sql),
    queryString: sql,
    raw,
    declaredTypes: null,
    fromSql: false,
    preparedAt: session.statementTimestamp,
  });
}

/** Runs one statement and sends its rows; returns its command tag. `opened` is called where it turned out a query. */
async function runToEnd(
  session: Session,
  prepared: PreparedStatement,
  parameters: readonly ParameterValue[],
  opened?: () => void,
): Promise<string> {
  const opening = openStatement(session, prepared, parameters);
  const open = opening instanceof Promise ? await opening : opening;
  if (open.kind === 'query') opened?.();
  const source = rowSource(open);
  if (!source) return open.kind === 'command' && open.result.kind === 'done' ? open.result.tag : '';
  try {
    const hasRows = open.kind !== 'query' || source.columns.length > 0 || open.commandType === 'select';
    if (hasRows) writeColumns(session, source.columns, []);
    const rowCount = await sendRows(session, source, [], Number.POSITIVE_INFINITY);
    return source.tag(rowCount.sent);
  } finally {
    await source.close();
  }
}

/** log_statement: the string as a whole, where it holds a statement that is asked for. */
function logStatements(session: Session, sql: string, statements: readonly ParsedStatement[]): void {
  const { statementLog } = session;
  if (!statementLog.asksForText) return;
  const levels = new Set(statements.map(({ statement }) => levelIn(session, statement)));
  const lowest = (['ddl', 'mod', 'all'] as const).find((level) => levels.has(level));
  if (lowest !== undefined) statementLog.starts(lowest, () => simpleStep(session, sql, statements));
}

/** The same for a text that is run without being parsed. */
function logKnown(session: Session, statement: CachedStatement): void {
  if (!session.statementLog.asksForText) return;
  const bound = statement.bind(session);
  const isRead = bound.kind === 'query' && bound.query.commandType === 'select';
  session.statementLog.starts(isRead ? 'all' : 'mod', () => simpleStep(session, session.queryString, []));
}

/** Says how long a query string took, where the log wants it; what its parser noticed was told before. */
export function logDuration(session: Session, sql: string): void {
  session.statementLog.ended(() => simpleStep(session, sql, parse(sql).statements));
}

/** How the log names a query string; it adds what its first EXECUTE runs. */
function simpleStep(session: Session, sql: string, statements: readonly ParsedStatement[]): LoggedStep {
  for (const { statement } of statements) {
    if (!('ExecuteStmt' in statement)) continue;
    const prepared = session.statements.get(statement.ExecuteStmt.name ?? '');
    if (prepared?.options.fromSql) return { title: 'statement', text: sql, detail: `prepare: ${prepared.sourceText}` };
  }
  return { title: 'statement', text: sql };
}
