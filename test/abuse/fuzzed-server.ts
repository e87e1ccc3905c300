// The server that is fuzzed: everybody may in, but one role must prove itself; nothing takes long.
import type { ServerOptions } from '../support/server.js';

export const fuzzedServer: ServerOptions = {
  settings: [
    'heliosdb.workers=2',
    'authentication_timeout=5',
    'statement_timeout=5s',
    'lock_timeout=1s',
    'log_min_messages=panic',
    'max_connections=60',
  ],
  hba: ['host all fuzzed 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'],
};
