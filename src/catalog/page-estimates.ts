// Sizes in PostgreSQL's pages: how many 8 KiB pages a table's or B-tree index's rows would fill in PostgreSQL's formats.
// Our files are smaller, but plans are chosen by its cost model, whose constants are tuned to its page counts; pg_class
// shows the same numbers. Widths come from statistics, else from what the rows take in our store.
import type { Catalog } from './api.js';
import type { IndexDescriptor, RelationDescriptor } from './descriptors.js';

const pageBytes = 8192;
const pageHeaderBytes = 24;
const linePointerBytes = 4;
const defaultVarlenWidth = 32;

interface Stored {
  readonly rows: number;
  readonly pages: number;
}

/** Pages of a heap with these rows. */
export function heapPages(catalog: Catalog, relation: RelationDescriptor, stored: Stored): number {
  if (stored.rows <= 0) return 0;
  const tupleBytes = align(heapTupleBytes(catalog, relation, stored), 8) + linePointerBytes;
  const perPage = Math.max(1, Math.floor((pageBytes - pageHeaderBytes) / tupleBytes));
  return Math.ceil(stored.rows / perPage);
}

function heapTupleBytes(catalog: Catalog, relation: RelationDescriptor, stored: Stored): number {
  const live = relation.attributes.filter((attribute) => !attribute.isDropped);
  const statistics = live.map((attribute) => catalog.statistics(relation.oid, attribute.number));
  const hasNulls = statistics.some((item) => (item?.nullFraction ?? 0) > 0);
  const header = align(23 + (hasNulls ? Math.ceil(relation.attributes.length / 8) : 0), 8);
  const unknown = live.filter((attribute, at) => statistics[at] === null && lengthOf(catalog, attribute.type) < 0);
  const varlenWidth = unknownWidth(catalog, relation, stored, unknown.length);
  let bytes = 0;
  live.forEach((attribute, at) => {
    const known = statistics[at] ?? null;
    const length = lengthOf(catalog, attribute.type);
    const width = length > 0 ? length : known === null ? varlenWidth : known.averageWidth;
    const present = 1 - (known?.nullFraction ?? 0);
    if (present === 1) bytes = align(bytes, length > 0 ? alignmentOf(length) : width > 127 ? 4 : 1) + width;
    else bytes += width * present;
  });
  return header + bytes;
}

/** Width of the columns of varying length that have no statistics: what the store's rows leave for them. */
function unknownWidth(catalog: Catalog, relation: RelationDescriptor, stored: Stored, count: number): number {
  if (count === 0) return 0;
  // One page may be all but empty: it says nothing of the rows' width.
  if (stored.pages < 2) return defaultVarlenWidth;
  const fixed = relation.attributes.reduce(
    (sum, attribute) => sum + (attribute.isDropped ? 0 : Math.max(0, lengthOf(catalog, attribute.type))),
    storedRowOverheadBytes,
  );
  return Math.max(2, (stored.pages * pageBytes) / stored.rows / count - fixed / count);
}

/** Key, transaction id and null bitmap of a row in our store, about. */
const storedRowOverheadBytes = 24;

function lengthOf(catalog: Catalog, type: number): number {
  return catalog.findTypeByOid(type)?.length ?? -1;
}

function alignmentOf(length: number): number {
  if (length === 2 || length === 4 || length === 8) return length;
  return length === 6 ? 2 : 1;
}

function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

/** Bytes that a leaf page of a B-tree takes: header, special space, filled to nine tenths. */
const leafBytes = (pageBytes - pageHeaderBytes - 16) * 0.9;
const indexTupleHeaderBytes = 8;
const rowPointerBytes = 6;
/** Duplicates share a posting list of at most a tenth of a page. */
const postingBytesMax = 812;

export interface IndexSize {
  readonly pages: number;
  /** Levels above the leaves. */
  readonly height: number;
}

/** Pages and height of an index with this many entries, deduplicated as PostgreSQL's B-trees are. */
export function indexSize(catalog: Catalog, index: IndexDescriptor, entries: number): IndexSize {
  if (entries <= 0) return { pages: 1, height: 0 };
  const keyBytes = indexKeyBytes(catalog, index);
  const entryBytes = align(indexTupleHeaderBytes + keyBytes, 8) + linePointerBytes;
  const copies = entries / distinctKeys(catalog, index, entries);
  const posting = Math.max(
    1,
    Math.floor((postingBytesMax - align(indexTupleHeaderBytes + keyBytes, 8)) / rowPointerBytes),
  );
  const lists = Math.ceil(copies / posting);
  const shared = lists * entryBytes + copies * rowPointerBytes;
  const bytes = copies < 1.5 ? entries * entryBytes : Math.min(entries * entryBytes, (entries / copies) * shared);
  const unshared = Math.ceil(entries / Math.max(1, Math.floor(leafBytes / entryBytes)));
  let level = bytes === entries * entryBytes ? unshared : Math.ceil(bytes / leafBytes);
  let pages = level;
  let height = 0;
  while (level > 1) {
    level = Math.ceil(level / Math.max(2, Math.floor(leafBytes / entryBytes)));
    pages += level;
    height++;
  }
  return { pages: pages + 1, height };
}

const nameType = 19;
const nameKeyWidth = 8;

function indexKeyBytes(catalog: Catalog, index: IndexDescriptor): number {
  let bytes = 0;
  for (const attribute of index.keys.map((key) => key.attribute).concat(index.includes)) {
    const key = index.keys.find((candidate) => candidate.attribute === attribute);
    const known = attribute > 0 ? catalog.statistics(index.table, attribute) : null;
    const type = key?.type ?? catalog.relation(index.table)?.attributes[attribute - 1]?.type ?? 0;
    // Names are kept without their padding.
    const length = type === nameType ? -1 : lengthOf(catalog, type);
    const width = length > 0 ? length : type === nameType ? nameKeyWidth : (known?.averageWidth ?? defaultVarlenWidth);
    bytes = align(bytes, length > 0 ? alignmentOf(length) : 1) + width;
  }
  return bytes;
}

/** Types whose equal values may look different: their duplicates are kept one by one. */
const unequalImages = new Set([1700, 700, 701, 3802, 2249]);

function distinctKeys(catalog: Catalog, index: IndexDescriptor, entries: number): number {
  if (index.isUnique || index.includes.length > 0 || index.accessMethod !== 'btree') return entries;
  let distinct = 1;
  for (const key of index.keys) {
    const known = key.attribute > 0 ? catalog.statistics(index.table, key.attribute) : null;
    if (known === null || known.distinct === 0 || unequalImages.has(key.type)) return entries;
    distinct *= known.distinct > 0 ? known.distinct : -known.distinct * entries;
  }
  return Math.max(1, Math.min(distinct, entries));
}
