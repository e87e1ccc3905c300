// Facts of relations, sequences, partitions and indexes that queries ask for one by one (manual, section 9.26).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import type { PgArray } from '../../types/value.js';
import { aclBit } from '../acl-text.js';
import type { Catalog } from '../api.js';
import type { IndexDescriptor } from '../descriptors.js';
import { catalogShapes } from '../generated/schema.js';
import { firstNormalOid, typeOid } from '../oids.js';
import { currentUserId } from '../session-identity.js';
import { catalogOf, outRecord } from './call.js';

fn('pg_sequence_parameters', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const row = catalog.tables.findOne('pg_sequence', { seqrelid: oid })?.row;
    if (row === undefined) throw pgError(SqlState.undefinedTable, `relation with OID ${oid} does not exist`);
    const wanted = aclBit.usage | aclBit.select | aclBit.update;
    if (catalog.access.mask('s', oid, currentUserId(info), wanted) === 0)
      throw pgError(
        SqlState.insufficientPrivilege,
        `permission denied for sequence ${catalog.relation(oid)?.name ?? oid}`,
      );
    return outRecord(
      ['start_value', typeOid.int8, row.seqstart],
      ['minimum_value', typeOid.int8, row.seqmin],
      ['maximum_value', typeOid.int8, row.seqmax],
      ['increment', typeOid.int8, row.seqincrement],
      ['cycle_option', typeOid.bool, row.seqcycle],
      ['cache_size', typeOid.int8, row.seqcache],
      ['data_type', typeOid.oid, row.seqtypid],
    );
  },
});

tableFn('pg_options_to_table', {
  *rows(options: PgArray) {
    for (const option of options.elements) {
      const text = String(option);
      const at = text.indexOf('=');
      yield at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    }
  },
});

fn('pg_get_replica_identity_index', {
  impl(oid: number, info: CallInfo) {
    const relation = catalogOf(info).relation(oid);
    if (relation === null || relation.replicaIdentity === 'n' || relation.replicaIdentity === 'f') return null;
    const chosen = relation.indexes.find((index) =>
      relation.replicaIdentity === 'i' ? index.isReplicaIdentity : index.isPrimary && index.isImmediate,
    );
    return chosen?.oid ?? null;
  },
});

fn('pg_relation_is_publishable', {
  impl(oid: number, info: CallInfo) {
    const relation = catalogOf(info).relation(oid);
    if (relation === null) return null;
    return 'rp'.includes(relation.kind) && relation.persistence === 'p' && relation.oid >= firstNormalOid;
  },
});

/** Parent in the partition tree, 0 at the root. */
function partitionParent(catalog: Catalog, oid: number): number {
  return catalog.relation(oid)?.isPartition === true
    ? (catalog.tables.find('pg_inherits', { inhrelid: oid })[0]?.row.inhparent ?? 0)
    : 0;
}
const isPartitionish = (catalog: Catalog, oid: number): boolean => {
  const relation = catalog.relation(oid);
  return relation !== null && ('pI'.includes(relation.kind) || relation.isPartition);
};
tableFn('pg_partition_tree', {
  *rows(root: number, info: CallInfo) {
    const catalog = catalogOf(info);
    if (!isPartitionish(catalog, root)) return;
    for (const oid of catalog.inheritors(root)) {
      const parent = partitionParent(catalog, oid);
      let level = 0;
      for (let at = oid; at !== root && at !== 0; at = partitionParent(catalog, at)) level++;
      yield [oid, parent === 0 ? null : parent, !'pI'.includes(catalog.relation(oid)?.kind ?? ''), level];
    }
  },
});
tableFn('pg_partition_ancestors', {
  *rows(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    if (!isPartitionish(catalog, oid)) return;
    for (let at = oid; at !== 0; at = partitionParent(catalog, at)) yield at;
  },
});
fn('pg_partition_root', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    if (!isPartitionish(catalog, oid)) return null;
    let at = oid;
    for (let parent = partitionParent(catalog, at); parent !== 0; parent = partitionParent(catalog, at)) at = parent;
    return at;
  },
});

function indexOf(catalog: Catalog, oid: number): IndexDescriptor | null {
  const table = catalog.tables.findOne('pg_index', { indexrelid: oid })?.row.indrelid;
  return table === undefined ? null : (catalog.relation(table)?.indexes.find((index) => index.oid === oid) ?? null);
}

