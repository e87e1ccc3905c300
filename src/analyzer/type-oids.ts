// The families of pseudo-types that the analyzer's rules name, beside the oids of built-in types, which the catalog states.
import { typeOid } from '../catalog/oids.js';

export { typeOid };

/** ANYELEMENT and its family: all arguments must agree exactly. */
export function isPolymorphicFamily1(type: number): boolean {
  return (
    type === typeOid.anyelement ||
    type === typeOid.anyarray ||
    type === typeOid.anynonarray ||
    type === typeOid.anyenum ||
    type === typeOid.anyrange ||
    type === typeOid.anymultirange
  );
}

/** ANYCOMPATIBLE and its family: arguments are brought to a common type. */
export function isPolymorphicFamily2(type: number): boolean {
  return (
    type === typeOid.anycompatible ||
    type === typeOid.anycompatiblearray ||
    type === typeOid.anycompatiblenonarray ||
    type === typeOid.anycompatiblerange ||
    type === typeOid.anycompatiblemultirange
  );
}

/** True for any polymorphic pseudo-type. */
export function isPolymorphic(type: number): boolean {
  return isPolymorphicFamily1(type) || isPolymorphicFamily2(type);
}
