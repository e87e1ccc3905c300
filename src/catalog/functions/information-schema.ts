// The functions that information_schema's views lean on (information_schema._pg_*), and what can be updated.
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import { queryFromJson } from '../../trees/json.js';
import type { Query } from '../../trees/query.js';
import type { PgRecord, Value } from '../../types/value.js';
import type { Catalog } from '../api.js';
import type { RelationDescriptor } from '../descriptors.js';
import { typmodText } from '../typmod-text.js';
import { typeOid } from '../oids.js';
import { catalogOf } from './call.js';

fn('_pg_index_position(oid,int2)', {
  impl(index: number, attribute: number, info: CallInfo) {
    const keys = catalogOf(info).tables.findOne('pg_index', { indexrelid: index })?.row.indkey ?? [];
    const at = keys.indexOf(attribute);
    return at < 0 ? null : at + 1;
  },
});

const field = (record: PgRecord, catalogName: string, name: string, catalog: Catalog): Value => {
  const relation = catalog.findRelation('pg_catalog', catalogName);
  const attribute = relation?.attributes.find((candidate) => candidate.name === name);
  return attribute === undefined ? null : (record.values[attribute.number - 1] ?? null);
};

/** A domain counts as its base type. */
fn('_pg_truetypid(pg_attribute,pg_type)', {
  impl(attribute: PgRecord, type: PgRecord, info: CallInfo) {
    const catalog = catalogOf(info);
    return field(type, 'pg_type', 'typtype', catalog) === 'd'
      ? field(type, 'pg_type', 'typbasetype', catalog)
      : field(attribute, 'pg_attribute', 'atttypid', catalog);
  },
});
fn('_pg_truetypmod(pg_attribute,pg_type)', {
  impl(attribute: PgRecord, type: PgRecord, info: CallInfo) {
    const catalog = catalogOf(info);
    return field(type, 'pg_type', 'typtype', catalog) === 'd'
      ? field(type, 'pg_type', 'typtypmod', catalog)
      : field(attribute, 'pg_attribute', 'atttypmod', catalog);
  },
});

function charMaxLength(type: number, typmod: number): number | null {
  if (typmod === -1) return null;
  if (type === typeOid.bpchar || type === typeOid.varchar) return typmod - 4;
  return type === typeOid.bit || type === typeOid.varbit ? typmod : null;
}
const utf8BytesMax = 4;
fn('_pg_char_max_length(oid,int4)', { impl: charMaxLength });
fn('_pg_char_octet_length(oid,int4)', {
  impl(type: number, typmod: number) {
    if (type !== typeOid.text && type !== typeOid.bpchar && type !== typeOid.varchar) return null;
    return typmod === -1 ? 1 << 30 : (charMaxLength(type, typmod) ?? 0) * utf8BytesMax;
  },
});

const integerBits: ReadonlyMap<number, number> = new Map([
  [typeOid.int2, 16],
  [typeOid.int4, 32],
  [typeOid.int8, 64],
  [typeOid.float4, 24],
  [typeOid.float8, 53],
]);
fn('_pg_numeric_precision(oid,int4)', {
  impl: (type: number, typmod: number) =>
    integerBits.get(type) ?? (type === typeOid.numeric && typmod !== -1 ? ((typmod - 4) >> 16) & 0xffff : null),
});
fn('_pg_numeric_precision_radix(oid,int4)', {
  impl: (type: number) => (integerBits.has(type) ? 2 : type === typeOid.numeric ? 10 : null),
});
fn('_pg_numeric_scale(oid,int4)', {
  impl(type: number, typmod: number) {
    if (type === typeOid.int2 || type === typeOid.int4 || type === typeOid.int8) return 0;
    return type === typeOid.numeric && typmod !== -1 ? (typmod - 4) & 0xffff : null;
  },
});
fn('_pg_datetime_precision(oid,int4)', {
  impl(type: number, typmod: number) {
    if (type === typeOid.date) return 0;
    if (type === typeOid.interval) return typmod < 0 || (typmod & 0xffff) === 0xffff ? 6 : typmod & 0xffff;
    const hasTime =
      type === typeOid.time || type === typeOid.timetz || type === typeOid.timestamp || type === typeOid.timestamptz;
    return hasTime ? (typmod < 0 ? 6 : typmod) : null;
  },
});
fn('_pg_interval_type(oid,int4)', {
  impl: (type: number, typmod: number) =>
    type === typeOid.interval && typmod >= 0
      ? typmodText('intervaltypmodout', typmod)
          .replace(/\(\d+\)$/, '')
          .trim()
          .toUpperCase()
      : null,
});

