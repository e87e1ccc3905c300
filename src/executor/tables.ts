// Stores of relations and indexes, opened once per execution.
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import type { IndexStore, PointStore, Store, TableStore } from '../storage/api.js';
import type { ExecutionContext } from './api.js';

const tables = new WeakMap<RelationDescriptor, { readonly store: Store; readonly table: TableStore }>();
const indexes = new WeakMap<IndexDescriptor, { readonly store: Store; readonly index: IndexStore }>();

/** Facade of a relation's rows. Descriptors are replaced whenever the relation changes, so the facade lives with them. */
export function tableStore(x: { readonly context: ExecutionContext }, relation: RelationDescriptor): TableStore {
  return openTable(x.context, relation);
}

export function openTable(
  context: Pick<ExecutionContext, 'store' | 'catalog'>,
  relation: RelationDescriptor,
): TableStore {
  let known = tables.get(relation);
  if (known === undefined || known.store !== context.store) {
    known = { store: context.store, table: context.store.table(relation.file, relation.layout, context.catalog) };
    tables.set(relation, known);
  }
  return known.table;
}

export function openIndex(context: Pick<ExecutionContext, 'store'>, index: IndexDescriptor): IndexStore {
  let known = indexes.get(index);
  if (known === undefined || known.store !== context.store) {
    known = { store: context.store, index: context.store.index(index.file) };
    indexes.set(index, known);
  }
  return known.index;
}

const points = new WeakMap<object, { readonly store: Store; readonly point: PointStore | null }>();

/** Rows by whole keys of a permanent table's unique index; null where the store has no such way. Remembered under
 *  `program`, which knows the attributes to decode. */
export function openPoint(
  context: Pick<ExecutionContext, 'store' | 'catalog'>,
  program: { readonly scan: { readonly relation: RelationDescriptor; readonly attributes: readonly number[] | null } },
  index: IndexDescriptor,
): PointStore | null {
  let known = points.get(program);
  if (known === undefined || known.store !== context.store) {
    known = { store: context.store, point: makePoint(context, program.scan, index) };
    points.set(program, known);
  }
  return known.point;
}

function makePoint(
  { store, catalog }: Pick<ExecutionContext, 'store' | 'catalog'>,
  scan: { readonly relation: RelationDescriptor; readonly attributes: readonly number[] | null },
  index: IndexDescriptor,
): PointStore | null {
  const { relation, attributes } = scan;
  if (store.point === undefined || relation.file.temporaryOwner !== 0) return null;
  const files = { index: index.file, table: relation.file, relation: relation.oid };
  return store.point(files, relation.layout, attributes, catalog);
}
