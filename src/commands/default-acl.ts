// Privileges that new objects start with (ALTER DEFAULT PRIVILEGES), and the roles that an ACL names in pg_shdepend.
import type { AclItem } from '../types/value.js';
import { defaultPrivileges, grantTo, parseAcl, printAcl } from './acl.js';
import type { CommandContext } from './api.js';
import type { ObjectAddress } from './classes.js';
import { forgetSharedDependencies, recordSharedDependency } from './depend.js';

/** ACL text for a new object: r relation, S sequence, f function, T type, n schema. null where nothing differs from the
 *  built-in defaults. */
export function defaultAcl(
  context: CommandContext,
  kind: 'r' | 'S' | 'f' | 'T' | 'n',
  owner: number,
  schema: number,
): string | null {
  const global = storedDefault(context, kind, owner, 0);
  const local = kind === 'n' ? null : storedDefault(context, kind, owner, schema);
  if (global === null && local === null) return null;
  const builtin = defaultPrivileges(kind, owner);
  let items = global ?? builtin;
  for (const item of local ?? []) items = grantTo(items, item);
  return sameAcl(items, builtin) ? null : printAcl(context, sortedAcl(items));
}

/** By grantee, PUBLIC first, then by grantor: how PostgreSQL stores what ALTER DEFAULT PRIVILEGES makes. */
export function sortedAcl(items: readonly AclItem[]): AclItem[] {
  return [...items].sort((left, right) => left.grantee - right.grantee || left.grantor - right.grantor);
}

function storedDefault(context: CommandContext, kind: string, role: number, schema: number): readonly AclItem[] | null {
  const key = { defaclrole: role, defaclnamespace: schema, defaclobjtype: kind };
  const row = context.catalog.tables.findOne('pg_default_acl', key)?.row;
  return row === undefined ? null : parseAcl(context, row.defaclacl);
}

/** Same items in any order. */
export function sameAcl(left: readonly AclItem[], right: readonly AclItem[]): boolean {
  const key = (item: AclItem): string => `${item.grantee}/${item.grantor}/${item.privileges}/${item.grantOptions}`;
  const rightKeys = new Set(right.map(key));
  return left.length === right.length && left.every((item) => rightKeys.has(key(item)));
}

/** Replaces what pg_shdepend says about the roles in an object's ACL. */
export async function recordAclDependencies(
  context: CommandContext,
  address: ObjectAddress,
  owner: number,
  acl: string | null,
): Promise<void> {
  await forgetSharedDependencies(context, address, 'a', { isExact: true });
  if (acl === null) return;
  const roles = new Set(parseAcl(context, acl).flatMap((item) => [item.grantee, item.grantor]));
  for (const role of roles) if (role !== owner) await recordSharedDependency(context, address, role, 'a');
}
