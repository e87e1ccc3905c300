// Everything in one database: references of its catalogs, rows of its tables, entries of their indexes, its sequences, and
// that no file of the store is left without a relation.
import type { PgClassRow } from '../../catalog/generated/rows.js';
import { PgError } from '../../errors/pg-error.js';
import type { CommandContext } from '../api.js';
import { checkCatalogs } from './catalogs.js';
import { checkIndexEntries } from './index-entries.js';
import { checkTableRows, isOwnEnd, rowName } from './table-rows.js';

export interface DatabaseReport {
  readonly tables: number;
  readonly rows: number;
  readonly indexes: number;
  readonly entries: number;
  readonly sequences: number;
}

const kindsWithRows = new Set(['r', 'm', 't']);

/** Checks the database that the context is in, with this oid. `isFirst`: also the catalogs that all databases share. */
export async function checkDatabase(
  context: CommandContext,
  { database, isFirst }: { readonly database: number; readonly isFirst: boolean },
  tell: (message: string) => void,
): Promise<DatabaseReport> {
  const report = { tables: 0, rows: 0, indexes: 0, entries: 0, sequences: 0 };
  // Everything else is found by the catalogs: where they are damaged, that has to be told first.
  await guarded('the catalogs', tell, () => checkCatalogs(context, tell));
  const relations = context.catalog.tables.find('pg_class', {}).map(({ row }) => row);
  for (const row of relations) {
    if (row.relpersistence === 't' || (row.relisshared && !isFirst)) continue;
    await guarded(`relation "${row.relname}"`, tell, async () => {
      if (kindsWithRows.has(row.relkind)) await checkRelation(context, row, report, tell);
      if (row.relkind === 'S') {
        const relation = context.catalog.requireRelation(row.oid);
        context.store.sequences.read(relation.file);
        report.sequences++;
      }
    });
  }
  await guarded('the files', tell, async () => checkFiles(context, database, tell));
  return report;
}

async function checkRelation(
  context: CommandContext,
  row: PgClassRow,
  report: { -readonly [Key in keyof DatabaseReport]: number },
  tell: (message: string) => void,
): Promise<void> {
  const table = context.catalog.requireRelation(row.oid);
  const name = `table "${table.schemaName}"."${table.name}"`;
  const view = context.transaction.latestView();
  const check = { view, allRows: true, unique: true };
  report.tables++;
  report.rows += await checkTableRows(context, table, view, ({ rowid, message }) => {
    tell(`${name}, row ${rowName(rowid)}: ${message}`);
  });
  for (const index of table.indexes.filter(({ isValid }) => isValid)) {
    report.indexes++;
    report.entries += await checkIndexEntries(context, table, index, check, ({ message }) => {
      tell(`${name}: ${message}`);
    });
  }
}

/** Whatever goes wrong while something is looked at is a finding. */
async function guarded(what: string, tell: (message: string) => void, check: () => Promise<unknown>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (isOwnEnd(error)) throw error;
    const code = error instanceof PgError ? `${error.code} ` : '';
    tell(`${what} can't be checked: ${code}${(error as Error).message}`);
  }
}

/** Tells of files that hold something for this database although no relation is theirs. */
function checkFiles(context: CommandContext, database: number, tell: (message: string) => void): void {
  const known = new Set<string>();
  for (const { row } of context.catalog.tables.find('pg_class', {})) {
    const filenode = row.relfilenode === 0 ? row.oid : row.relfilenode;
    known.add(`${row.relisshared ? 0 : database}/${filenode}`);
  }
  for (const file of context.store.files?.() ?? []) {
    const isOurs = file.database === database || file.database === 0;
    if (isOurs && !known.has(`${file.database}/${file.filenode}`)) {
      tell(`file ${file.filenode} of database ${file.database} has ${file.keys} entries, but no relation is its own`);
    }
  }
}
