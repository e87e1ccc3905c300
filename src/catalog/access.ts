// Privilege checks (manual, section 5.8): what a role may do with an object, from the object's access control list or
// its default one, the role's memberships, and the predefined roles. Superusers may do everything.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { AclItem } from '../types/value.js';
import type { CatalogTables } from './api.js';
import { aclBit, parseAclText, type RoleNames } from './acl-text.js';
import type { CatalogName } from './generated/rows.js';
import type { RoleLookups } from './lookups/roles.js';
import {
  firstNormalOid,
  pgCatalogNamespace,
  pgToastNamespace,
  roleMaintain,
  roleReadAllData,
  roleWriteAllData,
} from './oids.js';

/** Kinds of objects that have privileges, by the letter that acldefault takes. */
export type AclObjectKind = 'c' | 'r' | 's' | 'd' | 'f' | 'l' | 'L' | 'n' | 'p' | 't' | 'F' | 'S' | 'T';

export interface AccessControl {
  /** Of the `wanted` bits, those that the role has; with `grantOption`, those it may grant on. 0 for unknown objects. */
  mask(kind: AclObjectKind, oid: number, role: number, wanted: number, grantOption?: boolean): number;
  /** As mask, for one column: privileges on the whole table count too. */
  columnMask(relation: number, attribute: number, role: number, wanted: number, grantOption?: boolean): number;
  /** As mask, for the text of a list alone (no owner, no defaults). */
  listMask(acl: string, role: number, wanted: number, grantOption?: boolean): number;
  /** The role has at least one of the privileges on some live column (or the table). */
  anyColumn(relation: number, role: number, wanted: number, grantOption?: boolean): boolean;
  /** Throws 42501 "permission denied for <kind> <name>" unless the role has all of them. */
  require(kind: AclObjectKind, oid: number, role: number, wanted: number): void;
  /** The role is the object's owner, has the owner's privileges, or is a superuser. */
  isOwner(kind: AclObjectKind | OwnedCatalog, oid: number, role: number): boolean;
  /** Throws 42501 "must be owner of <noun> <name>". */
  requireOwner(kind: AclObjectKind | OwnedCatalog, oid: number, role: number): void;
  /** The role has all privileges of the other one (by inheritance). */
  hasPrivilegesOf(role: number, other: number): boolean;
  /** The role may SET ROLE to the other one. */
  canSetRole(role: number, other: number): boolean;
  isMember(role: number, other: number): boolean;
}

/** Owned objects without an access control list of their own. */
export type OwnedCatalog =
  | 'pg_operator'
  | 'pg_opclass'
  | 'pg_opfamily'
  | 'pg_collation'
  | 'pg_conversion'
  | 'pg_statistic_ext'
  | 'pg_ts_config'
  | 'pg_ts_dict'
  | 'pg_extension'
  | 'pg_event_trigger'
  | 'pg_publication'
  | 'pg_subscription';

interface AclSource {
  readonly table: CatalogName;
  readonly name: string;
  readonly owner: string;
  readonly acl: string | null;
  readonly noun: string;
}

const sources: Readonly<Record<Exclude<AclObjectKind, 'c' | 'p'> | OwnedCatalog, AclSource>> = {
  r: { table: 'pg_class', name: 'relname', owner: 'relowner', acl: 'relacl', noun: 'table' },
  s: { table: 'pg_class', name: 'relname', owner: 'relowner', acl: 'relacl', noun: 'sequence' },
  d: { table: 'pg_database', name: 'datname', owner: 'datdba', acl: 'datacl', noun: 'database' },
  f: { table: 'pg_proc', name: 'proname', owner: 'proowner', acl: 'proacl', noun: 'function' },
  l: { table: 'pg_language', name: 'lanname', owner: 'lanowner', acl: 'lanacl', noun: 'language' },
  L: { table: 'pg_largeobject_metadata', name: 'oid', owner: 'lomowner', acl: 'lomacl', noun: 'large object' },
  n: { table: 'pg_namespace', name: 'nspname', owner: 'nspowner', acl: 'nspacl', noun: 'schema' },
  t: { table: 'pg_tablespace', name: 'spcname', owner: 'spcowner', acl: 'spcacl', noun: 'tablespace' },
  F: {
    table: 'pg_foreign_data_wrapper',
    name: 'fdwname',
    owner: 'fdwowner',
    acl: 'fdwacl',
    noun: 'foreign-data wrapper',
  },
  S: { table: 'pg_foreign_server', name: 'srvname', owner: 'srvowner', acl: 'srvacl', noun: 'foreign server' },
  T: { table: 'pg_type', name: 'typname', owner: 'typowner', acl: 'typacl', noun: 'type' },
  pg_operator: { table: 'pg_operator', name: 'oprname', owner: 'oprowner', acl: null, noun: 'operator' },
  pg_opclass: { table: 'pg_opclass', name: 'opcname', owner: 'opcowner', acl: null, noun: 'operator class' },
  pg_opfamily: { table: 'pg_opfamily', name: 'opfname', owner: 'opfowner', acl: null, noun: 'operator family' },
  pg_collation: { table: 'pg_collation', name: 'collname', owner: 'collowner', acl: null, noun: 'collation' },
  pg_conversion: { table: 'pg_conversion', name: 'conname', owner: 'conowner', acl: null, noun: 'conversion' },
  pg_statistic_ext: {
    table: 'pg_statistic_ext',
    name: 'stxname',
    owner: 'stxowner',
    acl: null,
    noun: 'statistics object',
  },
  pg_ts_config: {
    table: 'pg_ts_config',
    name: 'cfgname',
    owner: 'cfgowner',
    acl: null,
    noun: 'text search configuration',
  },
  pg_ts_dict: { table: 'pg_ts_dict', name: 'dictname', owner: 'dictowner', acl: null, noun: 'text search dictionary' },
  pg_extension: { table: 'pg_extension', name: 'extname', owner: 'extowner', acl: null, noun: 'extension' },
  pg_event_trigger: { table: 'pg_event_trigger', name: 'evtname', owner: 'evtowner', acl: null, noun: 'event trigger' },
  pg_publication: { table: 'pg_publication', name: 'pubname', owner: 'pubowner', acl: null, noun: 'publication' },
  pg_subscription: { table: 'pg_subscription', name: 'subname', owner: 'subowner', acl: null, noun: 'subscription' },
};

