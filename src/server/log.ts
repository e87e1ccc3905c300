// The server's log: JSON lines on standard error, at the level that log_min_messages asks for.
import { destination, pino } from 'pino';
import type { Logger } from 'pino';
import type { BaseSettings } from '../config/base-settings.js';

/** The log of the main thread (worker 0) or of a worker. */
export function makeLog(settings: BaseSettings, worker: number): Logger {
  const level = pinoLevel(settings.text('log_min_messages'));
  return pino({ level, base: worker === 0 ? null : { worker } }, destination({ dest: 2, sync: true }));
}

function pinoLevel(level: string): string {
  if (level.startsWith('debug')) return level === 'debug1' || level === 'debug2' ? 'debug' : 'trace';
  switch (level) {
    case 'info':
    case 'notice':
    case 'log':
      return 'info';
    case 'warning':
      // Start, stop and log-ins are logged at pino's info; PostgreSQL's LOG level ranks above WARNING for the server.
      return 'info';
    case 'fatal':
    case 'panic':
      return 'fatal';
    default:
      return 'error';
  }
}
