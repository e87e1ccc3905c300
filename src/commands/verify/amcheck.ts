// amcheck's functions (manual, section F.1): an index or a table checked while the server runs, in the statement's view.
// The relation's owner has to trust the caller: only superusers may call them unless they were granted.
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { tidFromRowId } from '../../storage/ctid.js';
import type { CommandContext } from '../api.js';
import { checkIndexEntries } from './index-entries.js';
import { checkTableRows } from './table-rows.js';

/** bt_index_check and bt_index_parent_check: throws XX001 or XX002 with the first problem. The second one keeps writers
 *  out. Here both compare every entry with its row; `allRows` also the reverse. */
export async function checkIndexOnline(
  context: CommandContext,
  oid: number,
  check: { readonly allRows: boolean; readonly unique: boolean; readonly locksOut: boolean },
): Promise<void> {
  const { table, index } = await lockedIndex(context, oid, check.locksOut);
  const view = context.transaction.statementView();
  await checkIndexEntries(context, table, index, { ...check, view }, ({ kind, message }) => {
    const code = kind === 'duplicate' ? SqlState.indexCorrupted : SqlState.dataCorrupted;
    throw pgError(code, message);
  });
}

async function lockedIndex(
  context: CommandContext,
  oid: number,
  locksOut: boolean,
): Promise<{ table: RelationDescriptor; index: IndexDescriptor }> {
  const { catalog, transaction } = context;
  const mode = locksOut ? 'ShareLock' : 'AccessShareLock';
  const tableOid = catalog.tables.findOne('pg_index', { indexrelid: oid })?.row.indrelid;
  if (tableOid !== undefined) await transaction.lockRelation(tableOid, mode);
  await transaction.lockRelation(oid, mode);
  const head = catalog.tables.findOne('pg_class', { oid })?.row;
  if (head === undefined) throw pgError(SqlState.undefinedObject, `could not open relation with OID ${oid}`);
  if (head.relkind !== 'i') throw pgError(SqlState.wrongObjectType, `"${head.relname}" is not an index`);
  const table = catalog.requireRelation(tableOid ?? 0);
  const index = table.indexes.find((candidate) => candidate.oid === oid);
  if (index === undefined || index.accessMethod !== 'btree') {
    throw pgError(SqlState.featureNotSupported, 'only B-Tree indexes are supported as targets for verification', {
      detail: `Relation "${head.relname}" is not a B-Tree index.`,
    });
  }
  if (!index.isValid) {
    throw pgError(SqlState.featureNotSupported, `cannot check index "${index.name}"`, {
      detail: 'Index is not valid.',
    });
  }
  return { table, index };
}

export interface HeapProblem {
  readonly block: number;
  readonly offset: number;
  readonly attribute: number | null;
  readonly message: string;
}

export interface HeapRange {
  readonly stopsAtFirst: boolean;
  /** Blocks, inclusive; null: the first, the last. */
  readonly from: bigint | null;
  readonly to: bigint | null;
}

const kindNouns: Readonly<Record<string, string>> = {
  i: 'indexes',
  I: 'partitioned indexes',
  v: 'views',
  p: 'partitioned tables',
  c: 'composite types',
  f: 'foreign tables',
};

/** verify_heapam: the problems of a table's rows. */
export async function checkHeapOnline(
  context: CommandContext,
  oid: number,
  range: HeapRange,
): Promise<readonly HeapProblem[]> {
  await context.transaction.lockRelation(oid, 'AccessShareLock');
  const head = context.catalog.tables.findOne('pg_class', { oid })?.row;
  if (head === undefined) throw pgError(SqlState.undefinedObject, `could not open relation with OID ${oid}`);
  const noun = kindNouns[head.relkind];
  if (noun !== undefined) {
    throw pgError(SqlState.wrongObjectType, `cannot check relation "${head.relname}"`, {
      detail: `This operation is not supported for ${noun}.`,
    });
  }
  if (head.relkind === 'S') return [];
  const table = context.catalog.requireRelation(oid);
  const last = BigInt(context.store.pages(table.file)) - 1n;
  if (last < 0n) return [];
  const from = blockWithin(range.from, last, 'starting') ?? 0n;
  const to = blockWithin(range.to, last, 'ending') ?? last;
  const problems: HeapProblem[] = [];
  await checkTableRows(context, table, context.transaction.statementView(), ({ rowid, attribute, message }) => {
    const { block, offset } = tidFromRowId(rowid);
    if (BigInt(block) < from || BigInt(block) > to) return;
    problems.push({ block, offset, attribute: attribute === 0 ? null : attribute - 1, message });
  });
  const [first] = problems;
  return range.stopsAtFirst && first !== undefined ? problems.filter(({ block }) => block === first.block) : problems;
}

function blockWithin(block: bigint | null, last: bigint, word: string): bigint | null {
  if (block !== null && (block < 0n || block > last)) {
    throw pgError(SqlState.invalidParameterValue, `${word} block number must be between 0 and ${last}`);
  }
  return block;
}
