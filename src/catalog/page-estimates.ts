// Sizes of indexes in PostgreSQL's pages: how many 8 KiB pages a B-tree index's entries would fill in its format. Ours are
// smaller, but plans are chosen by PostgreSQL's cost model, whose constants are tuned to its page counts; pg_class shows
// the same numbers. Widths come from statistics. (Tables have real pages: the store's rowids.)
import type { Catalog } from './api.js';
import type { IndexDescriptor } from './descriptors.js';

const pageBytes = 8192;
const pageHeaderBytes = 24;
const linePointerBytes = 4;
const defaultVarlenWidth = 32;

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
