// Sizes and files of relations, databases and tablespaces (manual, section 9.28.7).
import { pageBytes } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import type { Catalog } from '../api.js';
import type { RelationDescriptor } from '../descriptors.js';
import { defaultTablespace, globalTablespace } from '../oids.js';
import { catalogOf } from './call.js';

/** Kinds of relations that have a file of their own. */
const storedKinds = 'rmitSI';

function bytesOf(catalog: Catalog, relation: RelationDescriptor): bigint {
  return storedKinds.includes(relation.kind) && relation.kind !== 'I'
    ? BigInt(catalog.relationSize(relation.oid).pages * pageBytes)
    : 0n;
}

function indexBytes(catalog: Catalog, relation: RelationDescriptor): bigint {
  return relation.indexes.reduce((sum, { oid }) => sum + BigInt(catalog.relationSize(oid).pages * pageBytes), 0n);
}

const onRelation =
  (size: (catalog: Catalog, relation: RelationDescriptor) => bigint) =>
  (oid: number, info: CallInfo): bigint | null => {
    const catalog = catalogOf(info);
    const relation = catalog.relation(oid);
    return relation === null ? null : size(catalog, relation);
  };

fn('pg_relation_size(regclass)', { impl: onRelation(bytesOf) });
fn('pg_relation_size', {
  impl(oid: number, fork: string, info: CallInfo) {
    if (!['main', 'fsm', 'vm', 'init'].includes(fork))
      throw pgError(SqlState.invalidParameterValue, 'invalid fork name', {
        hint: 'Valid fork names are "main", "fsm", "vm", and "init".',
      });
    const size = onRelation(bytesOf)(oid, info);
    return size === null || fork === 'main' ? size : 0n;
  },
});
fn('pg_table_size', { impl: onRelation(bytesOf) });
fn('pg_indexes_size', { impl: onRelation(indexBytes) });
fn('pg_total_relation_size', {
  impl: onRelation((catalog, relation) => bytesOf(catalog, relation) + indexBytes(catalog, relation)),
});

fn('pg_database_size_oid', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    return catalog.tables.findOne('pg_database', { oid }) === null ? null : BigInt(catalog.databaseBytes(oid));
  },
});
fn('pg_database_size_name', {
  impl(name: string, info: CallInfo) {
    const catalog = catalogOf(info);
    const oid = catalog.tables.findOne('pg_database', { datname: name })?.row.oid;
    if (oid === undefined) throw pgError(SqlState.undefinedDatabase, `database "${name}" does not exist`);
    return BigInt(catalog.databaseBytes(oid));
  },
});

/** Everything but the shared catalogs lives in pg_default. */
function tablespaceBytes(catalog: Catalog, oid: number): bigint | null {
  if (catalog.tables.findOne('pg_tablespace', { oid }) === null) return null;
  if (oid === globalTablespace) return BigInt(catalog.databaseBytes(0));
  if (oid !== defaultTablespace) return 0n;
  return catalog.tables
    .find('pg_database', {})
    .reduce((sum, { row }) => sum + BigInt(catalog.databaseBytes(row.oid)), 0n);
}
fn('pg_tablespace_size_oid', { impl: (oid: number, info: CallInfo) => tablespaceBytes(catalogOf(info), oid) });
fn('pg_tablespace_size_name', {
  impl(name: string, info: CallInfo) {
    const catalog = catalogOf(info);
    const oid = catalog.tables.findOne('pg_tablespace', { spcname: name })?.row.oid;
    if (oid === undefined) throw pgError(SqlState.undefinedObject, `tablespace "${name}" does not exist`);
    return tablespaceBytes(catalog, oid);
  },
});
fn('pg_tablespace_location', { impl: () => '' });
tableFn('pg_tablespace_databases', {
  *rows(oid: number, info: CallInfo) {
    if (oid !== defaultTablespace) return;
    for (const { row } of catalogOf(info).tables.find('pg_database', {})) yield row.oid;
  },
});

fn('pg_relation_filenode', {
  impl(oid: number, info: CallInfo) {
    const relation = catalogOf(info).relation(oid);
    return relation !== null && storedKinds.includes(relation.kind) ? relation.file.filenode : null;
  },
});
fn('pg_relation_filepath', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const relation = catalog.relation(oid);
    if (relation === null || !storedKinds.includes(relation.kind)) return null;
    const { filenode, temporaryOwner } = relation.file;
    if (relation.isShared) return `global/${filenode}`;
    return `base/${catalog.database}/${temporaryOwner === 0 ? '' : `t${temporaryOwner}_`}${filenode}`;
  },
});
fn('pg_filenode_relation', {
  impl(tablespace: number, filenode: number, info: CallInfo) {
    const { tables } = catalogOf(info);
    const wanted = tablespace === defaultTablespace ? 0 : tablespace;
    const mapped = tables.findOne('pg_class', { oid: filenode })?.row;
    if (mapped !== undefined && mapped.relfilenode === 0 && storedKinds.includes(mapped.relkind)) return mapped.oid;
    return tables.findOne('pg_class', { reltablespace: wanted, relfilenode: filenode })?.row.oid ?? null;
  },
});
