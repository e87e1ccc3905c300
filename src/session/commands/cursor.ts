// DECLARE, FETCH, MOVE and CLOSE: cursors are portals that SQL opens.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { ClosePortalStmt, DeclareCursorStmt, FetchStmt } from '@pgsql/types';
import type { CommandResult } from '../../commands/api.js';
import type { Query } from '../../trees/query.js';
import type { Row } from '../../types/value.js';
import type { ParameterValue } from '../parameters.js';
import { Portal, pass } from '../portal.js';
import { PreparedStatement } from '../prepared-statement.js';
import type { Session } from '../session.js';

/** Bits of DeclareCursorStmt.options (PostgreSQL's CURSOR_OPT_*). */
const cursorOption = {
  binary: 0x01,
  scroll: 0x02,
  noScroll: 0x04,
  insensitive: 0x08,
  asensitive: 0x10,
  hold: 0x20,
} as const;

/** FETCH ALL as the parse tree has it: the largest count it can hold. */
const fetchAllFrom = 2 ** 31 - 1;

/** DECLARE name CURSOR FOR query. */
export async function runDeclareCursor(
  session: Session,
  statement: DeclareCursorStmt,
  sourceText: string,
  parameters: readonly ParameterValue[],
): Promise<string> {
  const name = statement.portalname ?? '';
  if (name === '') throw pgError(SqlState.invalidCursorName, 'invalid cursor name: must not be empty');
  const options = statement.options ?? 0;
  const holdable = (options & cursorOption.hold) !== 0;
  if (!holdable && !session.transactions.isInAnyBlock && session.procedural.context.isEmpty) {
    throw pgError(SqlState.noActiveSqlTransaction, 'DECLARE CURSOR can only be used in transaction blocks');
  }
  if (session.portals.has(name)) throw pgError(SqlState.duplicateCursor, `cursor "${name}" already exists`);
  const query = statement.query;
  if (!query) throw new Error('DECLARE CURSOR without a query');
  const prepared = new PreparedStatement({
    name: '',
    sourceText,
    queryString: session.queryString,
    raw: { statement: query, location: 0, length: 0 },
    declaredTypes: parameters.length === 0 ? null : parameters.map((parameter) => parameter.type),
    fromSql: true,
    preparedAt: session.statementTimestamp,
  });
  const bound = prepared.bind(session);
  const portal = new Portal({
    name,
    prepared,
    parameters,
    formats: options & cursorOption.binary ? [1] : [],
    scroll: isScrollable(options, bound.kind === 'query' ? bound.query : null),
    holdable,
    declared: true,
    createdAt: session.statementTimestamp,
    savepointDepth: session.transactions.current?.savepointDepth ?? 0,
  });
  await portal.start(session);
  session.portals.set(name, portal);
  return 'DECLARE CURSOR';
}

/** Without SCROLL or NO SCROLL a cursor can go back where its plan can be read backwards: plain scans, sorted or not,
 *  and not joins, groups or locked rows (manual, DECLARE). */
export function isScrollable(options: number, query: Query | null): boolean {
  if (options & cursorOption.scroll) return true;
  if (options & cursorOption.noScroll || !query) return false;
  return goesBack(query);
}

function goesBack(query: Query): boolean {
  const computes =
    query.rowMarks.length > 0 ||
    query.rangeTable.length > 1 ||
    query.groupClause.length > 0 ||
    query.groupingSets.length > 0 ||
    query.distinctClause.length > 0 ||
    query.hasAggregates ||
    query.hasWindowFunctions ||
    query.hasTargetSets ||
    Boolean(query.setOperations);
  if (computes) return false;
  const [only] = query.rangeTable;
  switch (only?.kind) {
    case 'relation':
    case 'function':
      return true;
    case 'values':
      return only.rows.length > 1;
    case 'subquery':
      return goesBack(only.subquery);
    case 'cte': {
      const cte = query.ctes.find(({ name }) => name === only.cteName);
      return cte === undefined || cte.materialized === 'always' || goesBack(cte.query);
    }
    default:
      // A single row that is computed.
      return false;
  }
}

/** FETCH and MOVE in every direction. */
export async function runFetch(session: Session, statement: FetchStmt): Promise<CommandResult> {
  const portal = session.requireCursor(statement.portalname ?? '');
  portal.requireUsable();
  await portal.start(session);
  if (statement.ismove) return { kind: 'done', tag: `MOVE ${(await pass(move(portal, statement))).count}` };
  const columns = portal.describe(session) ?? [];
  return { kind: 'rows', columns, rows: move(portal, statement), tag: (rowCount) => `FETCH ${rowCount}` };
}

async function* move(portal: Portal, statement: FetchStmt): AsyncGenerator<readonly Row[], void, void> {
  const written = Number(statement.howMany ?? 0);
  const count = Math.abs(written) >= fetchAllFrom ? Math.sign(written) * Number.POSITIVE_INFINITY : written;
  const direction = statement.direction ?? 'FETCH_FORWARD';
  if (direction === 'FETCH_ABSOLUTE') yield await portal.fetchAbsolute(count);
  else if (direction === 'FETCH_RELATIVE') yield await portal.fetchRelative(count);
  else {
    const forward = direction === 'FETCH_FORWARD' ? count : -count;
    if (forward === 0) yield portal.fetchCurrent();
    else yield* forward > 0 ? portal.forward(forward) : portal.backward(-forward);
  }
}

/** CLOSE name / ALL. */
export async function runClosePortal(session: Session, statement: ClosePortalStmt): Promise<string> {
  if (!statement.portalname) {
    for (const name of [...session.portals.keys()]) await session.closePortal(name);
    return 'CLOSE CURSOR ALL';
  }
  session.requireCursor(statement.portalname);
  await session.closePortal(statement.portalname);
  return 'CLOSE CURSOR';
}
