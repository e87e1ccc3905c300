// Collations: by oid, and by name along the search path for the database's encoding.
import type { CollationDescriptor } from '../descriptors.js';
import type { PgCollationRow } from '../generated/rows.js';
import type { LookupBase } from './lookup-base.js';
import type { NamespaceLookups } from './namespaces.js';

export interface CollationLookups {
  collation(oid: number): CollationDescriptor | null;
  findCollation(schema: string | null, name: string): CollationDescriptor | null;
}

/** Encoding number of UTF8 in pg_collation; -1 is any. */
const utf8Encoding = 6;

export function collationLookups({ tables, cache }: LookupBase, namespaces: NamespaceLookups): CollationLookups {
  const byOid = cache.region<number, CollationDescriptor | null>('collations', ['pg_collation']);
  const byName = cache.region<string, readonly PgCollationRow[]>('collationsByName', ['pg_collation']);
  return {
    collation: (oid) =>
      byOid.get(oid, () => {
        const entry = tables.findOne('pg_collation', { oid });
        return entry === null ? null : describe(entry.row);
      }),
    findCollation(schema, name) {
      const rows = byName.get(name, () => tables.find('pg_collation', { collname: name }).map(({ row }) => row));
      for (const namespace of namespaces.lookupPathWithoutTemporary(schema)) {
        const row = rows.find(
          ({ collnamespace, collencoding }) =>
            collnamespace === namespace && (collencoding === utf8Encoding || collencoding === -1),
        );
        if (row !== undefined) return describe(row);
      }
      return null;
    },
  };
}

function describe(row: PgCollationRow): CollationDescriptor {
  return Object.freeze({
    oid: row.oid,
    name: row.collname,
    schema: row.collnamespace,
    provider: row.collprovider,
    deterministic: row.collisdeterministic,
    encoding: row.collencoding,
    collate: row.collcollate,
    ctype: row.collctype,
    locale: row.colllocale,
    icuRules: row.collicurules,
  });
}
