// Settings that a session starts with: those of its database and role (pg_db_role_setting), then those of the start-up
// packet, later ones over earlier ones.
import type { SettingSource } from '../config/api.js';
import { settingValue } from './commands/settings.js';
import type { Session } from './session.js';

/** Applies them; throws what a bad value of the start-up packet throws. Bad stored ones give a warning. */
export function applyStartupSettings(session: Session): void {
  const { connection, settings, catalog } = session;
  const role = connection.role.oid;
  const database = connection.database.oid;
  const stored: readonly (readonly [number, number, SettingSource])[] = [
    [0, 0, 'global'],
    [database, 0, 'database'],
    [0, role, 'user'],
    [database, role, 'database user'],
  ];
  const set = (name: string, value: string, source: SettingSource) =>
    settings.set(name, value, { local: false, source, isSuperuser: connection.role.isSuperuser });
  settings.set('session_authorization', connection.role.name, { local: false, source: 'override', isSuperuser: true });
  for (const [setdatabase, setrole, source] of stored) {
    const row = catalog.tables.findOne('pg_db_role_setting', { setdatabase, setrole })?.row;
    for (const item of row?.setconfig ?? []) {
      const at = item.indexOf('=');
      applyStored(session, () => set(item.slice(0, at), item.slice(at + 1), source));
    }
  }
  for (const [name, value] of connection.startup.settings) {
    if (name !== 'user' && name !== 'database' && name !== 'replication')
      set(name, settingValue(session, name, value), 'client');
  }
  session.users.follow(catalog, settings);
}

function applyStored(session: Session, apply: () => void): void {
  try {
    apply();
  } catch (error) {
    session.environment.log.warn({ err: error }, 'a stored setting could not be applied');
  }
}
