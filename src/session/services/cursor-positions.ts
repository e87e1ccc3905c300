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
      const row = portal.currentRow(relation.oid);
      if (row.kind !== 'row') {
        throw pgError(
          SqlState.invalidCursorState,
          `cursor "${cursorName}" ${reasons[row.kind]} table "${relation.name}"`,
        );
      }
      if (!portal.isPositioned) {
        throw pgError(SqlState.invalidCursorState, `cursor "${cursorName}" is not positioned on a row`);
      }
      return row.rowid;
    },
  };
}

const reasons = {
  notUpdatable: 'is not a simply updatable scan of',
  notLocked: 'does not have a FOR UPDATE/SHARE reference to',
  lockedTwice: 'has multiple FOR UPDATE/SHARE references to',
} as const;
