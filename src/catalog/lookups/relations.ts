// Relation descriptors: a pg_class row with its attributes, indexes, constraints and triggers, put together from the
// catalogs once and kept until one of them changes.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { RowLayout } from '../../storage/api.js';
import type { PgArray } from '../../types/value.js';
import type { QualifiedName } from '../api.js';
import type {
  AttributeDescriptor,
  ConstraintDescriptor,
  IndexDescriptor,
  RelationDescriptor,
  RelationHead,
  TriggerDescriptor,
} from '../descriptors.js';
import type { CatalogName, PgAttributeRow, PgClassRow, PgIndexRow, PgTriggerRow } from '../generated/rows.js';
import { catalogShapes } from '../generated/schema.js';
import { forgetKeys, forgetRelations } from '../catalog-changes.js';
import { describeConstraint } from './constraints.js';
import type { LookupBase } from './lookup-base.js';
import type { NamespaceLookups } from './namespaces.js';
import type { OpclassLookups } from './opclasses.js';
import type { OperatorFamilyLookups } from './operator-families.js';
import type { TypeLookups } from './types.js';

export interface RelationLookups {
  relation(oid: number): RelationDescriptor | null;
  requireRelation(oid: number): RelationDescriptor;
  findRelation(schema: string | null, name: string): RelationDescriptor | null;
  /** Oid alone, without loading the descriptor; 0 where there is none. */
  findRelationOid(schema: string | null, name: string): number;
  resolveRelation(name: QualifiedName, location?: number): RelationDescriptor;
  relationHead(oid: number): RelationHead | null;
  requireRelationHead(oid: number): RelationHead;
  attributeNames(oid: number): readonly (string | null)[];
  resolveRelationHead(name: QualifiedName, location?: number): RelationHead;
}

/** Catalogs that a relation's descriptor is read from. */
const relationCatalogs: readonly CatalogName[] = [
  'pg_class',
  'pg_attribute',
  'pg_attrdef',
  'pg_index',
  'pg_constraint',
  'pg_depend',
  'pg_trigger',
  'pg_type',
  'pg_namespace',
];

