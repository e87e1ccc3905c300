// An index against its table, both ways:
// 1. Every row that the index covers has its entry, under the key that its values have now; in a unique index it is the
//    only one under this key.
// 2. Every entry belongs to a row that is there. As (key, rowid) comes once, there are no more entries than rows with one.
import { batchRowsMax } from '../../base/limits.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { openIndexWriter } from '../../executor/table-writer.js';
import type { ReadView } from '../../storage/api.js';
import type { CommandContext } from '../api.js';
import { eachRow, isOwnEnd, rowName } from './table-rows.js';

const everything = { lower: null, lowerInclusive: true, upper: null, upperInclusive: true } as const;

export interface IndexCheck {
  /** What the table and the index are compared in. */
  readonly view: ReadView;
  /** Also looks for the entry of each row, not only for the row of each entry. */
  readonly allRows: boolean;
  /** Also looks whether a unique index has a key twice. */
  readonly unique: boolean;
}

/** Tells each problem; returns how many entries the index has. */
export async function checkIndexEntries(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  check: IndexCheck,
  tell: (problem: IndexProblem) => void,
): Promise<number> {
  try {
    const rows = check.allRows || check.unique ? await findEntries(context, table, index, check, tell) : null;
    const entries = await findRows(context, table, index, check.view, tell);
    if (rows !== null && check.allRows && entries.whole > rows) {
      tell({ kind: 'damaged', message: `index "${index.name}" has ${entries.whole - rows} entries that no row has` });
    }
    return entries.all;
  } catch (error) {
    if (isOwnEnd(error)) throw error;
    tell({ kind: 'damaged', message: `index "${index.name}" can't be read: ${(error as Error).message}` });
    return 0;
  }
}

export interface IndexProblem {
  readonly kind: 'damaged' | 'missing' | 'duplicate';
  readonly message: string;
}

/** Looks for each row's entry; returns how many rows have one. */
async function findEntries(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  check: IndexCheck,
  tell: (problem: IndexProblem) => void,
): Promise<number> {
  const writer = openIndexWriter(context.corridor.executionContext(), table, index.oid);
  const store = context.store.index(index.file);
  const { view } = check;
  let count = 0;
  await eachRow(context, table, view, async ({ rowid, values }) => {
    const made = writer.entry(values);
    const entry = made instanceof Promise ? await made : made;
    if (entry === null) return;
    const rowids = store.lookup(view, entry.key);
    if (rowids.includes(rowid)) count++;
    else if (check.allRows) {
      const row = `heap tuple ${rowName(rowid)} from table "${table.name}"`;
      tell({ kind: 'missing', message: `${row} lacks matching index tuple within index "${index.name}"` });
    }
    const isUnique = index.isUnique && (index.nullsNotDistinct || !entry.values.includes(null));
    if (check.unique && isUnique && rowids.length > 1 && rowids[0] === rowid) {
      tell({ kind: 'duplicate', message: `index uniqueness is violated for index "${index.name}"` });
    }
  });
  return count;
}

/** Looks for each entry's row; how many entries there are, and how many have one. */
async function findRows(
  context: CommandContext,
  table: RelationDescriptor,
  index: IndexDescriptor,
  view: ReadView,
  tell: (problem: IndexProblem) => void,
): Promise<{ all: number; whole: number }> {
  const execution = context.corridor.executionContext();
  const rows = context.store.table(table.file, table.layout, context.catalog);
  const cursor = context.store.index(index.file).scan(view, everything, 'forward');
  let all = 0;
  let whole = 0;
  try {
    for (;;) {
      // Copied: the next call into the store reuses what it gave.
      const rowids = [...cursor.next(batchRowsMax).rowids];
      if (rowids.length === 0) return { all, whole };
      all += rowids.length;
      for (const [n, row] of rows.getMany(view, rowids, []).entries()) {
        if (row !== null) whole++;
        else {
          const place = rowName(rowids[n] ?? 0);
          const message = `index "${index.name}" has an entry of row ${place}, which table "${table.name}" does not have`;
          tell({ kind: 'damaged', message });
        }
      }
      execution.checkInterrupts();
      await execution.yieldToEventLoop();
    }
  } finally {
    cursor.close();
  }
}
