// Writes and reads pg_shdepend: which roles own, or have privileges on, objects of any database. What DROP ROLE, DROP
// OWNED and REASSIGN OWNED look at. Pinned roles (the predefined ones and the first superuser) are left out.
import type { Transaction } from '../../transaction/api.js';
import type { Catalog } from '../api.js';
import type { PgShdependRow } from '../generated/rows.js';
import { catalogShapes } from '../generated/schema.js';
import { firstUnpinnedOid } from '../oids.js';
import { describeObject } from '../object-description.js';
import { catalogOfClass, type ObjectAddress } from './object-address.js';

/** o owner, a privileges, i initial privileges, r policy, t tablespace. */
export type SharedDependencyType = 'o' | 'a' | 'i' | 'r' | 't';

/** Lines of "owner of ..." that DROP ROLE lists before it says how many more there are. */
const reportedLinesMax = 100;

const authid = catalogShapes.pg_authid.oid;

/** Database that an object's entries carry: 0 for those of shared catalogs. */
function databaseOf(catalog: Catalog, classId: number): number {
  const table = catalogOfClass(classId);
  return table !== null && catalogShapes[table].isShared ? 0 : catalog.database;
}

function entriesOf(catalog: Catalog, object: ObjectAddress) {
  return catalog.tables
    .find('pg_shdepend', { dbid: databaseOf(catalog, object.classId), classid: object.classId, objid: object.objectId })
    .filter(({ row }) => object.subId === 0 || row.objsubid === object.subId);
}

async function insert(
  catalog: Catalog,
  transaction: Transaction,
  object: ObjectAddress,
  role: number,
  type: SharedDependencyType,
): Promise<void> {
  if (role < firstUnpinnedOid) return;
  await catalog.tables.insert(transaction, 'pg_shdepend', {
    dbid: databaseOf(catalog, object.classId),
    classid: object.classId,
    objid: object.objectId,
    objsubid: object.subId,
    refclassid: authid,
    refobjid: role,
    deptype: type,
  });
}

export async function recordOwner(
  catalog: Catalog,
  transaction: Transaction,
  object: ObjectAddress,
  owner: number,
): Promise<void> {
  await insert(catalog, transaction, object, owner, 'o');
}

/** ALTER ... OWNER TO: also forgets privileges that the new owner had been granted. */
export async function changeOwner(
  catalog: Catalog,
  transaction: Transaction,
  object: ObjectAddress,
  owner: number,
): Promise<void> {
  for (const entry of entriesOf(catalog, object)) {
    if (entry.row.deptype === 'o' || (entry.row.deptype === 'a' && entry.row.refobjid === owner))
      await catalog.tables.delete(transaction, 'pg_shdepend', entry);
  }
  await insert(catalog, transaction, object, owner, 'o');
}

/** After an access control list changed: entries for the roles in it but the owner. */
export async function changeAclRoles(
  catalog: Catalog,
  transaction: Transaction,
  object: ObjectAddress,
  roles: { readonly owner: number; readonly grantees: readonly number[] },
  type: 'a' | 'i' | 'r' = 'a',
): Promise<void> {
  const wanted = new Set(roles.grantees.filter((role) => role !== 0 && role !== roles.owner));
  const entries = entriesOf(catalog, object).filter(({ row }) => row.deptype === type && row.objsubid === object.subId);
  for (const entry of entries)
    if (!wanted.delete(entry.row.refobjid)) await catalog.tables.delete(transaction, 'pg_shdepend', entry);
  for (const role of wanted) await insert(catalog, transaction, object, role, type);
}

/** The object is gone. */
export async function removeSharedDependencies(
  catalog: Catalog,
  transaction: Transaction,
  object: ObjectAddress,
): Promise<void> {
  for (const entry of entriesOf(catalog, object)) await catalog.tables.delete(transaction, 'pg_shdepend', entry);
}

/** Everything that depends on the role, in this database and on shared objects. */
export function roleDependencies(catalog: Catalog, role: number): readonly PgShdependRow[] {
  return catalog.tables.find('pg_shdepend', { refclassid: authid, refobjid: role }).map(({ row }) => row);
}

const phrases: Readonly<Record<string, string>> = {
  o: 'owner of',
  a: 'privileges for',
  i: 'initial privileges for',
  r: 'target of',
  t: 'tablespace for',
};

/** Detail of DROP ROLE's 2BP01: a line for each object that needs the role; null where nothing does. */
export function roleDependencyDetail(catalog: Catalog, role: number): string | null {
  const rows = [...roleDependencies(catalog, role)].sort(
    (left, right) => left.objid - right.objid || left.classid - right.classid || left.objsubid - right.objsubid,
  );
  if (rows.length === 0) return null;
  const lines: string[] = [];
  const elsewhere = new Map<number, number>();
  for (const row of rows) {
    if (row.dbid !== 0 && row.dbid !== catalog.database) elsewhere.set(row.dbid, (elsewhere.get(row.dbid) ?? 0) + 1);
    else
      lines.push(
        `${phrases[row.deptype] ?? ''} ${describeObject(catalog, { classId: row.classid, objectId: row.objid, subId: row.objsubid })}`,
      );
  }
  for (const [database, count] of elsewhere) {
    const name = catalog.tables.findOne('pg_database', { oid: database })?.row.datname ?? String(database);
    lines.push(`${count} ${count === 1 ? 'object' : 'objects'} in database ${name}`);
  }
  if (lines.length <= reportedLinesMax) return lines.join('\n');
  const more = lines.length - reportedLinesMax;
  return [
    ...lines.slice(0, reportedLinesMax),
    `and ${more} other ${more === 1 ? 'object' : 'objects'} (see server log for list)`,
  ].join('\n');
}
