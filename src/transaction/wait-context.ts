// The CONTEXT of errors raised while a session waits for a row or a unique key: what it was about to do, and where. As in
// PostgreSQL only who waits for a transaction to end says so: whoever queues behind another waiter of the row does not.
import { addon } from '../base/addon.js';
import { withContext } from '../errors/context.js';
import { tidFromRowId } from '../storage/ctid.js';
import type { RowWait } from './api.js';
import { awaitRemovalNumber, rowLockModeNumber, rowLocksConflict } from './lock-modes.js';

/** Adds the line to an error; to be asked while the session still waits. */
export function withWaitContext(error: unknown, wait: RowWait | null, processId: number): unknown {
  if (wait === null || queuesBehind(processId)) return error;
  const { block, offset } = tidFromRowId(wait.rowid);
  const { doing, relation } = wait.purpose;
  return withContext(error, `while ${doing} tuple (${block},${offset}) in relation "${relation}"`);
}

const rowKind = 2;

/** Others have waited longer for the row, and must get it first. */
function queuesBehind(processId: number): boolean {
  const rows = addon.locksReport().filter(({ kind, granted }) => kind === rowKind && !granted);
  const mine = rows.find(({ pid }) => pid === processId);
  if (mine === undefined) return false;
  return rows.some(
    ({ pid, a, b, c, mode, sinceMs }) =>
      pid !== processId &&
      a === mine.a &&
      b === mine.b &&
      c === mine.c &&
      sinceMs < mine.sinceMs &&
      rowLocksConflict(mode, mine.mode),
  );
}

/** Who waits for the row in order to change or lock it: who asks now queues behind them. `file` as in lock tags. */
export function waitersOf(file: number, rowid: number): ReturnType<typeof addon.locksReport> {
  const [high, low] = [Math.floor(rowid / 2 ** 32), rowid >>> 0];
  return addon
    .locksReport()
    .filter(
      ({ kind, granted, a, b, c, mode }) =>
        kind === rowKind &&
        !granted &&
        a === file &&
        b === high &&
        c === low &&
        mode !== rowLockModeNumber.keyShare &&
        mode !== awaitRemovalNumber,
    );
}
