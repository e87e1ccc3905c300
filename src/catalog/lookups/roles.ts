// Roles: names, attributes and memberships (manual, chapter 22). Shared by all databases.
import { roleDatabaseOwner } from '../oids.js';
import type { PgAuthMembersRow, PgAuthidRow } from '../generated/rows.js';
import type { LookupBase } from './lookup-base.js';

export interface RoleLookups {
  role(oid: number): PgAuthidRow | null;
  roleName(oid: number): string | null;
  roleOid(name: string): number | null;
  isSuperuser(oid: number): boolean;
  /** Roles whose privileges `member` has (INHERIT), itself included. */
  inheritedRoles(member: number): ReadonlySet<number>;
  /** Roles that `member` may SET ROLE to, itself included. */
  settableRoles(member: number): ReadonlySet<number>;
  /** All roles that `member` belongs to by any grant, itself included. */
  allRoles(member: number): ReadonlySet<number>;
  /** The role may grant membership in `role` (ADMIN OPTION, directly or through a role). */
  isAdminOf(member: number, role: number): boolean;
}

export function roleLookups({ session, tables, cache }: LookupBase): RoleLookups {
  const byOid = cache.region<number, PgAuthidRow | null>('roles', ['pg_authid']);
  const byName = cache.region<string, PgAuthidRow | null>('roleNames', ['pg_authid']);
  const grants = cache.region<number, readonly PgAuthMembersRow[]>('memberships', ['pg_auth_members']);
  const closures = cache.region<string, ReadonlySet<number>>('roleClosures', ['pg_auth_members', 'pg_database']);

  const role = (oid: number): PgAuthidRow | null =>
    byOid.get(oid, (key) => tables.findOne('pg_authid', { oid: key })?.row ?? null);
  const named = (name: string): PgAuthidRow | null =>
    byName.get(name, (key) => tables.findOne('pg_authid', { rolname: key })?.row ?? null);
  const grantsOf = (member: number): readonly PgAuthMembersRow[] =>
    grants.get(member, (key) => tables.find('pg_auth_members', { member: key }).map(({ row }) => row));

  /** Reachable roles through the grants that `follows` accepts. The database's owner is in pg_database_owner. */
  function closure(kind: string, member: number, follows: (grant: PgAuthMembersRow) => boolean): ReadonlySet<number> {
    return closures.get(`${kind} ${member}`, () => {
      const owner = tables.findOne('pg_database', { oid: session.database })?.row.datdba ?? 0;
      const reached = new Set([member]);
      for (const at of reached) {
        for (const grant of grantsOf(at)) if (follows(grant)) reached.add(grant.roleid);
        if (at === owner) reached.add(roleDatabaseOwner);
      }
      return reached;
    });
  }

  const inheritedRoles = (member: number) => closure('inherit', member, (grant) => grant.inherit_option);
  return {
    role,
    roleName: (oid) => role(oid)?.rolname ?? null,
    roleOid: (name) => named(name)?.oid ?? null,
    isSuperuser: (oid) => role(oid)?.rolsuper ?? false,
    inheritedRoles,
    settableRoles: (member) => closure('set', member, (grant) => grant.set_option),
    allRoles: (member) => closure('all', member, () => true),
    isAdminOf(member, wanted) {
      if (role(member)?.rolsuper === true) return true;
      return [...inheritedRoles(member)].some((at) =>
        grantsOf(at).some((grant) => grant.roleid === wanted && grant.admin_option),
      );
    },
  };
}
