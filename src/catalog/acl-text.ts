// Text form of access control lists: {grantee=privileges/grantor,...} with one letter a privilege and * after those
// granted WITH GRANT OPTION (manual, section 5.8). An empty grantee is PUBLIC.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { AclItem } from '../types/value.js';
import type { AclText } from './row-form.js';
import { parseArrayText, printArrayText } from './array-text.js';

/** ACL_* bits in PostgreSQL's order, with the letter and the name of each. */
export const aclPrivileges = [
  ['a', 'INSERT'],
  ['r', 'SELECT'],
  ['w', 'UPDATE'],
  ['d', 'DELETE'],
  ['D', 'TRUNCATE'],
  ['x', 'REFERENCES'],
  ['t', 'TRIGGER'],
  ['X', 'EXECUTE'],
  ['U', 'USAGE'],
  ['C', 'CREATE'],
  ['T', 'TEMPORARY'],
  ['c', 'CONNECT'],
  ['s', 'SET'],
  ['A', 'ALTER SYSTEM'],
  ['m', 'MAINTAIN'],
] as const;

export const aclBit = {
  insert: 1 << 0,
  select: 1 << 1,
  update: 1 << 2,
  delete: 1 << 3,
  truncate: 1 << 4,
  references: 1 << 5,
  trigger: 1 << 6,
  execute: 1 << 7,
  usage: 1 << 8,
  create: 1 << 9,
  createTemp: 1 << 10,
  connect: 1 << 11,
  set: 1 << 12,
  alterSystem: 1 << 13,
  maintain: 1 << 14,
} as const;

export interface RoleNames {
  roleName(oid: number): string | null;
  roleOid(name: string): number | null;
}

/** The two forms of aclitem[] columns, with role names from `roles`. Parsing throws 22P02 and 42704. */
export function aclTextOf(roles: RoleNames): AclText {
  return {
    parse: (text) => parseAclText(text, roles),
    print: (items) => printArrayText(items.map((item) => printAclItem(item, roles))),
  };
}

/** Items of an aclitem[] column's text. */
export function parseAclText(text: string, roles: RoleNames): AclItem[] {
  return parseArrayText(text).map((item) => parseAclItem(item, roles));
}

/** grantee=privileges/grantor; a role that is gone prints as its oid. */
export function printAclItem(item: AclItem, roles: RoleNames): string {
  const grantee = item.grantee === 0 ? '' : roleText(item.grantee, roles);
  let letters = '';
  aclPrivileges.forEach(([letter], bit) => {
    if ((item.privileges & (1 << bit)) !== 0) letters += letter;
    if ((item.grantOptions & (1 << bit)) !== 0) letters += '*';
  });
  return `${grantee}=${letters}/${roleText(item.grantor, roles)}`;
}

/** Reads one aclitem; without a grantor the superuser that set up the server stands in. */
export function parseAclItem(text: string, roles: RoleNames): AclItem {
  const match = /^\s*(?:(?:group|user)\s+)?("(?:[^"]|"")*"|[^="/]*)=([a-zA-Z*]*)(?:\/("(?:[^"]|"")*"|.*))?$/s.exec(
    text,
  );
  if (match === null) throw pgError(SqlState.invalidTextRepresentation, 'missing "=" sign');
  const [, grantee = '', letters = '', grantor] = match;
  let privileges = 0;
  let lastBit = 0;
  let grantOptions = 0;
  for (const letter of letters) {
    if (letter === '*') {
      grantOptions |= lastBit;
      continue;
    }
    const bit = aclPrivileges.findIndex(([known]) => known === letter);
    if (bit < 0)
      throw pgError(
        SqlState.invalidTextRepresentation,
        `invalid mode character: must be one of "${aclPrivileges.map(([known]) => known).join('')}"`,
      );
    lastBit = 1 << bit;
    privileges |= lastBit;
  }
  return {
    grantee: grantee.trim() === '' ? 0 : roleOid(grantee, roles),
    grantor: grantor === undefined ? 10 : roleOid(grantor, roles),
    privileges,
    grantOptions,
  };
}

function roleText(oid: number, roles: RoleNames): string {
  const name = roles.roleName(oid);
  if (name === null) return String(oid);
  return /^[A-Za-z0-9_]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function roleOid(written: string, roles: RoleNames): number {
  const trimmed = written.trim();
  const name = trimmed.startsWith('"') ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
  const oid = roles.roleOid(name) ?? (/^\d+$/.test(name) ? Number(name) : null);
  if (oid === null) throw pgError(SqlState.undefinedObject, `role "${name}" does not exist`);
  return oid;
}
