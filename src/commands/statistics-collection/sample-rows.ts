// The sample that ANALYZE works on: rows of a table, each with the same chance, in row order, and how many there are.
// 1. A large table is sampled by rowid: random ones between the first and the last, read in order. Rowids are places on
//    pages; how many of each page's are in use is learnt from some pages.
// 2. Where too many of them are free (deleted rows), or the table is small, it is read whole, and each row takes the
//    place of an earlier one with falling chance (Vitter, "Random sampling with a reservoir", 1985).
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { rowidOfPage, tidFromRowId } from '../../storage/ctid.js';
import type { ReadView, RelationFile, RowId, TableStore } from '../../storage/api.js';
import type { Row } from '../../types/value.js';
import type { CommandContext } from '../api.js';

export interface Sample {
  readonly rows: readonly Row[];
  readonly total: number;
}

const batchRows = 4096;
/** Rows read by rowid before the memory behind them is let go: they lie far apart. */
const readRowsMax = 512;
/** Tables below so many times the sample are read whole. */
const largeFactor = 3;
/** Rowids drawn for each row wanted, at most: more are in vain in a table with so few rows left. */
const drawsMax = 4;

/** Up to `wanted` rows with these attributes. */
export async function sampleRows(
  context: CommandContext,
  relation: RelationDescriptor,
  attributes: readonly AttributeDescriptor[],
  wanted: number,
): Promise<Sample> {
  const source = {
    context,
    file: relation.file,
    table: context.store.table(relation.file, relation.layout, context.catalog),
    view: context.transaction.latestView(),
    attributes: attributes.map((attribute) => attribute.number),
    next: randomNumbers(),
  };
  return (await sampleByRowid(source, relation, wanted)) ?? (await sampleAll(source, wanted));
}

interface Source {
  readonly context: CommandContext;
  readonly file: RelationFile;
  readonly table: TableStore;
  readonly view: ReadView;
  readonly attributes: readonly number[];
  /** From 0 to below 1. */
  readonly next: () => number;
}

/** A generator of its own: the session's random() must not notice. */
function randomNumbers(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

async function sampleByRowid(source: Source, relation: RelationDescriptor, wanted: number): Promise<Sample | null> {
  const first = endRowid(source, 'forward');
  const last = endRowid(source, 'backward');
  if (first === null || last === null) return null;
  const space = rowidSpace(source, tidFromRowId(first).block, tidFromRowId(last).block);
  const range = space.pages * space.perPage;
  if (range < wanted * largeFactor) return null;
  const tried = new Set<RowId>();
  const found = new Map<RowId, Row>();
  while (found.size < wanted && tried.size < Math.min(wanted * drawsMax, range / 2)) {
    const perRow = Math.max(1.1, tried.size / Math.max(found.size, 1));
    const count = Math.min(wanted, Math.ceil((wanted - found.size) * perRow));
    await readRowids(source, drawRowids(source.next, { ...space, count }, tried), found);
  }
  if (found.size < wanted) return null;
  const kept = [...found.keys()];
  // The draws that came last must not crowd out part of the table: surplus goes at random.
  while (kept.length > wanted) {
    const at = Math.floor(source.next() * kept.length);
    kept[at] = kept[kept.length - 1] as RowId;
    kept.pop();
  }
  kept.sort((left, right) => left - right);
  const total = rowCount(source, relation) ?? Math.round((range * found.size) / tried.size);
  return { rows: kept.map((rowid) => found.get(rowid) as Row), total };
}

/** Rows of the table as the store counts them; null where the transaction's own writes are not in it. */
function rowCount({ context }: Source, relation: RelationDescriptor): number | null {
  const { entries } = context.store.size(relation.file);
  return context.transaction.store.hasWrites || entries <= 0 ? null : entries;
}

function endRowid({ table, view }: Source, direction: 'forward' | 'backward'): RowId | null {
  const cursor = table.scan(view, { attributes: [], direction });
  try {
    return cursor.next(1).rowids[0] ?? null;
  } finally {
    cursor.close();
  }
}

/** Rowids that rows may have: the first `perPage` of each page. */
interface RowidSpace {
  readonly firstPage: number;
  readonly pages: number;
  readonly perPage: number;
}

/** Pages looked at, and what is added to the most rows found on one: others may have a few more. */
const pagesLookedAt = 64;
const perPageMargin = 1.1;

function rowidSpace({ table, view, next }: Source, firstPage: number, lastPage: number): RowidSpace {
  const pages = lastPage - firstPage + 1;
  let most = 1;
  for (let looked = 0; looked < pagesLookedAt; looked++) {
    const page = firstPage + Math.floor(next() * pages);
    const [from, to] = [rowidOfPage(page), rowidOfPage(page + 1) - 1];
    const cursor = table.scan(view, { attributes: [], direction: 'backward', from, to });
    const [last] = cursor.next(1).rowids;
    cursor.close();
    if (last !== undefined) most = Math.max(most, tidFromRowId(last).offset);
  }
  return { firstPage, pages, perPage: Math.ceil(most * perPageMargin) };
}

/** Rowids not tried before, ascending. */
function drawRowids(next: () => number, from: RowidSpace & { readonly count: number }, tried: Set<RowId>): RowId[] {
  const rowids: RowId[] = [];
  const range = from.pages * from.perPage;
  for (let n = 0; n < from.count; n++) {
    // Two numbers make one of more than 32 bits.
    const place = Math.floor((next() + next() / 4294967296) * range);
    const rowid = rowidOfPage(from.firstPage + Math.floor(place / from.perPage)) + (place % from.perPage) + 1;
    if (tried.has(rowid)) continue;
    tried.add(rowid);
    rowids.push(rowid);
  }
  return rowids.sort((left, right) => left - right);
}

async function readRowids(source: Source, rowids: readonly RowId[], found: Map<RowId, Row>): Promise<void> {
  const execution = source.context.corridor.executionContext();
  for (let at = 0; at < rowids.length; at += readRowsMax) {
    const stored = source.table.getMany(source.view, rowids.slice(at, at + readRowsMax), source.attributes);
    for (const row of stored) if (row !== null) found.set(row.rowid, row.values);
    source.context.store.releaseFile?.(source.file);
    execution.checkInterrupts();
    await execution.yieldToEventLoop();
  }
}

async function sampleAll(source: Source, wanted: number): Promise<Sample> {
  const { table, view, attributes, next } = source;
  const cursor = table.scan(view, { attributes, direction: 'forward' });
  const execution = source.context.corridor.executionContext();
  const kept: { position: number; row: Row }[] = [];
  let total = 0;
  try {
    for (;;) {
      const batch = cursor.next(batchRows);
      if (batch.rowCount === 0) break;
      for (const row of batch.rows) {
        if (kept.length < wanted) kept.push({ position: total, row });
        else {
          const at = Math.floor(next() * (total + 1));
          if (at < wanted) kept[at] = { position: total, row };
        }
        total++;
      }
      execution.checkInterrupts();
      await execution.yieldToEventLoop();
    }
  } finally {
    cursor.close();
  }
  kept.sort((left, right) => left.position - right.position);
  return { rows: kept.map((item) => item.row), total };
}
