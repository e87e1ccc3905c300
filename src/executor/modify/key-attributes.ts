// A table's key columns: those that foreign keys could refer to. An update that leaves them as they are goes together with
// FOR KEY SHARE (manual, section 13.3.2).
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { Row, Value } from '../../types/value.js';

/** Attribute numbers in unique indexes on plain columns of all rows. */
export function keyAttributesOf(relation: RelationDescriptor): readonly number[] {
  const known = keys.get(relation);
  if (known !== undefined) return known;
  const unique = relation.indexes.filter(
    (index) => index.isReady && index.isUnique && index.predicate === null && index.expressions === null,
  );
  const attributes = [...new Set(unique.flatMap((index) => index.keys.map((key) => key.attribute)))];
  keys.set(relation, attributes);
  return attributes;
}

const keys = new WeakMap<RelationDescriptor, readonly number[]>();

/** Whether two rows agree in these attributes. Different images of equal values count as different: that locks more than
 *  it must. */
export function agreeIn(left: Row, right: Row, attributes: readonly number[]): boolean {
  return attributes.every((attribute) => sameValue(left[attribute - 1] ?? null, right[attribute - 1] ?? null));
}

/** Identity is enough where a difference only costs something. */
export function sameValue(left: Value, right: Value): boolean {
  if (left === right) return true;
  return Buffer.isBuffer(left) && Buffer.isBuffer(right) && left.equals(right);
}
