// Fills a fresh store: the rows and index entries of every catalog, from the exported facts, into template1 and the
// shared catalogs; then, once the session has run `bootstrapSql` there, the copies template0 and postgres.
// 1. bootstrapCatalogs  2. a session on template1 runs the steps of bootstrap-sql.ts  3. copyTemplateDatabases
import type { Store, StoreTransaction } from '../storage/api.js';
import { PgArray, type Value } from '../types/value.js';
import { aclTextOf, type RoleNames } from './acl-text.js';
import { parseArrayText } from './array-text.js';
import { coreTypeLookup } from './core-types.js';
import { readDataFile } from './data-files.js';
import { ownDescriptions, ownSharedDescriptions } from './descriptions.js';
import type { CatalogName } from './generated/rows.js';
import { catalogShapes } from './generated/schema.js';
import { bootstrapSuperuser, postgresDatabase, template0Database, template1Database, typeOid } from './oids.js';
import { type AclText, catalogLayout, vectorOf } from './row-form.js';
import { catalogFile, catalogIndexFile, keyOf } from './tables.js';

/** True once all three databases are there. */
export function isBootstrapped(store: Store): boolean {
  return store.size(catalogFile('pg_class', postgresDatabase)).entries > 0;
}

/** Writes all catalog rows in one transaction. The superuser is called `superuser`. */
export async function bootstrapCatalogs(store: Store, superuser = 'postgres'): Promise<void> {
  const acl = aclTextOf(bootstrapRoles());
  const transaction = store.begin(0);
  try {
    for (const table of Object.keys(catalogShapes) as CatalogName[])
      writeRows(store, transaction, table, initialRows(table, acl, superuser));
    store.markCatalogChanged(transaction);
    await transaction.commit({ synchronous: true });
  } catch (error) {
    transaction.rollback();
    throw error;
  }
}

/** Copies template1 into template0 and postgres; the store is ready for users afterwards. */
export async function copyTemplateDatabases(store: Store): Promise<void> {
  for (const database of [template0Database, postgresDatabase]) {
    const transaction = store.begin(0);
    try {
      await store.copyDatabase(transaction, template1Database, database);
      store.markCatalogChanged(transaction);
      await transaction.commit({ synchronous: true });
    } catch (error) {
      transaction.rollback();
      throw error;
    }
  }
}

function writeRows(store: Store, transaction: StoreTransaction, table: CatalogName, rows: readonly Value[][]): void {
  if (rows.length === 0) return;
  const rowids = store
    .table(catalogFile(table, template1Database), catalogLayout(table), coreTypeLookup)
    .insertMany(transaction, 0, rows);
  for (const index of catalogShapes[table].indexes) {
    const entries = store.index(catalogIndexFile(table, index, template1Database));
    rows.forEach((row, at) => {
      entries.insert(transaction, 0, keyOf(index, row), rowids[at] as number, null);
    });
  }
}

/** Stored rows that a fresh database has. */
export function initialRows(table: CatalogName, acl: AclText, superuser: string): Value[][] {
  if (table === 'pg_description') return ownDescriptions();
  if (table === 'pg_shdescription') return ownSharedDescriptions();
  const converters = catalogShapes[table].columns.map(([, , typeName]) => converter(typeName, acl));
  const rows = readDataFile(table).map((fields) =>
    converters.map((convert, at) => {
      const field = fields[at] ?? null;
      return field === null ? null : convert(field);
    }),
  );
  if (table === 'pg_authid') for (const row of rows) if (row[0] === bootstrapSuperuser) row[1] = superuser;
  return rows;
}

/** Role names as the data files spell them. */
function bootstrapRoles(): RoleNames {
  const oids = new Map(readDataFile('pg_authid').map(([oid, name]) => [name ?? '', Number(oid)]));
  return { roleOid: (name) => oids.get(name) ?? null, roleName: () => null };
}

function converter(typeName: string, acl: AclText): (field: string) => Value {
  const numbers = (field: string) => parseArrayText(field).map(Number);
  switch (typeName) {
    case 'boolean':
      return (field) => field === 't';
    case 'smallint':
    case 'integer':
    case 'oid':
    case 'regproc':
    case 'xid':
    case 'real':
      return Number;
    case 'bigint':
      return BigInt;
    case 'int2vector':
      return (field) => vectorOf(typeOid.int2, field.split(' ').filter(Boolean).map(Number));
    case 'oidvector':
      return (field) => vectorOf(typeOid.oid, field.split(' ').filter(Boolean).map(Number));
    case 'smallint[]':
      return (field) => PgArray.of(typeOid.int2, numbers(field));
    case 'oid[]':
      return (field) => PgArray.of(typeOid.oid, numbers(field));
    case 'real[]':
      return (field) => PgArray.of(typeOid.float4, numbers(field));
    case 'text[]':
      return (field) => PgArray.of(typeOid.text, parseArrayText(field));
    case 'char[]':
      return (field) => PgArray.of(typeOid.char, parseArrayText(field));
    case 'aclitem[]':
      return (field) => PgArray.of(typeOid.aclitem, acl.parse(field));
    case 'char':
    case 'name':
    case 'text':
    case 'pg_node_tree':
      return (field) => field;
    default:
      return () => {
        throw new Error(`no initial row has a value of type ${typeName}`);
      };
  }
}