/** Properties of index access methods (manual, table 9.77 to 9.79). */
interface MethodProperties {
  readonly canOrder: boolean;
  readonly canUnique: boolean;
  readonly canMulticolumn: boolean;
  readonly canExclude: boolean;
  readonly canInclude: boolean;
  readonly clusterable: boolean;
  readonly indexScan: boolean;
  readonly backwardScan: boolean;
  readonly searchArray: boolean;
  readonly searchNulls: boolean;
  readonly returnable: boolean;
}
const none: MethodProperties = {
  canOrder: false,
  canUnique: false,
  canMulticolumn: false,
  canExclude: false,
  canInclude: false,
  clusterable: false,
  indexScan: false,
  backwardScan: false,
  searchArray: false,
  searchNulls: false,
  returnable: false,
};
const methodProperties: Readonly<Record<string, MethodProperties>> = {
  btree: {
    canOrder: true,
    canUnique: true,
    canMulticolumn: true,
    canExclude: true,
    canInclude: true,
    clusterable: true,
    indexScan: true,
    backwardScan: true,
    searchArray: true,
    searchNulls: true,
    returnable: true,
  },
  hash: { ...none, canExclude: true, indexScan: true, backwardScan: true },
  gist: {
    ...none,
    canMulticolumn: true,
    canExclude: true,
    canInclude: true,
    clusterable: true,
    indexScan: true,
    searchNulls: true,
  },
  gin: { ...none, canMulticolumn: true },
  spgist: { ...none, canExclude: true, canInclude: true, indexScan: true, searchNulls: true },
  brin: { ...none, canMulticolumn: true, searchNulls: true },
};

fn('pg_indexam_has_property', {
  impl(accessMethod: number, property: string, info: CallInfo) {
    const properties = methodProperties[catalogOf(info).accessMethodName(accessMethod)];
    if (properties === undefined) return null;
    const values: Readonly<Record<string, boolean>> = {
      can_order: properties.canOrder,
      can_unique: properties.canUnique,
      can_multi_col: properties.canMulticolumn,
      can_exclude: properties.canExclude,
      can_include: properties.canInclude,
    };
    return values[property.toLowerCase()] ?? null;
  },
});
fn('pg_index_has_property', {
  impl(oid: number, property: string, info: CallInfo) {
    const index = indexOf(catalogOf(info), oid);
    if (index === null) return null;
    const properties = methodProperties[index.accessMethod] ?? none;
    const values: Readonly<Record<string, boolean>> = {
      clusterable: properties.clusterable,
      index_scan: properties.indexScan,
      bitmap_scan: true,
      backward_scan: properties.backwardScan,
    };
    return values[property.toLowerCase()] ?? null;
  },
});
fn('pg_index_column_has_property', {
  impl(oid: number, column: number, property: string, info: CallInfo) {
    const index = indexOf(catalogOf(info), oid);
    if (index === null || column < 1 || column > index.keys.length + index.includes.length) return null;
    const properties = methodProperties[index.accessMethod] ?? none;
    const key = index.keys[column - 1];
    const isKey = key !== undefined;
    const ordered = isKey && properties.canOrder;
    const values: Readonly<Record<string, boolean | null>> = {
      asc: isKey ? ordered && !key.descending : null,
      desc: isKey ? ordered && key.descending : null,
      nulls_first: isKey ? ordered && key.nullsFirst : null,
      nulls_last: isKey ? ordered && !key.nullsFirst : null,
      orderable: isKey ? ordered : null,
      distance_orderable: isKey ? false : null,
      returnable: properties.returnable,
      search_array: isKey ? properties.searchArray : null,
      search_nulls: isKey ? properties.searchNulls : null,
    };
    return values[property.toLowerCase()] ?? null;
  },
});

fn('row_security_active', {
  impl(oid: number, info: CallInfo) {
    const relation = catalogOf(info).relation(oid);
    return relation === null ? null : isRowSecurityActive(info, oid);
  },
});
fn('row_security_active_name', {
  impl: (name: string, info: CallInfo) =>
    isRowSecurityActive(info, catalogOf(info).names.toOid('regclass', name, false) ?? 0),
});
function isRowSecurityActive(info: CallInfo, oid: number): boolean {
  const catalog = catalogOf(info);
  const relation = catalog.relation(oid);
  const user = currentUserId(info);
  if (
    relation === null ||
    !relation.rowSecurity ||
    catalog.roles.role(user)?.rolbypassrls === true ||
    catalog.roles.isSuperuser(user)
  )
    return false;
  return relation.forceRowSecurity || !catalog.access.isOwner('r', oid, user);
}

fn('amvalidate', {
  impl(oid: number, info: CallInfo) {
    if (catalogOf(info).tables.findOne('pg_opclass', { oid }) !== null) return true;
    throw pgError(SqlState.internalError, `cache lookup failed for operator class ${oid}`);
  },
});

fn('pg_extension_config_dump', {
  impl() {
    throw pgError(
      SqlState.featureNotSupported,
      'pg_extension_config_dump() can only be called from an SQL script executed by CREATE EXTENSION',
    );
  },
});

fn('pg_nextoid', {
  impl(catalogOid: number, column: string, _index: number, info: CallInfo) {
    const name = (Object.keys(catalogShapes) as (keyof typeof catalogShapes)[]).find(
      (candidate) => catalogShapes[candidate].oid === catalogOid,
    );
    if (name === undefined || column !== 'oid')
      throw pgError(SqlState.invalidParameterValue, 'pg_nextoid() can only be used on system catalogs');
    return catalogOf(info).tables.newOid(name);
  },
});
