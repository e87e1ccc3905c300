// Who runs a function: the session says so under this key.
import { type CallInfo, serviceKey } from '../functions/call-info.js';

export interface SessionIdentity {
  /** Effective (current) user and session user, as oids. */
  readonly userId: number;
  readonly sessionUserId: number;
}
export const sessionIdentity = serviceKey<SessionIdentity>('sessionIdentity');

export function currentUserId(info: CallInfo): number {
  return info.session.service(sessionIdentity).userId;
}
