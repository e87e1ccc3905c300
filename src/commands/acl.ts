// Access control lists as data: defaults by kind of object, merging grants and revokes in, what a role may do.
import { aclBit, aclTextOf } from '../catalog/acl-text.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { AclItem } from '../types/value.js';
import type { CommandContext } from './api.js';
import { hasPrivilegesOfRole, reachableRoles } from './role-membership.js';

const {
  insert,
  select,
  update,
  delete: del,
  truncate,
  references,
  trigger,
  execute,
  usage,
  create,
  createTemp,
  connect,
  set,
  alterSystem,
  maintain,
} = aclBit;

/** All privileges by kind of object: r relation, c column, S sequence, d database, f function, l language, L large object,
 *  n schema, t tablespace, F wrapper, s server, T type, p parameter. */
export const allPrivileges: Readonly<Record<string, number>> = {
  r: insert | select | update | del | truncate | references | trigger | maintain,
  c: insert | select | update | references,
  S: usage | select | update,
  d: create | createTemp | connect,
  f: execute,
  l: usage,
  L: select | update,
  n: usage | create,
  t: create,
  F: usage,
  s: usage,
  T: usage,
  p: set | alterSystem,
};

const publicPrivileges: Readonly<Record<string, number>> = {
  d: createTemp | connect,
  f: execute,
  l: usage,
  T: usage,
};

/** What an object without an ACL grants (acldefault). */
export function defaultPrivileges(kind: string, owner: number): AclItem[] {
  const items: AclItem[] = [];
  const forPublic = publicPrivileges[kind] ?? 0;
  if (forPublic !== 0) items.push({ grantee: 0, grantor: owner, privileges: forPublic, grantOptions: 0 });
  const forOwner = kind === 'c' ? 0 : (allPrivileges[kind] ?? 0);
  if (forOwner !== 0) items.push({ grantee: owner, grantor: owner, privileges: forOwner, grantOptions: 0 });
  return items;
}

/** An ACL column's items; the defaults where it is null. */
export function effectiveAcl(
  context: CommandContext,
  kind: string,
  owner: number,
  acl: string | null,
): readonly AclItem[] {
  return acl === null ? defaultPrivileges(kind, owner) : parseAcl(context, acl);
}

export function parseAcl(context: CommandContext, acl: string): readonly AclItem[] {
  return aclTextOf(context.catalog.io.names).parse(acl) as readonly AclItem[];
}

export function printAcl(context: CommandContext, items: readonly AclItem[]): string {
  return aclTextOf(context.catalog.io.names).print(items);
}

/** Bits of all privileges that the role holds, its own, its roles' and PUBLIC's. */
export function privilegesOf(context: CommandContext, role: number, acl: readonly AclItem[]): number {
  const roles = reachableRoles(context, role, 'inherit_option');
  let bits = 0;
  for (const item of acl) if (item.grantee === 0 || roles.has(item.grantee)) bits |= item.privileges;
  return bits;
}

/** Bits that the role may grant on. Owners always may. */
export function grantOptionsOf(context: CommandContext, role: number, owner: number, acl: readonly AclItem[]): number {
  if (hasPrivilegesOfRole(context, role, owner)) return -1;
  const roles = reachableRoles(context, role, 'inherit_option');
  let bits = 0;
  for (const item of acl) if (roles.has(item.grantee)) bits |= item.grantOptions;
  return bits;
}

export interface AclChange {
  readonly grantee: number;
  readonly grantor: number;
  readonly privileges: number;
  readonly grantOptions: number;
}

/** Adds privileges to an ACL. */
export function grantTo(acl: readonly AclItem[], change: AclChange): AclItem[] {
  const index = acl.findIndex((item) => item.grantee === change.grantee && item.grantor === change.grantor);
  const old = index < 0 ? { ...change, privileges: 0, grantOptions: 0 } : (acl[index] as AclItem);
  const merged = {
    ...old,
    privileges: old.privileges | change.privileges,
    grantOptions: old.grantOptions | change.grantOptions,
  };
  const result = [...acl];
  if (index < 0) result.push(merged);
  else result[index] = merged;
  return result.filter((item) => item.privileges !== 0 || item.grantOptions !== 0);
}

/** Takes privileges (or only their grant options) away, and what was granted by virtue of them: RESTRICT refuses that
 *  with 2BP01, CASCADE revokes it too. */
export function revokeFrom(
  acl: readonly AclItem[],
  change: AclChange,
  options: { readonly owner: number; readonly cascade: boolean },
): AclItem[] {
  const index = acl.findIndex((item) => item.grantee === change.grantee && item.grantor === change.grantor);
  if (index < 0) return [...acl];
  const old = acl[index] as AclItem;
  const result = [...acl];
  result[index] = {
    ...old,
    privileges: old.privileges & ~change.privileges,
    grantOptions: old.grantOptions & ~(change.grantOptions | change.privileges),
  };
  const lostOptions = old.grantOptions & ~(result[index] as AclItem).grantOptions;
  const kept = result.filter((item) => item.privileges !== 0 || item.grantOptions !== 0);
  return lostOptions === 0 || change.grantee === options.owner
    ? kept
    : revokeDependent(kept, change.grantee, lostOptions, options);
}

function revokeDependent(
  acl: readonly AclItem[],
  grantor: number,
  lost: number,
  options: { readonly owner: number; readonly cascade: boolean },
): AclItem[] {
  // Grant options that the role still has from somebody else keep its grants alive.
  const still = acl.filter((item) => item.grantee === grantor).reduce((bits, item) => bits | item.grantOptions, 0);
  const gone = lost & ~still;
  let result = [...acl];
  if (gone === 0) return result;
  for (const item of acl) {
    const affected = item.privileges & gone;
    if (item.grantor !== grantor || affected === 0) continue;
    if (!options.cascade) {
      throw pgError(SqlState.dependentPrivilegeDescriptorsStillExist, 'dependent privileges exist', {
        hint: 'Use CASCADE to revoke them too.',
      });
    }
    result = revokeFrom(result, { ...item, privileges: affected, grantOptions: affected }, options);
  }
  return result;
}

/** An ACL with one owner's items rewritten to another's (ALTER ... OWNER). */
export function changeAclOwner(acl: readonly AclItem[], oldOwner: number, newOwner: number): AclItem[] {
  const renamed = acl.map((item) => ({
    ...item,
    grantee: item.grantee === oldOwner ? newOwner : item.grantee,
    grantor: item.grantor === oldOwner ? newOwner : item.grantor,
  }));
  const merged: AclItem[] = [];
  for (const item of renamed) {
    const same = merged.findIndex((other) => other.grantee === item.grantee && other.grantor === item.grantor);
    if (same < 0) merged.push(item);
    else {
      const other = merged[same] as AclItem;
      merged[same] = {
        ...other,
        privileges: other.privileges | item.privileges,
        grantOptions: other.grantOptions | item.grantOptions,
      };
    }
  }
  return merged;
}
