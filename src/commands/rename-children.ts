// Children of an inheritance parent, with how many of the given parents each has.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import type { CommandContext } from './api.js';

/** The children's descriptors; `parents` counts their entries in pg_inherits. */
export function childrenColumns(
  context: CommandContext,
  children: readonly number[],
): (RelationDescriptor & { readonly parents: number })[] {
  return children.map((oid) => ({
    ...context.catalog.requireRelation(oid),
    parents: context.catalog.tables.find('pg_inherits', { inhrelid: oid }).length,
  }));
}
