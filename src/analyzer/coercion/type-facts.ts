// Facts about types that the coercion rules ask for: base types of domains, categories, elements, composites, ranges.
import type { Catalog } from '../../catalog/api.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { typeOid } from '../type-oids.js';

/** The type beneath any domains, and the modifier they impose (`typmod` where they impose none). */
export function baseTypeAndTypmod(
  catalog: Catalog,
  type: number,
  typmod: number,
): { readonly type: number; readonly typmod: number } {
  let descriptor = catalog.typeByOid(type);
  let modifier = typmod;
  while (descriptor.kind === 'd') {
    modifier = descriptor.typmod;
    descriptor = catalog.typeByOid(descriptor.baseType);
  }
  return { type: descriptor.oid, typmod: modifier };
}

/** The type beneath any domains. */
export function baseType(catalog: Catalog, type: number): number {
  let descriptor = catalog.typeByOid(type);
  while (descriptor.kind === 'd') descriptor = catalog.typeByOid(descriptor.baseType);
  return descriptor.oid;
}

/** Descriptor of the composite type of a type or a domain over one; null where it is no named composite. */
export function compositeOf(catalog: Catalog, type: number): TypeDescriptor | null {
  const descriptor = catalog.typeByOid(baseType(catalog, type));
  return descriptor.relation === 0 ? null : descriptor;
}

/** True for named composite types and domains over them. */
export function isComplex(catalog: Catalog, type: number): boolean {
  return compositeOf(catalog, type) !== null;
}

/** record, a composite type or a domain over one. */
export function isRowType(catalog: Catalog, type: number): boolean {
  return type === typeOid.record || isComplex(catalog, type);
}

/** Element type of a true array type; 0 for everything else (fixed-length subscriptable types too). */
export function elementType(catalog: Catalog, type: number): number {
  const descriptor = catalog.typeByOid(type);
  return descriptor.subscriptHandler === 'array_subscript_handler' ? descriptor.element : 0;
}

/** Element type of an array or of a domain over one, 0 otherwise. */
export function baseElementType(catalog: Catalog, type: number): number {
  return elementType(catalog, baseType(catalog, type));
}

/** The array type over an element type, 0 where there is none. */
export function arrayType(catalog: Catalog, type: number): number {
  return catalog.typeByOid(type).array;
}

/** typcategory. */
export function category(catalog: Catalog, type: number): string {
  return catalog.typeByOid(type).category;
}

/** True where the type is preferred within its category; category '' or a type's own one. */
export function isPreferred(catalog: Catalog, wanted: string, type: number): boolean {
  const descriptor = catalog.typeByOid(type);
  return (wanted === '' || descriptor.category === wanted) && descriptor.isPreferred;
}

/** True where the type takes a collation. */
export function isCollatable(catalog: Catalog, type: number): boolean {
  return catalog.typeByOid(type).collation !== 0;
}

/** Subtype of a range type, 0 for other types. */
export function rangeSubtype(catalog: Catalog, type: number): number {
  if (catalog.typeByOid(type).kind !== 'r') return 0;
  return catalog.tables.findOne('pg_range', { rngtypid: type })?.row.rngsubtype ?? 0;
}

/** Range type of a multirange type, 0 for other types. */
export function multirangeRange(catalog: Catalog, type: number): number {
  if (catalog.typeByOid(type).kind !== 'm') return 0;
  return catalog.tables.findOne('pg_range', { rngmultitypid: type })?.row.rngtypid ?? 0;
}

/** Multirange type over a range type, 0 for other types. */
export function rangeMultirange(catalog: Catalog, type: number): number {
  if (catalog.typeByOid(type).kind !== 'r') return 0;
  return catalog.tables.findOne('pg_range', { rngtypid: type })?.row.rngmultitypid ?? 0;
}
