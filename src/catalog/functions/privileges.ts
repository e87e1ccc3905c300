// has_*_privilege, pg_has_role, aclexplode and the other functions over access control lists (manual, section 9.26.2).
// Each has_* function comes in forms that name the role and the object by name or oid: their symbols end in _name, _id.
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { type AclItem, PgArray } from '../../types/value.js';
import { type AclObjectKind, defaultAcl } from '../access.js';
import { aclBit, aclPrivileges } from '../acl-text.js';
import type { Catalog } from '../api.js';
import type { CatalogName } from '../generated/rows.js';
import { typeOid } from '../oids.js';
import { currentUserId } from '../session-identity.js';
import { catalogOf } from './call.js';

interface WantedPrivilege {
  readonly bit: number;
  readonly grantOption: boolean;
}

const bitByName = new Map(aclPrivileges.map(([, name], bit) => [name as string, 1 << bit]));
bitByName.set('TEMP', aclBit.createTemp);

/** Reads 'SELECT, UPDATE WITH GRANT OPTION', of which one suffices. Throws 22023 for one the kind doesn't know. */
function parsePrivileges(text: string, allowed: number): WantedPrivilege[] {
  return text.split(',').map((part) => {
    const words = part.trim().toUpperCase();
    const grantOption = words.endsWith(' WITH GRANT OPTION');
    const bit = bitByName.get(grantOption ? words.slice(0, -' WITH GRANT OPTION'.length) : words) ?? 0;
    if ((bit & allowed) === 0)
      throw pgError(SqlState.invalidParameterValue, `unrecognized privilege type: "${part.trim()}"`);
    return { bit, grantOption };
  });
}

function roleNamed(catalog: Catalog, name: string): number {
  if (name === 'public') return 0;
  const oid = catalog.roles.roleOid(name);
  if (oid === null) throw pgError(SqlState.undefinedObject, `role "${name}" does not exist`);
  return oid;
}

/** Role 0 is PUBLIC: a role that nobody is a member of and that owns nothing. */
type Check = (catalog: Catalog, role: number, object: number, wanted: WantedPrivilege) => boolean;

interface PrivilegeFamily {
  readonly prefix: string;
  readonly allowed: number;
  /** Oid of a name; throws the kind's "does not exist". */
  find(catalog: Catalog, name: string): number;
  exists(catalog: Catalog, oid: number): boolean;
  readonly check: Check;
}

const rowExists =
  (table: CatalogName) =>
  (catalog: Catalog, oid: number): boolean =>
    catalog.tables.findOne(table, { oid } as never) !== null;

const maskCheck =
  (kind: AclObjectKind): Check =>
  (catalog, role, object, { bit, grantOption }) =>
    catalog.access.mask(kind, object, role, bit, grantOption) !== 0;

function findByName(table: CatalogName, column: string, noun: string) {
  return (catalog: Catalog, name: string): number => {
    const entry = catalog.tables.findOne(table, { [column]: name } as never);
    if (entry === null)
      throw pgError(
        table === 'pg_namespace'
          ? SqlState.undefinedSchema
          : table === 'pg_database'
            ? SqlState.undefinedDatabase
            : SqlState.undefinedObject,
        `${noun} "${name}" does not exist`,
      );
    return (entry.row as { readonly oid: number }).oid;
  };
}

const tablePrivileges =
  aclBit.select |
  aclBit.insert |
  aclBit.update |
  aclBit.delete |
  aclBit.truncate |
  aclBit.references |
  aclBit.trigger |
  aclBit.maintain;
const columnPrivileges = aclBit.select | aclBit.insert | aclBit.update | aclBit.references;

function findRelation(catalog: Catalog, name: string): number {
  return catalog.names.toOid('regclass', name, false) ?? 0;
}

