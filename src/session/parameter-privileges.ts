// Who may change settings that are the superuser's: superusers, and roles with SET or ALTER SYSTEM on the parameter.
import { aclBit } from '../catalog/acl-text.js';
import { isCustomName, unrecognized } from '../config/base-settings.js';
import { settingDefinition } from '../config/definitions.js';
import type { Session } from './session.js';

/** The name that pg_parameter_acl has for a setting. Throws 42704 where there can be none such. */
export function parameterName(name: string): string {
  const known = settingDefinition(name)?.name;
  if (known === undefined && !isCustomName(name)) throw unrecognized(name);
  return (known ?? name).toLowerCase();
}

/** True where the session's user may change the setting as superusers may. */
export function mayChangeParameter(session: Session, name: string, by: 'set' | 'alterSystem'): boolean {
  if (session.isSuperuser) return true;
  const known = (settingDefinition(name)?.name ?? name).toLowerCase();
  const acl = session.catalog.tables.findOne('pg_parameter_acl', { parname: known })?.row.paracl ?? null;
  return acl !== null && session.catalog.access.listMask(acl, session.users.userId, aclBit[by]) !== 0;
}
