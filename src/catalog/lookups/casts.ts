// Casts between types, and which types can stand for one another as they are.
import type { CastDescriptor } from '../descriptors.js';
import { typeOid } from '../oids.js';
import type { LookupBase } from './lookup-base.js';
import type { TypeLookups } from './types.js';

export interface CastLookups {
  cast(source: number, target: number): CastDescriptor | null;
  /** The value can be taken as the other type as it stands (domains, binary-coercible casts, polymorphic types). */
  isBinaryCoercible(source: number, target: number): boolean;
}

export function castLookups({ tables, cache }: LookupBase, types: TypeLookups): CastLookups {
  const casts = cache.region<string, CastDescriptor | null>('casts', ['pg_cast']);

  function cast(source: number, target: number): CastDescriptor | null {
    return casts.get(`${source} ${target}`, () => {
      const row = tables.findOne('pg_cast', { castsource: source, casttarget: target })?.row;
      if (row === undefined) return null;
      return Object.freeze({
        source,
        target,
        function: row.castfunc,
        context: row.castcontext as CastDescriptor['context'],
        method: row.castmethod as CastDescriptor['method'],
      });
    });
  }

  function isBinaryCoercible(written: number, target: number): boolean {
    if (
      written === target ||
      target === typeOid.any ||
      target === typeOid.anyelement ||
      target === typeOid.anycompatible
    )
      return true;
    const source = types.baseType(written);
    if (source === target) return true;
    if (fitsPolymorphic(source, target)) return true;
    const known = cast(source, target);
    return known !== null && known.method === 'b' && known.context === 'i';
  }

  function fitsPolymorphic(source: number, target: number): boolean {
    const type = types.findTypeByOid(source);
    if (type === null) return false;
    const isArray = type.element !== 0 && type.subscriptHandler === 'array_subscript_handler';
    switch (target) {
      case typeOid.anyarray:
      case typeOid.anycompatiblearray:
        return isArray;
      case typeOid.anynonarray:
      case typeOid.anycompatiblenonarray:
        return !isArray;
      case typeOid.anyenum:
        return type.kind === 'e';
      case typeOid.anyrange:
      case typeOid.anycompatiblerange:
        return type.kind === 'r';
      case typeOid.anymultirange:
      case typeOid.anycompatiblemultirange:
        return type.kind === 'm';
      case typeOid.record:
        return type.kind === 'c';
      case typeOid.recordArray:
        return isArray && types.findTypeByOid(type.element)?.kind === 'c';
      default:
        return false;
    }
  }

  return { cast, isBinaryCoercible };
}
