// The simple query protocol: one string, any number of statements, text results. The statements of one string share an
// implicit transaction unless they open and end one themselves (manual, section 53.2.2.1).
import type { ParsedStatement } from '../parser/parse.js';
import { sendRows, writeColumns } from './send-rows.js';
import { PreparedStatement } from './prepared-statement.js';
import { openStatement } from './run-statement.js';
import { CachedStatement } from './plan-cache/cached-statement.js';
import { findStatement, keepStatement, makeStatement } from './plan-cache/statement-cache.js';
import { rowSource } from './portal.js';
import type { Session } from './session.js';
import { isTransactionExit, isTransactionStatement } from './statement-kind.js';
import { writeCommandComplete, writeEmptyQueryResponse } from '../wire/backend.js';

/** Runs a Query message up to, but without, ReadyForQuery. Throws at the first error; the rest is not run. */
export async function runSimpleQuery(session: Session, sql: string): Promise<void> {
  session.startStatement(sql);
  session.dropUnnamed();
  const known = findStatement(session, sql);
  if (known !== null) {
    session.transactions.requireNotFailed();
    session.transactions.ensure();
    const tag = await runToEnd(session, known);
    await session.transactions.finishStatement();
    writeCommandComplete(session.connection.out, tag);
    return;
  }
  const statements = session.parse(sql);
  if (statements.length === 0) {
    await session.transactions.finishStatement();
    writeEmptyQueryResponse(session.connection.out);
    return;
  }
  for (const [index, raw] of statements.entries()) {
    const isLast = index === statements.length - 1;
    await runOne(session, raw, sql, { isOnly: statements.length === 1, isLast });
  }
}

async function runOne(
  session: Session,
  raw: ParsedStatement,
  sql: string,
  place: { readonly isOnly: boolean; readonly isLast: boolean },
): Promise<void> {
  // statement_timeout counts for each statement of the string by itself.
  session.timer.restart();
  if (!isTransactionExit(raw)) session.transactions.requireNotFailed();
  session.transactions.ensure();
  if (!place.isOnly) session.transactions.beginImplicit();
  const prepared = (place.isOnly ? makeStatement(session, raw, sql) : null) ?? onceOnly(session, raw, sql);
  const tag = await runToEnd(session, prepared);
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
    declaredTypes: [],
    fromSql: false,
    preparedAt: session.statementTimestamp,
  });
}

/** Runs one statement and sends its rows; returns its command tag. */
async function runToEnd(session: Session, prepared: PreparedStatement): Promise<string> {
  const open = await openStatement(session, prepared, []);
  if (open.kind === 'query' && prepared instanceof CachedStatement) keepStatement(session, prepared);
  const source = rowSource(open);
  if (!source) return open.kind === 'command' && open.result.kind === 'done' ? open.result.tag : '';
  try {
    if (source.columns.length > 0 || open.kind === 'command') writeColumns(session, source.columns, []);
    const rowCount = await sendRows(session, source, [], Number.POSITIVE_INFINITY);
    return source.tag(rowCount.sent);
  } finally {
    await source.close();
  }
}
