// Type descriptors: pg_type rows with their behaviour, composite attributes and enum labels.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { defined } from '../../errors/unreachable.js';
import type { Store } from '../../storage/api.js';
import { domainBehaviour } from '../../types/domain.js';
import type { EnumLabel, RangeFacts, TypeAttribute, TypeDescriptor } from '../../types/type-descriptor.js';
import { forgetKeys, forgetTypes } from '../catalog-changes.js';
import { behaviourOf } from '../core-types.js';
import type { PgTypeRow } from '../generated/rows.js';
import { firstUnpinnedOid } from '../oids.js';
import type { LookupBase } from './lookup-base.js';
import type { NamespaceLookups } from './namespaces.js';

export interface TypeLookups {
  findTypeByOid(oid: number): TypeDescriptor | null;
  typeByOid(oid: number): TypeDescriptor;
  findType(schema: string | null, name: string): TypeDescriptor | null;
  /** Base type under any number of domains. */
  baseType(oid: number): number;
}

/** text_pattern_ops and varchar_pattern_ops order by code points, as collation "C" does. */
const patternOpclasses: ReadonlySet<number> = new Set([4217, 4218]);
const cCollation = 950;

const builtinTypes = new WeakMap<Store, Map<number, TypeDescriptor>>();

function builtinTypesOf(store: Store): Map<number, TypeDescriptor> {
  let types = builtinTypes.get(store);
  if (types === undefined) {
    types = new Map();
    builtinTypes.set(store, types);
  }
  return types;
}

export function typeLookups(base: LookupBase, namespaces: NamespaceLookups): TypeLookups {
  const { session, tables, cache } = base;
  const builtin = builtinTypesOf(session.store);
  const byOid = cache.region<number, TypeDescriptor | null>('types', ['pg_type', 'pg_enum', 'pg_attribute'], {
    forget: forgetTypes,
  });
  const byName = cache.region<string, number>('typeNames', ['pg_type'], {
    forget: forgetKeys({ pg_type: (row) => `${row.typnamespace} ${row.typname}` }),
  });
  const symbols = cache.region<number, string>('symbols', ['pg_proc']);

  const symbolOf = (oid: number): string =>
    oid === 0 ? '' : symbols.get(oid, (key) => tables.findOne('pg_proc', { oid: key })?.row.prosrc ?? '');

  function load(oid: number): TypeDescriptor | null {
    const entry = tables.findOne('pg_type', { oid });
    return entry === null ? null : describe(entry.row);
  }

  function describe(row: PgTypeRow): TypeDescriptor {
    const input = symbolOf(row.typinput);
    return Object.freeze({
      oid: row.oid,
      name: row.typname,
      schema: row.typnamespace,
      owner: row.typowner,
      length: row.typlen,
      byValue: row.typbyval,
      kind: row.typtype as TypeDescriptor['kind'],
      category: row.typcategory,
      isPreferred: row.typispreferred,
      isDefined: row.typisdefined,
      delimiter: row.typdelim,
      relation: row.typrelid,
      subscriptHandler: symbolOf(row.typsubscript),
      element: row.typelem,
      array: row.typarray,
      baseType: row.typbasetype,
      typmod: row.typtypmod,
      notNull: row.typnotnull,
      collation: row.typcollation,
      typmodIn: symbolOf(row.typmodin),
      typmodOut: symbolOf(row.typmodout),
      input,
      output: symbolOf(row.typoutput),
      behaviour: row.typtype === 'd' ? overBase(row.typbasetype) : behaviourOf(input, row.typname),
      attributes: row.typrelid === 0 ? [] : compositeAttributes(row.typrelid),
      enumLabels: row.typtype === 'e' ? enumLabels(row.oid) : [],
      range: row.typtype === 'r' || row.typtype === 'm' ? rangeFacts(row) : undefined,
    });
  }

  /** A domain is laid out in rows as its base type is. */
  function overBase(baseType: number): TypeDescriptor['behaviour'] {
    return domainBehaviour(defined(findTypeByOid(baseType), `base type ${baseType}`).behaviour.storage);
  }

  function compositeAttributes(relation: number): TypeAttribute[] {
    return tables
      .find('pg_attribute', { attrelid: relation })
      .map(({ row }) => row)
      .filter((row) => row.attnum > 0 && !row.attisdropped)
      .sort((left, right) => left.attnum - right.attnum)
      .map((row) => ({
        name: row.attname,
        number: row.attnum,
        type: row.atttypid,
        typmod: row.atttypmod,
        collation: row.attcollation,
      }));
  }

  function rangeFacts({ oid, typtype }: PgTypeRow): RangeFacts | undefined {
    const row = tables.findOne('pg_range', typtype === 'r' ? { rngtypid: oid } : { rngmultitypid: oid })?.row;
    if (row === undefined) return undefined;
    return {
      rangeType: row.rngtypid,
      multirangeType: row.rngmultitypid,
      subtype: row.rngsubtype,
      collation: patternOpclasses.has(row.rngsubopc) ? cCollation : row.rngcollation,
      canonical: symbolOf(row.rngcanonical),
    };
  }

  function enumLabels(type: number): EnumLabel[] {
    return tables
      .find('pg_enum', { enumtypid: type })
      .map(({ row }) => ({ oid: row.oid, label: row.enumlabel, sortOrder: row.enumsortorder }))
      .sort((left, right) => left.sortOrder - right.sortOrder);
  }

  /** Built-in types have nothing that DDL changes: they outlive catalog versions. */
  function builtinType(oid: number): TypeDescriptor | null {
    const known = builtin.get(oid);
    if (known !== undefined) return known;
    const found = byOid.get(oid, load);
    if (found !== null && found.relation === 0) builtin.set(oid, found);
    return found;
  }

  const findTypeByOid = (oid: number): TypeDescriptor | null =>
    oid === 0 ? null : oid < firstUnpinnedOid ? builtinType(oid) : byOid.get(oid, load);

  function typeByOid(oid: number): TypeDescriptor {
    const found = findTypeByOid(oid);
    if (found === null) throw pgError(SqlState.undefinedObject, `type with OID ${oid} does not exist`);
    return found;
  }

  function oidOf(namespace: number, name: string): number {
    return byName.get(
      `${namespace} ${name}`,
      () => tables.findOne('pg_type', { typname: name, typnamespace: namespace })?.row.oid ?? 0,
    );
  }

  return {
    findTypeByOid,
    typeByOid,
    findType(schema, name) {
      for (const namespace of namespaces.lookupPath(schema)) {
        const oid = oidOf(namespace, name);
        if (oid !== 0) return typeByOid(oid);
      }
      return null;
    },
    baseType(oid) {
      let at = oid;
      for (let type = findTypeByOid(at); type !== null && type.kind === 'd'; type = findTypeByOid(at))
        at = type.baseType;
      return at;
    },
  };
}