const relationNouns: Readonly<Record<string, string>> = {
  S: 'sequence',
  v: 'view',
  m: 'materialized view',
  i: 'index',
  I: 'index',
  f: 'foreign table',
};

/** All privileges that the kind knows, as ACL_* bits. */
export const allPrivileges: Readonly<Record<AclObjectKind, number>> = {
  c: aclBit.insert | aclBit.select | aclBit.update | aclBit.references,
  r:
    aclBit.insert |
    aclBit.select |
    aclBit.update |
    aclBit.delete |
    aclBit.truncate |
    aclBit.references |
    aclBit.trigger |
    aclBit.maintain,
  s: aclBit.select | aclBit.update | aclBit.usage,
  d: aclBit.create | aclBit.createTemp | aclBit.connect,
  f: aclBit.execute,
  l: aclBit.usage,
  L: aclBit.select | aclBit.update,
  n: aclBit.usage | aclBit.create,
  p: aclBit.set | aclBit.alterSystem,
  t: aclBit.create,
  F: aclBit.usage,
  S: aclBit.usage,
  T: aclBit.usage,
};

/** What PUBLIC may do with an object that nobody granted anything on. */
const publicPrivileges: Readonly<Partial<Record<AclObjectKind, number>>> = {
  d: aclBit.createTemp | aclBit.connect,
  f: aclBit.execute,
  l: aclBit.usage,
  T: aclBit.usage,
};

/** The list that stands for a null one: PUBLIC's default privileges, and all of them for the owner. */
export function defaultAcl(kind: AclObjectKind, owner: number): readonly AclItem[] {
  const items: AclItem[] = [];
  const open = publicPrivileges[kind] ?? 0;
  if (open !== 0) items.push({ grantee: 0, grantor: owner, privileges: open, grantOptions: 0 });
  if (kind !== 'c') items.push({ grantee: owner, grantor: owner, privileges: allPrivileges[kind], grantOptions: 0 });
  return items;
}

