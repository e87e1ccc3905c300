// ANALYZE of one table: a sample of its rows, statistics of its columns into pg_statistic, its size into pg_class.
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { CatalogRow } from '../../catalog/generated/rows.js';
import { indexSize } from '../../catalog/page-estimates.js';
import { ByteWriter } from '../../base/bytes.js';
import type { CompareContext } from '../../types/type-behaviour.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { PgArray, type Row, type Value } from '../../types/value.js';
import type { CommandContext } from '../api.js';
import { type CollectedStatistics, columnStatistics } from './column-statistics.js';
import { sampleRows } from './sample-rows.js';

/** default_statistics_target where a column has none of its own. */
const targetDefault = 100;
const rowsPerTargetEntry = 300;

/** Collects statistics of a table's columns (`columns` null: all) and stores them. */
export async function analyzeTable(
  context: CommandContext,
  relation: RelationDescriptor,
  columns: readonly string[] | null,
): Promise<void> {
  const standard = Number(context.session.setting('default_statistics_target') ?? targetDefault);
  const chosen = relation.attributes.filter(
    (attribute) =>
      !attribute.isDropped &&
      attribute.statisticsTarget !== 0 &&
      (columns === null || columns.includes(attribute.name)),
  );
  const targetOf = (attribute: AttributeDescriptor): number =>
    attribute.statisticsTarget > 0 ? attribute.statisticsTarget : standard;
  const wanted = rowsPerTargetEntry * Math.max(100, ...chosen.map(targetOf));
  const { rows, total } = await sampleRows(context, relation, chosen, wanted);
  const execution = context.corridor.executionContext();
  for (const attribute of chosen) {
    execution.checkInterrupts();
    await execution.yieldToEventLoop();
    const statistics = collect(context, attribute, rows, total, targetOf(attribute));
    if (statistics !== null) await storeStatistics(context, relation.oid, attribute, statistics);
  }
  await storeSize(context, relation, total);
}

function collect(
  context: CommandContext,
  attribute: AttributeDescriptor,
  rows: readonly Row[],
  totalRows: number,
  target: number,
): CollectedStatistics | null {
  const type = baseType(context, attribute.type);
  const { behaviour } = type;
  const compareContext: CompareContext = {
    typeByOid: (oid) => context.catalog.typeByOid(oid),
    collation: (oid) => context.catalog.io.collation(oid),
    collationOid: attribute.collation,
  };
  const sorted = isOrdered(context, type);
  return columnStatistics({
    values: rows.map((row) => row[attribute.number - 1] ?? null),
    totalRows,
    target,
    width: (value) => storedWidth(context, type, value),
    compare: sorted ? (left, right) => behaviour.compare?.(left, right, type, compareContext) ?? 0 : null,
    key:
      behaviour.hashKey === undefined || !isHashed(context, type)
        ? null
        : (value) => behaviour.hashKey?.(value, type, compareContext),
    fixedWidth: type.length > 0 ? type.length : null,
  });
}

/** The type has an order, and so have its elements or fields: aclitem[] has none. */
function isOrdered(context: CommandContext, type: TypeDescriptor): boolean {
  if (type.behaviour.compare === undefined || context.catalog.defaultOpclass(type.oid, 'btree') === null) return false;
  return partTypes(type).every((part) => isOrdered(context, baseType(context, part)));
}

function isHashed(context: CommandContext, type: TypeDescriptor): boolean {
  if (type.behaviour.hashKey === undefined) return false;
  return partTypes(type).every((part) => isHashed(context, baseType(context, part)));
}

function partTypes(type: TypeDescriptor): readonly number[] {
  if (type.kind === 'c') return type.attributes.map((attribute) => attribute.type);
  return type.category === 'A' && type.element !== 0 ? [type.element] : [];
}

function baseType(context: CommandContext, oid: number): TypeDescriptor {
  let type = context.catalog.typeByOid(oid);
  while (type.kind === 'd') type = context.catalog.typeByOid(type.baseType);
  return type;
}

/** Bytes of a varlena value with PostgreSQL's short or long header. */
function storedWidth(context: CommandContext, type: TypeDescriptor, value: Value): number {
  let bytes: number;
  if (typeof value === 'string') bytes = Buffer.byteLength(value);
  else if (Buffer.isBuffer(value)) bytes = value.length;
  else {
    const writer = new ByteWriter();
    type.behaviour.store?.(value, type, writer, context.catalog);
    bytes = writer.length;
  }
  return bytes + (bytes < 127 ? 1 : 4);
}

