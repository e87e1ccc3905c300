// A connection without a client: for the server's own statements (setting up a data directory, maintenance). Output is
// dropped, messages never come.
import { addon } from '../base/addon.js';
import { ByteWriter } from '../base/bytes.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import type { ClientConnection, Interrupts, LoginDatabase, LoginRole } from '../wire/connection.js';

/** Opens one on a database as a role; `close` gives its place in the registry of backends back. */
export function openInternalConnection(role: LoginRole, database: LoginDatabase, kind: string): ClientConnection {
  const backend = addon.backendOpen(0, kind, Number.MAX_SAFE_INTEGER >>> 0);
  if (!backend) throw pgError(SqlState.tooManyConnections, 'sorry, too many clients already');
  const out = new ByteWriter();
  return {
    processId: backend.pid,
    slot: backend.slot,
    secretKey: 0,
    startup: { user: role.name, database: database.name, settings: [], isReplication: false },
    role,
    database,
    client: null,
    tls: null,
    systemUser: null,
    interrupts: interruptsOf(backend.slot),
    isInternal: true,
    out,
    flushSoon() {
      return undefined;
    },
    flush() {
      out.reset();
      return undefined;
    },
    poll: () => null,
    setEncoding() {},
    receive: async () => null,
    receiveThen: (resolve) => resolve(null),
    isClosed: false,
    close: () => addon.backendClose(backend.slot),
  };
}

const cancelBit = 1;
const terminateBit = 2;

/** Requests of other sessions to end what runs here; looked at between steps, nothing is woken for them. */
function interruptsOf(slot: number): Interrupts {
  const words = addon.backendInterruptWords();
  return {
    get pending() {
      return words[slot] !== 0;
    },
    take() {
      const bits = addon.backendTakeInterrupts(slot);
      if ((bits & terminateBit) !== 0) return 'terminate';
      return (bits & cancelBit) !== 0 ? 'cancel' : null;
    },
    subscribe: () => () => {},
  };
}
