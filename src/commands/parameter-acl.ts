// Rows of pg_parameter_acl: made by the first GRANT ON PARAMETER, gone once only the owner's own privileges are left.
import type { AclItem } from '../types/value.js';
import { defaultPrivileges, printAcl } from './acl.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { recordAclDependencies } from './default-acl.js';
import { settingsService } from './services.js';

/** Parameters belong to the bootstrap superuser. */
export const parameterOwner = 10;

/** The parameter's row; GRANT makes it, REVOKE of a parameter without one has nothing to do (null). Throws 42704. */
export async function parameterEntry(
  context: CommandContext,
  name: string,
  isGrant: boolean,
): Promise<ObjectAddress | null> {
  const { tables } = context.catalog;
  const parname = context.session.service(settingsService).parameterName(name);
  const known = tables.findOne('pg_parameter_acl', { parname });
  if (known !== null) return objectAddress(ClassOid.parameterAcl, known.row.oid);
  if (!isGrant) return null;
  const oid = tables.newOid('pg_parameter_acl');
  const paracl = printAcl(context, defaultPrivileges('p', parameterOwner));
  await tables.insert(context.transaction, 'pg_parameter_acl', { oid, parname, paracl });
  return objectAddress(ClassOid.parameterAcl, oid);
}

/** Stores the privileges, or removes the row where they are the default. */
export async function storeParameterAcl(
  context: CommandContext,
  address: ObjectAddress,
  items: readonly AclItem[],
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_parameter_acl', { oid: address.objectId });
  if (entry === null) return;
  const paracl = printAcl(context, items);
  if (paracl === printAcl(context, defaultPrivileges('p', parameterOwner))) {
    await tables.delete(context.transaction, 'pg_parameter_acl', entry);
    await recordAclDependencies(context, address, parameterOwner, paracl);
    return;
  }
  await tables.update(context.transaction, 'pg_parameter_acl', entry, { paracl });
  await recordAclDependencies(context, address, parameterOwner, paracl);
}