type StatisticRow = CatalogRow<'pg_statistic'>;

interface Slot {
  readonly kind: number;
  readonly operator: number;
  readonly numbers: readonly number[] | null;
  readonly values: readonly Value[] | null;
}

async function storeStatistics(
  context: CommandContext,
  relation: number,
  attribute: AttributeDescriptor,
  statistics: CollectedStatistics,
): Promise<void> {
  const { catalog } = context;
  const type = baseType(context, attribute.type);
  const opclass = catalog.defaultOpclass(type.oid, 'btree');
  const input = opclass?.inputType ?? type.oid;
  const equal = opclass === null ? 0 : catalog.familyOperator(opclass.family, input, input, 3);
  const less = opclass === null ? 0 : catalog.familyOperator(opclass.family, input, input, 1);
  const slots: Slot[] = [];
  if (statistics.commonValues.length > 0) {
    slots.push({ kind: 1, operator: equal, numbers: statistics.commonFrequencies, values: statistics.commonValues });
  }
  if (statistics.histogram.length > 0)
    slots.push({ kind: 2, operator: less, numbers: null, values: statistics.histogram });
  if (statistics.correlation !== null)
    slots.push({ kind: 3, operator: less, numbers: [statistics.correlation], values: null });
  const row = statisticRow(relation, attribute, statistics, slots, type.oid);
  const key = { starelid: relation, staattnum: attribute.number, stainherit: false };
  const known = catalog.tables.findOne('pg_statistic', key);
  if (known === null) await catalog.tables.insert(context.transaction, 'pg_statistic', row);
  else await catalog.tables.update(context.transaction, 'pg_statistic', known, row);
}

function statisticRow(
  relation: number,
  attribute: AttributeDescriptor,
  statistics: CollectedStatistics,
  slots: readonly Slot[],
  elementType: number,
): StatisticRow {
  const kind = (index: number): number => slots[index]?.kind ?? 0;
  const operator = (index: number): number => slots[index]?.operator ?? 0;
  const collation = (index: number): number => (slots[index] === undefined ? 0 : attribute.collation);
  const numbers = (index: number): readonly number[] | null => slots[index]?.numbers?.map(Math.fround) ?? null;
  const values = (index: number): PgArray | null => {
    const list = slots[index]?.values ?? null;
    return list === null ? null : PgArray.of(elementType, list);
  };
  return {
    starelid: relation,
    staattnum: attribute.number,
    stainherit: false,
    stanullfrac: Math.fround(statistics.nullFraction),
    stawidth: statistics.width,
    stadistinct: Math.fround(statistics.distinct),
    stakind1: kind(0),
    stakind2: kind(1),
    stakind3: kind(2),
    stakind4: 0,
    stakind5: 0,
    staop1: operator(0),
    staop2: operator(1),
    staop3: operator(2),
    staop4: 0,
    staop5: 0,
    stacoll1: collation(0),
    stacoll2: collation(1),
    stacoll3: collation(2),
    stacoll4: 0,
    stacoll5: 0,
    stanumbers1: numbers(0),
    stanumbers2: numbers(1),
    stanumbers3: numbers(2),
    stanumbers4: null,
    stanumbers5: null,
    stavalues1: values(0),
    stavalues2: values(1),
    stavalues3: values(2),
    stavalues4: null,
    stavalues5: null,
  };
}

/** reltuples and relpages of a table and its indexes. */
export async function storeSize(context: CommandContext, relation: RelationDescriptor, rows: number): Promise<void> {
  const { catalog, transaction } = context;
  const { pages } = catalog.relationSize(relation.oid);
  const update = async (oid: number, changes: Partial<CatalogRow<'pg_class'>>): Promise<void> => {
    const entry = catalog.tables.findOne('pg_class', { oid });
    if (entry === null) return;
    const same = Object.entries(changes).every(
      ([name, value]) => entry.row[name as keyof CatalogRow<'pg_class'>] === value,
    );
    if (!same) await catalog.tables.updateNewest(transaction, 'pg_class', entry, changes);
  };
  await update(relation.oid, { reltuples: Math.fround(rows), relpages: pages, relallvisible: pages });
  for (const index of relation.indexes) {
    const entries = index.predicate === null ? rows : Math.min(rows, catalog.relationSize(index.oid).rows);
    await update(index.oid, { reltuples: Math.fround(entries), relpages: indexSize(catalog, index, entries).pages });
  }
}
