// How pg_depend names objects: the catalog's oid, the object's oid, and a column's number (0 for the whole object).
import type { CatalogName } from '../generated/rows.js';
import { catalogShapes } from '../generated/schema.js';
import { firstUnpinnedOid, publicNamespace } from '../oids.js';

export interface ObjectAddress {
  readonly classId: number;
  readonly objectId: number;
  readonly subId: number;
}

/** n normal, a auto, i internal, P and S partition, e extension member, x automatic extension. */
export type DependencyType = 'n' | 'a' | 'i' | 'P' | 'S' | 'e' | 'x';

/** Address of a row of `table`, or of a column of a relation. */
export function objectAddress(table: CatalogName, objectId: number, subId = 0): ObjectAddress {
  return { classId: catalogShapes[table].oid, objectId, subId };
}

const namesByOid = new Map(
  (Object.keys(catalogShapes) as CatalogName[]).map((name) => [catalogShapes[name].oid, name]),
);

/** The catalog whose oid is `classId`; null where there is none. */
export function catalogOfClass(classId: number): CatalogName | null {
  return namesByOid.get(classId) ?? null;
}

/** Objects that the server itself needs: nothing records a dependency on them, nobody drops them. */
export function isPinned({ classId, objectId }: ObjectAddress): boolean {
  if (
    objectId >= firstUnpinnedOid ||
    classId === catalogShapes.pg_largeobject.oid ||
    classId === catalogShapes.pg_database.oid
  )
    return false;
  return !(classId === catalogShapes.pg_namespace.oid && objectId === publicNamespace);
}

export function sameAddress(left: ObjectAddress, right: ObjectAddress): boolean {
  return left.classId === right.classId && left.objectId === right.objectId && left.subId === right.subId;
}

/** A key for maps and sets. */
export function addressKey({ classId, objectId, subId }: ObjectAddress): string {
  return `${classId} ${objectId} ${subId}`;
}