/** Bits of pg_relation_is_updatable: what commands can change the relation's rows. */
const updateEvent = 1 << 2;
const insertEvent = 1 << 3;
const deleteEvent = 1 << 4;
const allEvents = updateEvent | insertEvent | deleteEvent;

/** A view passes changes on where it reads one updatable relation, plainly (manual, CREATE VIEW, Updatable Views), and
 *  takes those that INSTEAD OF triggers do, if asked for. */
function updatableEvents(catalog: Catalog, oid: number, countsTriggers: boolean, depth = 0): number {
  const relation = catalog.relation(oid);
  if (relation === null || depth > 32) return 0;
  if (relation.kind === 'r' || relation.kind === 'p') return allEvents;
  return passedEvents(catalog, relation, countsTriggers, depth) | (countsTriggers ? triggeredEvents(relation) : 0);
}

/** pg_trigger.tgtype bits by event. */
const insteadOf = 64;
const triggerEvents = [
  [4, insertEvent],
  [8, deleteEvent],
  [16, updateEvent],
] as const;

function triggeredEvents({ triggers }: RelationDescriptor): number {
  let events = 0;
  for (const { type } of triggers)
    for (const [bit, event] of triggerEvents) if (type & insteadOf && type & bit) events |= event;
  return events;
}

function passedEvents(catalog: Catalog, relation: RelationDescriptor, countsTriggers: boolean, depth: number): number {
  const { oid } = relation;
  const base = relation.kind === 'v' ? simpleBase(catalog, oid) : null;
  if (base === null) return 0;
  const columns = base.query.targetList.some(
    (entry) => !entry.junk && entry.expr.kind === 'Var' && entry.expr.attno > 0,
  );
  const events = updatableEvents(catalog, base.relation, countsTriggers, depth + 1);
  return columns ? events : events & deleteEvent;
}

function simpleBase(catalog: Catalog, view: number): { readonly query: Query; readonly relation: number } | null {
  const stored = catalog.viewQuery(view);
  if (stored === null || stored === '') return null;
  const query = queryFromJson(stored);
  const plain =
    query.groupClause.length === 0 &&
    query.groupingSets.length === 0 &&
    query.distinctClause.length === 0 &&
    query.having === null &&
    query.setOperations === null &&
    query.ctes.length === 0 &&
    query.limitCount === null &&
    query.limitOffset === null &&
    !query.hasAggregates &&
    !query.hasWindowFunctions &&
    !query.hasTargetSets;
  const [only, ...others] = query.joinTree.fromList;
  if (!plain || only?.kind !== 'RangeTableRef' || others.length > 0) return null;
  const entry = query.rangeTable[only.rtIndex - 1];
  return entry?.kind === 'relation' && entry.tableSample === null ? { query, relation: entry.relation } : null;
}

fn('pg_relation_is_updatable', {
  impl: (oid: number, triggers: boolean, info: CallInfo) => updatableEvents(catalogOf(info), oid, triggers),
});
fn('pg_column_is_updatable', {
  impl(oid: number, attribute: number, triggers: boolean, info: CallInfo) {
    if (attribute <= 0) return false;
    const catalog = catalogOf(info);
    const both = updateEvent | deleteEvent;
    const relation = catalog.relation(oid);
    const triggered = relation !== null && triggers ? triggeredEvents(relation) : 0;
    const passed = columnIsPlain(catalog, oid, attribute) ? updatableEvents(catalog, oid, triggers) : 0;
    return ((triggered | passed) & both) === both;
  },
});

/** A view's column can be set where it is a column of the view's base relation. */
function columnIsPlain(catalog: Catalog, oid: number, attribute: number): boolean {
  if (catalog.relation(oid)?.kind !== 'v') return true;
  const base = simpleBase(catalog, oid);
  const expr = base?.query.targetList.find((entry) => entry.resno === attribute && !entry.junk)?.expr;
  return base !== null && expr?.kind === 'Var' && expr.attno > 0 && columnIsPlain(catalog, base.relation, expr.attno);
}
