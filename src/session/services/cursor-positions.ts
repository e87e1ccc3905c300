// Where the session's cursors stand, for UPDATE and DELETE ... WHERE CURRENT OF.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { CursorPositions } from '../../executor/services.js';
import type { Session } from '../session.js';

export function cursorPositionsOf(session: Session): CursorPositions {
  return {
    currentRow(cursorName, relation) {
      const portal = session.requireCursor(cursorName);
      if (portal.isHeld) {
        throw pgError(SqlState.invalidCursorState, `cursor "${cursorName}" is held from a previous transaction`);
      }
      if (!portal.isPositioned) {
        throw pgError(SqlState.invalidCursorState, `cursor "${cursorName}" is not positioned on a row`);
      }
      const row = portal.currentRow(relation.oid);
      if (row) return row.rowid;
      throw pgError(
        SqlState.invalidCursorState,
        `cursor "${cursorName}" is not a simply updatable scan of table "${relation.name}"`,
      );
    },
  };
}
