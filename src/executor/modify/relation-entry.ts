// How a table's stored expressions (defaults, checks, WHEN conditions) know the table: as a range table entry of its own.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { RelationRte } from '../../trees/query.js';

/** A table as the range table entry 1 that its stored expressions know it as. */
export function relationEntry(relation: RelationDescriptor): RelationRte {
  const names = { name: relation.name, columns: relation.attributes.map(({ name }) => name) };
  return {
    kind: 'relation',
    relation: relation.oid,
    relkind: relation.kind,
    lockMode: 3,
    inherit: false,
    tableSample: null,
    permissions: null,
    alias: null,
    eref: names,
    lateral: false,
    inFromClause: true,
  };
}