const families: readonly PrivilegeFamily[] = [
  {
    prefix: 'table',
    allowed: tablePrivileges,
    find: findRelation,
    exists: rowExists('pg_class'),
    check: maskCheck('r'),
  },
  {
    prefix: 'sequence',
    allowed: aclBit.usage | aclBit.select | aclBit.update,
    find: findSequence,
    exists: rowExists('pg_class'),
    check: checkSequence,
  },
  {
    prefix: 'any_column',
    allowed: columnPrivileges,
    find: findRelation,
    exists: rowExists('pg_class'),
    check: (catalog, role, object, { bit, grantOption }) => catalog.access.anyColumn(object, role, bit, grantOption),
  },
  {
    prefix: 'database',
    allowed: aclBit.create | aclBit.createTemp | aclBit.connect,
    find: findByName('pg_database', 'datname', 'database'),
    exists: rowExists('pg_database'),
    check: maskCheck('d'),
  },
  {
    prefix: 'function',
    allowed: aclBit.execute,
    find: (catalog, name) => catalog.names.toOid('regprocedure', name, false) ?? 0,
    exists: rowExists('pg_proc'),
    check: maskCheck('f'),
  },
  {
    prefix: 'language',
    allowed: aclBit.usage,
    find: findByName('pg_language', 'lanname', 'language'),
    exists: rowExists('pg_language'),
    check: maskCheck('l'),
  },
  {
    prefix: 'schema',
    allowed: aclBit.usage | aclBit.create,
    find: findByName('pg_namespace', 'nspname', 'schema'),
    exists: rowExists('pg_namespace'),
    check: maskCheck('n'),
  },
  {
    prefix: 'tablespace',
    allowed: aclBit.create,
    find: findByName('pg_tablespace', 'spcname', 'tablespace'),
    exists: rowExists('pg_tablespace'),
    check: maskCheck('t'),
  },
  {
    prefix: 'foreign_data_wrapper',
    allowed: aclBit.usage,
    find: findByName('pg_foreign_data_wrapper', 'fdwname', 'foreign-data wrapper'),
    exists: rowExists('pg_foreign_data_wrapper'),
    check: maskCheck('F'),
  },
  {
    prefix: 'server',
    allowed: aclBit.usage,
    find: findByName('pg_foreign_server', 'srvname', 'server'),
    exists: rowExists('pg_foreign_server'),
    check: maskCheck('S'),
  },
  {
    prefix: 'type',
    allowed: aclBit.usage,
    find: (catalog, name) => catalog.names.typeOfText(name),
    exists: rowExists('pg_type'),
    check: maskCheck('T'),
  },
];

function findSequence(catalog: Catalog, name: string): number {
  const oid = findRelation(catalog, name);
  if (catalog.tables.findOne('pg_class', { oid })?.row.relkind !== 'S')
    throw pgError(SqlState.wrongObjectType, `"${name}" is not a sequence`);
  return oid;
}

function checkSequence(catalog: Catalog, role: number, object: number, wanted: WantedPrivilege): boolean {
  const row = catalog.tables.findOne('pg_class', { oid: object })?.row;
  if (row !== undefined && row.relkind !== 'S')
    throw pgError(SqlState.wrongObjectType, `"${row.relname}" is not a sequence`);
  return catalog.access.mask('s', object, role, wanted.bit, wanted.grantOption) !== 0;
}

for (const family of families) {
  const run = (catalog: Catalog, role: number, object: number, privileges: string): boolean | null => {
    const wanted = parsePrivileges(privileges, family.allowed);
    if (!family.exists(catalog, object)) return null;
    return wanted.some((privilege) => family.check(catalog, role, object, privilege));
  };
  const symbol = `has_${family.prefix}_privilege`;
  fn(`${symbol}_name`, {
    impl: (name: string, privileges: string, info: CallInfo) => {
      const catalog = catalogOf(info);
      return run(catalog, currentUserId(info), family.find(catalog, name), privileges);
    },
  });
  fn(`${symbol}_id`, {
    impl: (oid: number, privileges: string, info: CallInfo) =>
      run(catalogOf(info), currentUserId(info), oid, privileges),
  });
  fn(`${symbol}_name_name`, {
    impl: (role: string, name: string, privileges: string, info: CallInfo) => {
      const catalog = catalogOf(info);
      return run(catalog, roleNamed(catalog, role), family.find(catalog, name), privileges);
    },
  });
  fn(`${symbol}_name_id`, {
    impl: (role: string, oid: number, privileges: string, info: CallInfo) => {
      const catalog = catalogOf(info);
      return run(catalog, roleNamed(catalog, role), oid, privileges);
    },
  });
  fn(`${symbol}_id_name`, {
    impl: (role: number, name: string, privileges: string, info: CallInfo) => {
      const catalog = catalogOf(info);
      return run(catalog, role, family.find(catalog, name), privileges);
    },
  });
  fn(`${symbol}_id_id`, {
    impl: (role: number, oid: number, privileges: string, info: CallInfo) =>
      run(catalogOf(info), role, oid, privileges),
  });
}