export function accessControl(
  tables: CatalogTables,
  roles: RoleLookups,
  databaseSessionTemporary: () => number,
): AccessControl {
  const parsed = new Map<string, readonly AclItem[]>();
  const names: RoleNames = roles;

  /** Lists repeat: most objects share a few. Names change rarely, so texts with a changed meaning are dropped at once. */
  function itemsOf(text: string): readonly AclItem[] {
    let items = parsed.get(text);
    if (items === undefined) {
      if (parsed.size > 1000) parsed.clear();
      items = parseAclText(text, names);
      parsed.set(text, items);
    }
    return items;
  }

  function maskOf(
    items: readonly AclItem[],
    owner: number,
    role: number,
    wanted: number,
    grantOption: boolean,
  ): number {
    if (roles.isSuperuser(role)) return wanted;
    const mine = roles.inheritedRoles(role);
    if (grantOption && mine.has(owner)) return wanted;
    let held = 0;
    for (const item of items) {
      if (item.grantee !== 0 && !mine.has(item.grantee)) continue;
      held |= grantOption ? item.grantOptions : item.privileges;
    }
    return held & wanted;
  }

  function rowOf(kind: keyof typeof sources, oid: number): Record<string, unknown> | null {
    return (tables.findOne(sources[kind].table, { oid } as never)?.row as Record<string, unknown> | undefined) ?? null;
  }

  /** Sequences are found under kind r too: privileges on them follow their own defaults. */
  const effectiveKind = (kind: AclObjectKind, row: Record<string, unknown>): AclObjectKind =>
    kind === 'r' && row['relkind'] === 'S' ? 's' : kind;

  function mask(kind: AclObjectKind, oid: number, role: number, wanted: number, grantOption = false): number {
    if (kind === 'c' || kind === 'p') return roles.isSuperuser(role) ? wanted : 0;
    const row = rowOf(kind, oid);
    if (row === null) return 0;
    const source = sources[kind];
    const owner = Number(row[source.owner]);
    const acl = source.acl === null ? null : (row[source.acl] as string | null);
    if (kind === 'n' && oid === databaseSessionTemporary()) return wanted;
    let asked = wanted;
    if (kind === 'r' && isSystemTable(row) && !roles.isSuperuser(role))
      asked &= ~(aclBit.insert | aclBit.update | aclBit.delete | aclBit.truncate | aclBit.usage);
    const items = acl === null ? defaultAcl(effectiveKind(kind, row), owner) : itemsOf(acl);
    let held = maskOf(items, owner, role, asked, grantOption);
    if (!grantOption && held !== asked) held |= predefinedRoleMask(kind, role) & asked;
    return held;
  }

  /** pg_read_all_data, pg_write_all_data and pg_maintain need no grants. */
  function predefinedRoleMask(kind: AclObjectKind, role: number): number {
    if (kind !== 'r' && kind !== 's' && kind !== 'n') return 0;
    const mine = roles.inheritedRoles(role);
    let held = 0;
    if (mine.has(roleReadAllData)) held |= kind === 'n' ? aclBit.usage : aclBit.select;
    if (mine.has(roleWriteAllData)) held |= kind === 'n' ? aclBit.usage : aclBit.insert | aclBit.update | aclBit.delete;
    if (kind === 'r' && mine.has(roleMaintain)) held |= aclBit.maintain;
    return held;
  }

  function columnMask(relation: number, attribute: number, role: number, wanted: number, grantOption = false): number {
    const held = mask('r', relation, role, wanted, grantOption);
    if (held === wanted) return held;
    const row = tables.findOne('pg_attribute', { attrelid: relation, attnum: attribute })?.row;
    const owner = tables.findOne('pg_class', { oid: relation })?.row.relowner ?? 0;
    if (row === undefined || row.attisdropped || row.attacl === null) return held;
    return held | maskOf(itemsOf(row.attacl), owner, role, wanted, grantOption);
  }

  function isOwner(kind: AclObjectKind | OwnedCatalog, oid: number, role: number): boolean {
    if (roles.isSuperuser(role)) return true;
    if (kind === 'c' || kind === 'p') return false;
    const row = rowOf(kind, oid);
    return row !== null && roles.inheritedRoles(role).has(Number(row[sources[kind].owner]));
  }

  /** The words of an error about the object: "table t1". */
  function nameOf(kind: AclObjectKind | OwnedCatalog, oid: number): string {
    if (kind === 'c' || kind === 'p') return kind === 'c' ? 'column' : 'parameter';
    const row = rowOf(kind, oid);
    const source = sources[kind];
    const noun =
      source.table === 'pg_class'
        ? (relationNouns[String(row?.['relkind'])] ?? 'table')
        : source.table === 'pg_proc' && row?.['prokind'] !== 'f'
          ? procedureNoun(String(row?.['prokind']))
          : source.table === 'pg_type' && row?.['typtype'] === 'd'
            ? 'type'
            : source.noun;
    return `${noun} ${String(row?.[source.name] ?? oid)}`;
  }

  return {
    mask,
    columnMask,
    listMask: (acl, role, wanted, grantOption = false) => maskOf(itemsOf(acl), 0, role, wanted, grantOption),
    anyColumn(relation, role, wanted, grantOption = false) {
      if (mask('r', relation, role, wanted, grantOption) !== 0) return true;
      return tables
        .find('pg_attribute', { attrelid: relation })
        .some(
          ({ row }) =>
            row.attnum > 0 && row.attacl !== null && columnMask(relation, row.attnum, role, wanted, grantOption) !== 0,
        );
    },
    require(kind, oid, role, wanted) {
      if (mask(kind, oid, role, wanted) !== wanted)
        throw pgError(SqlState.insufficientPrivilege, `permission denied for ${nameOf(kind, oid)}`);
    },
    isOwner,
    requireOwner(kind, oid, role) {
      if (!isOwner(kind, oid, role))
        throw pgError(SqlState.insufficientPrivilege, `must be owner of ${nameOf(kind, oid)}`);
    },
    hasPrivilegesOf: (role, other) => roles.isSuperuser(role) || roles.inheritedRoles(role).has(other),
    canSetRole: (role, other) => roles.isSuperuser(role) || roles.settableRoles(role).has(other),
    isMember: (role, other) => roles.isSuperuser(role) || roles.allRoles(role).has(other),
  };
}

function isSystemTable(row: Record<string, unknown>): boolean {
  const schema = row['relnamespace'];
  return (
    row['relkind'] !== 'v' &&
    Number(row['oid']) < firstNormalOid &&
    (schema === pgCatalogNamespace || schema === pgToastNamespace)
  );
}

function procedureNoun(kind: string): string {
  return kind === 'p' ? 'procedure' : kind === 'a' ? 'aggregate' : 'function';
}
