// What the log says of connections before and outside of their sessions: received, authenticated, authorized, refused.
// The names are those of the session's lines (session/log).
import type { PgError } from '../errors/pg-error.js';
import type { ClientConnection } from '../wire/connection.js';
import type { WorkerState } from './worker-state.js';

type Client = ClientConnection['client'];

/** Who a connection is, as far as it is known. */
export interface ConnectionFacts {
  readonly client: Client;
  readonly processId?: number;
  readonly user?: string;
  readonly database?: string;
}

/** A step of a connection that log_connections asks for. */
export function logConnection(state: WorkerState, facts: ConnectionFacts, message: string): void {
  if (!state.settings.bool('log_connections')) return;
  state.log.info({ ...who(facts), error_severity: 'LOG', state_code: '00000' }, message);
}

/** A connection that was refused or failed before its session began. */
export function logRefusal(state: WorkerState, facts: ConnectionFacts, error: PgError): void {
  const { detail, hint } = error.fields;
  const explained = { ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) };
  state.log.fatal({ ...who(facts), error_severity: 'FATAL', state_code: error.code, ...explained }, error.message);
}

function who({ client, processId, user, database }: ConnectionFacts): Readonly<Record<string, unknown>> {
  return {
    ...(user === undefined ? {} : { user }),
    ...(database === undefined ? {} : { dbname: database }),
    ...(processId === undefined ? {} : { pid: processId }),
    remote_host: client === null ? '[local]' : client.address,
    ...(client === null ? {} : { remote_port: client.port }),
  };
}
