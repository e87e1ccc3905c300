// Cursors that functions open: portals of the session, as those that SQL declares.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Cursor, CursorRequest, CursorSource } from '../../procedural/host.js';
import type { FunctionFrame } from '../../procedural/run/frame.js';
import type { Row } from '../../types/value.js';
import { isScrollable } from '../commands/cursor.js';
import type { ParameterValue } from '../parameters.js';
import { Portal } from '../portal.js';
import type { PreparedStatement } from '../prepared-statement.js';
import type { Session } from '../session.js';
import type { FrameContext } from './frame-context.js';
import { commandOf } from './prepared-sql.js';

const scrollOption = 0x02;
const noScrollOption = 0x04;

/** Opens a portal on a function's query. Throws 42P11 where it returns no rows. */
export async function openCursor(session: Session, request: CursorRequest, source: CursorSource): Promise<Cursor> {
  const { prepared, parameters } = statementOf(source);
  const bound = prepared.bind(session);
  const frame = source.frame as FunctionFrame;
  const context = frame.hostState as FrameContext;
  prepared.setting = { view: frame.isReadOnly ? context.callerView : null, transitionTables: context.transitionTables };
  if (prepared.columns(session) === null)
    throw pgError(SqlState.invalidCursorDefinition, `cannot open ${commandOf(bound)} query as cursor`);
  if (!frame.isReadOnly) session.transactions.ensure().advanceCommand();
  const options = request.scroll === null ? 0 : request.scroll ? scrollOption : noScrollOption;
  const portal = new Portal({
    name: request.name === null ? session.procedural.newPortalName() : request.name,
    prepared,
    parameters,
    formats: [],
    scroll: isScrollable(options, bound.kind === 'query' ? bound.query : null),
    holdable: false,
    declared: true,
    createdAt: session.statementTimestamp,
    savepointDepth: session.transactions.current?.savepointDepth ?? 0,
  });
  await portal.start(session);
  session.portals.set(portal.options.name, portal);
  return cursorOf(session, portal);
}

function statementOf({ prepared, frame, parameters }: CursorSource): {
  readonly prepared: PreparedStatement;
  readonly parameters: readonly ParameterValue[];
} {
  if ('statements' in prepared) {
    const [only] = prepared.statements;
    if (only === undefined || prepared.statements.length !== 1)
      throw pgError(SqlState.invalidCursorDefinition, 'cannot open multi-query plan as cursor');
    return { prepared: (only as unknown as { prepared: PreparedStatement }).prepared, parameters };
  }
  const own = prepared as unknown as {
    prepared: PreparedStatement;
    parameters(frame: CursorSource['frame']): readonly ParameterValue[];
  };
  return { prepared: own.prepared, parameters: own.parameters(frame) };
}

/** A portal of the session as functions use it. */
export function cursorOf(session: Session, portal: Portal): Cursor {
  return {
    name: portal.options.name,
    get columns() {
      return (portal.describe(session) ?? []).map(({ name, type, typmod }) => ({ name, type: type.oid, typmod }));
    },
    async fetch(direction, count) {
      portal.requireUsable();
      await portal.start(session);
      const rows: Row[] = [];
      let passed = 0;
      const take = (batch: readonly Row[]): void => {
        passed += batch.length;
        const last = batch[batch.length - 1];
        if (last !== undefined) rows.splice(0, rows.length, last);
      };
      if (direction === 'absolute') take(await portal.fetchAbsolute(count));
      else if (direction === 'relative') take(await portal.fetchRelative(count));
      else {
        const forward = direction === 'forward' ? count : -count;
        if (forward === 0) take(portal.fetchCurrent());
        else for await (const batch of forward > 0 ? portal.forward(forward) : portal.backward(-forward)) take(batch);
      }
      return { rows, count: passed };
    },
  };
}
