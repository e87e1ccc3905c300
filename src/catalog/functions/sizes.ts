// Sizes and files of relations, databases and tablespaces (manual, section 9.28.7).
import { pageBytes } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import { Numeric } from '../../types/numeric.js';
import type { Catalog } from '../api.js';
import type { RelationDescriptor } from '../descriptors.js';
import { defaultTablespace, globalTablespace } from '../oids.js';
import { catalogOf } from './call.js';

/** Kinds of relations that have a file of their own. */
const storedKinds = 'rmitSI';

/** As PostgreSQL reports them: a sequence has one page, an index one more than its entries fill. */
function bytesOf(catalog: Catalog, relation: RelationDescriptor): bigint {
  if (relation.kind === 'S') return BigInt(pageBytes);
  if (relation.kind === 'i') return entryBytes(catalog, relation.oid) + BigInt(pageBytes);
  return storedKinds.includes(relation.kind) && relation.kind !== 'I' ? entryBytes(catalog, relation.oid) : 0n;
}

function entryBytes(catalog: Catalog, oid: number): bigint {
  return BigInt(catalog.relationSize(oid).pages * pageBytes);
}

function indexBytes(catalog: Catalog, relation: RelationDescriptor): bigint {
  return relation.indexes.reduce((sum, { oid }) => sum + entryBytes(catalog, oid) + BigInt(pageBytes), 0n);
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

/** Units of pg_size_pretty: up to which size each is used, and whether half a unit rounds up. */
const units = [
  { name: 'bytes', limit: 10n * 1024n, rounds: false, bits: 0n },
  { name: 'kB', limit: 20n * 1024n - 1n, rounds: true, bits: 10n },
  { name: 'MB', limit: 20n * 1024n - 1n, rounds: true, bits: 20n },
  { name: 'GB', limit: 20n * 1024n - 1n, rounds: true, bits: 30n },
  { name: 'TB', limit: 20n * 1024n - 1n, rounds: true, bits: 40n },
  { name: 'PB', limit: 20n * 1024n - 1n, rounds: true, bits: 50n },
] as const;

function prettySize(bytes: bigint): string {
  let size = bytes;
  for (const [at, unit] of units.entries()) {
    const next = units[at + 1];
    const magnitude = size < 0n ? -size : size;
    if (next === undefined || magnitude < unit.limit) {
      const shown = unit.rounds ? (size + (size < 0n ? -1n : 1n)) / 2n : size;
      return `${shown} ${unit.name}`;
    }
    // Kept at half the unit, so that the last step can round.
    size /= 1n << (next.bits - unit.bits - (next.rounds ? 1n : 0n) + (unit.rounds ? 1n : 0n));
  }
  return String(size);
}
fn('pg_size_pretty', { impl: prettySize });
fn('pg_size_pretty_numeric', {
  // Below the first limit the fraction is shown; above it is below rounding.
  impl(size: Numeric) {
    const whole = BigInt(size.toString().replace(/\..*$/, '') || '0');
    return whole < units[0].limit && -whole < units[0].limit ? `${size.toString()} bytes` : prettySize(whole);
  },
});

const unitFactors: Readonly<Record<string, bigint>> = {
  bytes: 1n,
  b: 1n,
  kb: 1n << 10n,
  mb: 1n << 20n,
  gb: 1n << 30n,
  tb: 1n << 40n,
  pb: 1n << 50n,
};
fn('pg_size_bytes', {
  impl(text: string) {
    const match = /^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$/s.exec(text);
    const invalid = (fields: { detail?: string; hint?: string } = {}) =>
      pgError(SqlState.invalidParameterValue, `invalid size: "${text}"`, fields);
    if (match === null) throw invalid();
    const [, digits = '0', unit = ''] = match;
    const factor = unit === '' ? 1n : unitFactors[unit.toLowerCase()];
    if (factor === undefined)
      throw invalid({
        detail: `Invalid size unit: "${unit}".`,
        hint: 'Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".',
      });
    const number = Numeric.parse(digits);
    if (number === null) throw invalid();
    return roundedProduct(number, factor);
  },
});

/** number * factor to the nearest integer, halves away from zero. Throws 22003 beyond bigint. */
function roundedProduct(number: Numeric, factor: bigint): bigint {
  const [whole = '0', fraction = ''] = number.toString().replace('-', '').split('.');
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * factor;
  const magnitude = (scaled * 2n + scale) / (scale * 2n);
  const product = number.toString().startsWith('-') ? -magnitude : magnitude;
  if (product > 9223372036854775807n || product < -9223372036854775808n)
    throw pgError(SqlState.numericValueOutOfRange, 'bigint out of range');
  return product;
}