export function relationLookups(
  base: LookupBase,
  namespaces: NamespaceLookups,
  types: TypeLookups,
  opclasses: OpclassLookups & OperatorFamilyLookups,
): RelationLookups {
  const { session, tables, cache } = base;
  const byOid = cache.region<number, RelationDescriptor | null>('relations', relationCatalogs, {
    forget: forgetRelations,
  });
  const byName = cache.region<string, number>('relationNames', ['pg_class'], {
    forget: forgetKeys({ pg_class: (row) => `${row.relnamespace} ${row.relname}` }),
  });
  const heads = cache.region<number, RelationHead | null>('relationHeads', ['pg_class', 'pg_namespace', 'pg_authid'], {
    forget: forgetKeys({ pg_class: (row) => row.oid }),
  });
  const columnNames = cache.region<number, readonly (string | null)[]>('attributeNames', ['pg_attribute'], {
    forget: forgetKeys({ pg_attribute: (row) => row.attrelid }),
  });

  const fileOf = (row: PgClassRow) => ({
    database: row.relisshared ? 0 : session.database,
    filenode: row.relfilenode === 0 ? row.oid : row.relfilenode,
    temporaryOwner: row.relpersistence === 't' ? namespaces.temporaryOwner(row.relnamespace) : 0,
  });

  function load(oid: number): RelationDescriptor | null {
    const row = tables.findOne('pg_class', { oid })?.row;
    if (row === undefined) return null;
    const attributeRows = tables
      .find('pg_attribute', { attrelid: oid })
      .map((entry) => entry.row)
      .filter(({ attnum }) => attnum > 0)
      .sort((left, right) => left.attnum - right.attnum);
    const constraints = constraintsOf(row);
    return Object.freeze({
      ...headOf(row),
      persistence: row.relpersistence as RelationDescriptor['persistence'],
      rowType: row.reltype,
      file: fileOf(row),
      layout: layoutOf(attributeRows, row.reloptions ?? []),
      isShared: row.relisshared,
      hasIndexes: row.relhasindex,
      replicaIdentity: row.relreplident,
      ofType: row.reloftype,
      rowSecurity: row.relrowsecurity,
      forceRowSecurity: row.relforcerowsecurity,
      isPopulated: row.relispopulated,
      isPartition: row.relispartition,
      rowEstimate: row.reltuples,
      pageEstimate: row.relpages,
      attributes: attributesOf(oid, attributeRows),
      indexes: row.relhasindex ? indexesOf(row, constraints) : [],
      constraints,
      referencedBy: row.relkind === 'r' || row.relkind === 'p' ? referencingConstraints(oid) : [],
      triggers: row.relhastriggers ? triggersOf(oid) : [],
      hasRules: row.relhasrules,
    });
  }

  function layoutOf(rows: readonly PgAttributeRow[], options: readonly string[]): RowLayout {
    const fillFactor = numberOption(options, 'fillfactor');
    const toastTupleTarget = numberOption(options, 'toast_tuple_target');
    return {
      ...(fillFactor === null ? {} : { fillFactor }),
      ...(toastTupleTarget === null ? {} : { toastTupleTarget }),
      attributes: rows.map((row) => ({
        type: row.attisdropped ? null : types.typeByOid(row.atttypid),
        missing: row.atthasmissing ? ((row.attmissingval as PgArray | null)?.elements[0] ?? null) : null,
        align: row.attalign,
        storage: row.attstorage,
      })),
    };
  }

  function attributesOf(relation: number, rows: readonly PgAttributeRow[]): AttributeDescriptor[] {
    const defaults = rows.some((row) => row.atthasdef) ? tables.find('pg_attrdef', { adrelid: relation }) : [];
    return rows.map((row) => ({
      number: row.attnum,
      name: row.attname,
      type: row.atttypid,
      typmod: row.atttypmod,
      collation: row.attcollation,
      notNull: row.attnotnull,
      hasDefault: row.atthasdef,
      defaultExpr: row.atthasdef ? (defaults.find((entry) => entry.row.adnum === row.attnum)?.row.adbin ?? null) : null,
      identity: row.attidentity as AttributeDescriptor['identity'],
      generated: row.attgenerated as AttributeDescriptor['generated'],
      isDropped: row.attisdropped,
      statisticsTarget: row.attstattarget ?? -1,
      storage: row.attstorage,
      compression: row.attcompression,
      acl: row.attacl,
    }));
  }

  /** Constraints by name order, as PostgreSQL's check order is. */
  function constraintsOf(row: PgClassRow): ConstraintDescriptor[] {
    if (!'rpfvm'.includes(row.relkind)) return [];
    return tables
      .find('pg_constraint', { conrelid: row.oid })
      .map((entry) => describeConstraint(entry.row))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Foreign keys that reference the table: each depends on it, which pg_depend's index finds. */
  function referencingConstraints(relation: number): ConstraintDescriptor[] {
    if (relation < 12000) return [];
    const oids = tables
      .find('pg_depend', { refclassid: catalogShapes.pg_class.oid, refobjid: relation })
      .filter(({ row }) => row.classid === catalogShapes.pg_constraint.oid)
      .map(({ row }) => row.objid);
    return [...new Set(oids)]
      .map((oid) => tables.findOne('pg_constraint', { oid })?.row)
      .filter((row) => row?.contype === 'f' && row.confrelid === relation)
      .map((row) => describeConstraint(row as NonNullable<typeof row>))
      .sort((left, right) => left.oid - right.oid);
  }

  function indexesOf(table: PgClassRow, constraints: readonly ConstraintDescriptor[]): IndexDescriptor[] {
    return tables
      .find('pg_index', { indrelid: table.oid })
      .map(({ row }) => describeIndex(row, constraints))
      .filter((index) => index !== null)
      .sort((left, right) => left.oid - right.oid);
  }

  function describeIndex(row: PgIndexRow, constraints: readonly ConstraintDescriptor[]): IndexDescriptor | null {
    const relation = tables.findOne('pg_class', { oid: row.indexrelid })?.row;
    if (relation === undefined) return null;
    const attributes = tables.find('pg_attribute', { attrelid: row.indexrelid }).map((entry) => entry.row);
    const accessMethod = opclasses.accessMethodName(relation.relam);
    // A hash index's own columns are hash values; its keys here are the values themselves.
    const hashedType = (attribute: number, opclass: number): number =>
      attribute === 0
        ? (opclasses.opclass(opclass)?.inputType ?? 0)
        : (tables.findOne('pg_attribute', { attrelid: row.indrelid, attnum: attribute })?.row.atttypid ?? 0);
    const keys = row.indkey.slice(0, row.indnkeyatts).map((attribute, at) => {
      const column = attributes.find(({ attnum }) => attnum === at + 1);
      const options = row.indoption[at] ?? 0;
      const opclass = row.indclass[at] ?? 0;
      return {
        attribute,
        type: accessMethod === 'hash' ? hashedType(attribute, opclass) : (column?.atttypid ?? 0),
        collation: row.indcollation[at] ?? 0,
        opclass,
        opfamily: opclasses.opclass(opclass)?.family ?? 0,
        descending: (options & 1) !== 0,
        nullsFirst: (options & 2) !== 0,
      };
    });
    return {
      oid: row.indexrelid,
      name: relation.relname,
      table: row.indrelid,
      file: fileOf(relation),
      accessMethod,
      isUnique: row.indisunique,
      isPrimary: row.indisprimary,
      isExclusion: row.indisexclusion,
      isImmediate: row.indimmediate,
      isValid: row.indisvalid,
      isReady: row.indisready,
      isReplicaIdentity: row.indisreplident,
      isClustered: row.indisclustered,
      nullsNotDistinct: row.indnullsnotdistinct,
      keys,
      includes: row.indkey.slice(row.indnkeyatts),
      expressions: row.indexprs,
      predicate: row.indpred,
      constraint: constraints.find(({ index, kind }) => index === row.indexrelid && 'pux'.includes(kind))?.oid ?? 0,
    };
  }

  function triggersOf(relation: number): TriggerDescriptor[] {
    return tables
      .find('pg_trigger', { tgrelid: relation })
      .map(({ row }) => describeTrigger(row))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  const relation = (oid: number): RelationDescriptor | null => (oid === 0 ? null : byOid.get(oid, load));

  function requireRelation(oid: number): RelationDescriptor {
    const found = relation(oid);
    if (found === null) throw cannotOpen(oid);
    return found;
  }

  function findRelationOid(schema: string | null, name: string): number {
    for (const namespace of namespaces.lookupPath(schema)) {
      const oid = byName.get(
        `${namespace} ${name}`,
        () => tables.findOne('pg_class', { relname: name, relnamespace: namespace })?.row.oid ?? 0,
      );
      if (oid !== 0) return oid;
    }
    return 0;
  }

  const findRelation = (schema: string | null, name: string): RelationDescriptor | null =>
    relation(findRelationOid(schema, name));

  const resolveRelation = (name: QualifiedName, location?: number): RelationDescriptor =>
    relation(resolveOid(name, location)) ?? raiseMissing(name, location);
  const resolveRelationHead = (name: QualifiedName, location?: number): RelationHead =>
    relationHead(resolveOid(name, location)) ?? raiseMissing(name, location);

  function resolveOid(name: QualifiedName, location?: number): number {
    requireOwnDatabase(name, session.databaseName, location);
    return findRelationOid(name.schema, name.name);
  }

  function raiseMissing(name: QualifiedName, location?: number): never {
    // A query's FROM says that the relation is missing; commands say so of the schema.
    if (location === undefined && name.schema !== null && namespaces.findNamespace(name.schema) === null)
      throw pgError(SqlState.undefinedSchema, `schema "${name.schema}" does not exist`);
    const written = name.schema === null ? name.name : `${name.schema}.${name.name}`;
    throw pgError(SqlState.undefinedTable, `relation "${written}" does not exist`, { location });
  }

  const relationHead = (oid: number): RelationHead | null => (oid === 0 ? null : heads.get(oid, loadHead));

  function loadHead(oid: number): RelationHead | null {
    const row = tables.findOne('pg_class', { oid })?.row;
    return row === undefined ? null : headOf(row);
  }

  function headOf(row: PgClassRow): RelationHead {
    return {
      oid: row.oid,
      name: row.relname,
      schema: row.relnamespace,
      schemaName: namespaces.namespace(row.relnamespace)?.name ?? '',
      owner: row.relowner,
      kind: row.relkind,
      accessMethod: row.relam,
      options: row.reloptions ?? [],
      acl: row.relacl,
      hasSubclass: row.relhassubclass,
    };
  }

  function requireRelationHead(oid: number): RelationHead {
    const found = relationHead(oid);
    if (found === null) throw cannotOpen(oid);
    return found;
  }

  const attributeNames = (oid: number): readonly (string | null)[] => columnNames.get(oid, loadAttributeNames);

  function loadAttributeNames(oid: number): (string | null)[] {
    const names: (string | null)[] = [];
    for (const { row } of tables.find('pg_attribute', { attrelid: oid }))
      if (row.attnum > 0) names[row.attnum - 1] = row.attisdropped ? null : row.attname;
    return names;
  }

  return {
    relation,
    requireRelation,
    findRelation,
    findRelationOid,
    resolveRelation,
    relationHead,
    requireRelationHead,
    attributeNames,
    resolveRelationHead,
  };
}

function cannotOpen(oid: number): Error {
  return pgError(SqlState.undefinedTable, `could not open relation with OID ${oid}`);
}

/** Throws 0A000 for a name of another database. */
export function requireOwnDatabase(name: QualifiedName, database: string, location?: number): void {
  if (name.catalog === null || name.catalog === database) return;
  const written = [name.catalog, name.schema, name.name].filter((part) => part !== null).join('.');
  throw pgError(SqlState.featureNotSupported, `cross-database references are not implemented: "${written}"`, {
    location,
  });
}

/** A storage parameter that is a number; null where the table does not set it. */
function numberOption(options: readonly string[], name: string): number | null {
  const setting = options.find((option) => option.startsWith(`${name}=`));
  return setting === undefined ? null : Number(setting.slice(name.length + 1));
}

function describeTrigger(row: PgTriggerRow): TriggerDescriptor {
  return {
    oid: row.oid,
    name: row.tgname,
    function: row.tgfoid,
    type: row.tgtype,
    enabled: row.tgenabled,
    isInternal: row.tgisinternal,
    args: row.tgargs.length === 0 ? [] : row.tgargs.toString('utf8').split('\0').slice(0, -1),
    columns: row.tgattr,
    when: row.tgqual,
    constraint: row.tgconstraint,
    deferrable: row.tgdeferrable,
    initiallyDeferred: row.tginitdeferred,
    oldTable: row.tgoldtable,
    newTable: row.tgnewtable,
  };
}
