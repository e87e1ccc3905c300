// Operator classes: how types order, hash and are indexed.
import type { OpclassDescriptor } from '../descriptors.js';
import type { PgOpclassRow } from '../generated/rows.js';
import type { CastLookups } from './casts.js';
import type { LookupBase } from './lookup-base.js';
import type { OperatorFamilyLookups } from './operator-families.js';
import type { NamespaceLookups } from './namespaces.js';
import type { TypeLookups } from './types.js';

export interface OpclassLookups {
  opclass(oid: number): OpclassDescriptor | null;
  findOpclass(accessMethod: string, schema: string | null, name: string): OpclassDescriptor | null;
  defaultOpclass(type: number, accessMethod: string): OpclassDescriptor | null;
}

export function opclassLookups(
  base: LookupBase,
  namespaces: NamespaceLookups,
  types: TypeLookups,
  casts: CastLookups,
  families: OperatorFamilyLookups,
): OpclassLookups {
  const { tables, cache } = base;
  const { accessMethodName, accessMethodOid } = families;
  const opclasses = cache.region<number, OpclassDescriptor | null>('opclasses', ['pg_opclass']);
  const defaults = cache.region<number, readonly OpclassDescriptor[]>('defaultOpclasses', ['pg_opclass']);
  const defaultByType = cache.region<string, OpclassDescriptor | null>('defaultOpclassByType', [
    'pg_opclass',
    'pg_type',
    'pg_cast',
  ]);

  const describe = (row: PgOpclassRow): OpclassDescriptor =>
    Object.freeze({
      oid: row.oid,
      name: row.opcname,
      schema: row.opcnamespace,
      accessMethod: accessMethodName(row.opcmethod),
      family: row.opcfamily,
      inputType: row.opcintype,
      keyType: row.opckeytype,
      isDefault: row.opcdefault,
    });

  /** Exact input type first; else the only binary-compatible one, preferred types of the category winning. */
  function chooseDefault(written: number, accessMethod: string): OpclassDescriptor | null {
    const type = types.baseType(written);
    const category = types.findTypeByOid(type)?.category;
    const method = accessMethodOid(accessMethod);
    const candidates = defaults.get(method, () =>
      tables
        .find('pg_opclass', { opcmethod: method })
        .filter(({ row }) => row.opcdefault)
        .map(({ row }) => describe(row)),
    );
    const exact = candidates.find(({ inputType }) => inputType === type);
    if (exact !== undefined) return exact;
    const compatible = candidates.filter(({ inputType }) => casts.isBinaryCoercible(type, inputType));
    const preferred = compatible.filter(({ inputType }) => {
      const input = types.findTypeByOid(inputType);
      return input?.category === category && input?.isPreferred === true;
    });
    if (preferred.length > 0) return preferred.length === 1 ? (preferred[0] ?? null) : null;
    return compatible.length === 1 ? (compatible[0] ?? null) : null;
  }

  return {
    opclass: (oid) =>
      opclasses.get(oid, () => {
        const entry = tables.findOne('pg_opclass', { oid });
        return entry === null ? null : describe(entry.row);
      }),
    findOpclass(accessMethod, schema, name) {
      const method = accessMethodOid(accessMethod);
      for (const namespace of namespaces.lookupPathWithoutTemporary(schema)) {
        const entry = tables.findOne('pg_opclass', { opcmethod: method, opcname: name, opcnamespace: namespace });
        if (entry !== null) return describe(entry.row);
      }
      return null;
    },
    defaultOpclass: (type, accessMethod) =>
      defaultByType.get(`${type} ${accessMethod}`, () => chooseDefault(type, accessMethod)),
  };
}
