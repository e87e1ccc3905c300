// How many triggers of a session run within each other: pg_trigger_depth() tells it.
import type { SessionServices } from './call-info.js';

export interface TriggerDepth {
  depth: number;
}

/** By session: it runs one statement at a time. */
const depths = new WeakMap<SessionServices, TriggerDepth>();

/** The session's count, for whoever fires triggers to raise and lower. */
export function triggerDepth(session: SessionServices): TriggerDepth {
  let known = depths.get(session);
  if (known === undefined) {
    known = { depth: 0 };
    depths.set(session, known);
  }
  return known;
}