/** has_column_privilege: three arguments name role, table and column, each by name or number. */
function columnNumber(catalog: Catalog, relation: number, column: string | number): number | null {
  if (typeof column === 'number') return column;
  const row = catalog.tables.findOne('pg_attribute', { attrelid: relation, attname: column })?.row;
  if (row !== undefined && !row.attisdropped) return row.attnum;
  const table = catalog.tables.findOne('pg_class', { oid: relation })?.row.relname;
  if (table === undefined) return null;
  throw pgError(SqlState.undefinedColumn, `column "${column}" of relation "${table}" does not exist`);
}

function hasColumnPrivilege(
  catalog: Catalog,
  role: number,
  table: string | number,
  column: string | number,
  privileges: string,
): boolean | null {
  const relation = typeof table === 'number' ? table : findRelation(catalog, table);
  const attribute = columnNumber(catalog, relation, column);
  const wanted = parsePrivileges(privileges, columnPrivileges);
  if (attribute === null || catalog.tables.findOne('pg_class', { oid: relation }) === null) return null;
  const row = catalog.tables.findOne('pg_attribute', { attrelid: relation, attnum: attribute })?.row;
  if (row === undefined || row.attisdropped) return null;
  return wanted.some(
    ({ bit, grantOption }) => catalog.access.columnMask(relation, attribute, role, bit, grantOption) !== 0,
  );
}

for (const table of ['name', 'id']) {
  for (const column of ['name', 'attnum']) {
    fn(`has_column_privilege_${table}_${column}`, {
      impl: (relation: string | number, attribute: string | number, privileges: string, info: CallInfo) =>
        hasColumnPrivilege(catalogOf(info), currentUserId(info), relation, attribute, privileges),
    });
    for (const role of ['name', 'id']) {
      fn(`has_column_privilege_${role}_${table}_${column}`, {
        impl: (
          user: string | number,
          relation: string | number,
          attribute: string | number,
          privileges: string,
          info: CallInfo,
        ) => {
          const catalog = catalogOf(info);
          const oid = typeof user === 'number' ? user : roleNamed(catalog, user);
          return hasColumnPrivilege(catalog, oid, relation, attribute, privileges);
        },
      });
    }
  }
}

/** has_parameter_privilege: no parameter has grants unless pg_parameter_acl says so. */
function hasParameterPrivilege(catalog: Catalog, role: number, name: string, privileges: string): boolean {
  const wanted = parsePrivileges(privileges, aclBit.set | aclBit.alterSystem);
  if (catalog.roles.isSuperuser(role)) return true;
  const acl = catalog.tables.findOne('pg_parameter_acl', { parname: name.toLowerCase() })?.row.paracl ?? null;
  return (
    acl !== null && wanted.some(({ bit, grantOption }) => catalog.access.listMask(acl, role, bit, grantOption) !== 0)
  );
}
fn('has_parameter_privilege_name', {
  impl: (name: string, privileges: string, info: CallInfo) =>
    hasParameterPrivilege(catalogOf(info), currentUserId(info), name, privileges),
});
fn('has_parameter_privilege_name_name', {
  impl: (role: string, name: string, privileges: string, info: CallInfo) => {
    const catalog = catalogOf(info);
    return hasParameterPrivilege(catalog, roleNamed(catalog, role), name, privileges);
  },
});
fn('has_parameter_privilege_id_name', {
  impl: (role: number, name: string, privileges: string, info: CallInfo) =>
    hasParameterPrivilege(catalogOf(info), role, name, privileges),
});

