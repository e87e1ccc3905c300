// Whether a name alone, looked up along the search path, finds an object (pg_table_is_visible and its kin), and which
// spelling of a name therefore is needed.
import type { CatalogTables } from './api.js';
import type { CatalogName } from './generated/rows.js';
import type { NamedObjectLookups } from './lookups/named-objects.js';
import type { NamespaceLookups } from './lookups/namespaces.js';

export interface Visibility {
  relation(name: string, schema: number): boolean;
  type(name: string, schema: number): boolean;
  function(oid: number): boolean;
  operator(oid: number): boolean;
  /** Objects whose kind has one namespace of names: collations, operator classes, text search objects, ... `key` are
   *  further columns that belong to the name (opclasses: opcmethod). */
  named(
    table: CatalogName,
    columns: { readonly name: string; readonly namespace: string },
    name: string,
    schema: number,
    key?: object,
  ): boolean;
}

export function visibility(
  namespaces: NamespaceLookups,
  tables: CatalogTables,
  functions: NamedObjectLookups,
): Visibility {
  /** The first schema of the path that has such a name is the object's own. */
  function isFirst(path: readonly number[], schema: number, hasName: (namespace: number) => boolean): boolean {
    if (!path.includes(schema)) return false;
    for (const namespace of path) {
      if (namespace === schema) return true;
      if (hasName(namespace)) return false;
    }
    return false;
  }
  return {
    relation: (name, schema) =>
      isFirst(
        namespaces.lookupPath(null),
        schema,
        (namespace) => tables.findOne('pg_class', { relname: name, relnamespace: namespace }) !== null,
      ),
    type: (name, schema) =>
      isFirst(
        namespaces.lookupPath(null),
        schema,
        (namespace) => tables.findOne('pg_type', { typname: name, typnamespace: namespace }) !== null,
      ),
    function(oid) {
      const found = functions.function(oid);
      return found !== null && functions.functionsNamed(null, found.name).some((candidate) => candidate.oid === oid);
    },
    operator(oid) {
      const found = functions.operator(oid);
      return (
        found !== null &&
        functions.operatorsNamed(null, found.name, found.kind).some((candidate) => candidate.oid === oid)
      );
    },
    named: (table, columns, name, schema, key = {}) =>
      isFirst(
        namespaces.lookupPathWithoutTemporary(null),
        schema,
        (namespace) =>
          tables.findOne(table, { [columns.name]: name, [columns.namespace]: namespace, ...key } as never) !== null,
      ),
  };
}
