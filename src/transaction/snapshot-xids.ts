// Which transactions a snapshot does not see, by their ids: asked of the store once for each snapshot, so that what
// pg_current_snapshot() says does not change while the snapshot is used.
import type { Snapshot, Store } from '../storage/api.js';

export interface SnapshotXids {
  /** All ids from here on. */
  readonly next: bigint;
  /** And these, ascending. */
  readonly inProgress: readonly bigint[];
}

const known = new WeakMap<Snapshot, SnapshotXids>();

/** The transactions that the snapshot does not see. */
export function snapshotXids(store: Store, snapshot: Snapshot): SnapshotXids {
  const found = known.get(snapshot);
  if (found !== undefined) return found;
  const unseen = store.unseenXids(snapshot.sequence);
  known.set(snapshot, unseen);
  return unseen;
}