/** pg_has_role: MEMBER, USAGE and SET, each WITH GRANT (or ADMIN) OPTION. */
function hasRole(catalog: Catalog, role: number, other: number, privileges: string): boolean {
  return privileges.split(',').some((part) => {
    const words = part.trim().toUpperCase();
    if (/^(MEMBER|USAGE|SET) WITH (GRANT|ADMIN) OPTION$/.test(words)) return catalog.roles.isAdminOf(role, other);
    if (words === 'USAGE') return catalog.access.hasPrivilegesOf(role, other);
    if (words === 'SET') return catalog.access.canSetRole(role, other);
    if (words === 'MEMBER') return catalog.access.isMember(role, other);
    throw pgError(SqlState.invalidParameterValue, `unrecognized privilege type: "${part.trim()}"`);
  });
}
const roleArgument = (catalog: Catalog, role: string | number): number =>
  typeof role === 'number' ? role : roleNamed(catalog, role);
for (const other of ['name', 'id']) {
  fn(`pg_has_role_${other}`, {
    impl: (role: string | number, privileges: string, info: CallInfo) => {
      const catalog = catalogOf(info);
      return hasRole(catalog, currentUserId(info), roleArgument(catalog, role), privileges);
    },
  });
  for (const user of ['name', 'id']) {
    fn(`pg_has_role_${user}_${other}`, {
      impl: (member: string | number, role: string | number, privileges: string, info: CallInfo) => {
        const catalog = catalogOf(info);
        return hasRole(catalog, roleArgument(catalog, member), roleArgument(catalog, role), privileges);
      },
    });
  }
}

tableFn('aclexplode', {
  *rows(acl: PgArray) {
    for (const item of acl.elements as readonly AclItem[]) {
      for (const [bit, [, name]] of aclPrivileges.entries()) {
        if ((item.privileges & (1 << bit)) !== 0)
          yield [item.grantor, item.grantee, name, (item.grantOptions & (1 << bit)) !== 0];
      }
    }
  },
});

fn('acldefault_sql', {
  impl(kind: string, owner: number) {
    if (!'crsdflLnptFST'.includes(kind) || kind === '')
      throw pgError(SqlState.internalError, `unrecognized object type abbreviation: ${kind}`);
    return PgArray.of(typeOid.aclitem, defaultAcl(kind as AclObjectKind, owner));
  },
});

fn('makeaclitem', {
  impl(grantee: number, grantor: number, privileges: string, isGrantable: boolean): AclItem {
    const bits = privileges.split(',').reduce((all, part) => {
      const bit = bitByName.get(part.trim().toUpperCase());
      if (bit === undefined)
        throw pgError(SqlState.invalidParameterValue, `unrecognized privilege type: "${part.trim()}"`);
      return all | bit;
    }, 0);
    return { grantee, grantor, privileges: bits, grantOptions: isGrantable ? bits : 0 };
  },
});

fn('aclcontains', {
  impl(acl: PgArray, item: AclItem) {
    return (acl.elements as readonly AclItem[]).some(
      (held) =>
        held.grantee === item.grantee &&
        held.grantor === item.grantor &&
        (held.privileges & item.privileges) === item.privileges &&
        (held.grantOptions & item.grantOptions) === item.grantOptions,
    );
  },
});
fn('aclitem_eq', {
  impl: (left: AclItem, right: AclItem) =>
    left.grantee === right.grantee &&
    left.grantor === right.grantor &&
    left.privileges === right.privileges &&
    left.grantOptions === right.grantOptions,
});
for (const [symbol, name] of [
  ['aclinsert', 'aclinsert'],
  ['aclremove', 'aclremove'],
] as const) {
  fn(symbol, {
    impl() {
      throw pgError(SqlState.featureNotSupported, `${name} is no longer supported`);
    },
  });
}
