// The native addon, loaded once per worker. All workers of a process share its Rust statics. Only the facades
// (storage, transaction, server) import this.
import { createRequire } from 'node:module';
import type * as Addon from '../../native/binding.js';

const require = createRequire(import.meta.url);

export const addon = require('../../../native/heliosdb.node') as typeof Addon;

/** Kind in the registry of backends of the sessions in which a fresh worker compiles its code: nobody's, soon over. */
export const warmUpKind = 'warm-up';

/** Kind of the sessions that look after tables by themselves. */
export const autovacuumKind = 'autovacuum worker';
