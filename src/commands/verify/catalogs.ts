// References between catalogs: each column that PostgreSQL's pg_get_catalog_foreign_keys() names holds what its target has.
import { quoteIdentifier } from '../../types/quote.js';
import type { CommandContext } from '../api.js';

interface Reference {
  readonly table: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
  readonly isArray: boolean;
  /** Zero stands for none. */
  readonly isOptional: boolean;
}

const listReferences = `
select fktable::regclass::text, fkcols::text, pktable::regclass::text, pkcols::text, is_array, is_opt
from pg_catalog.pg_get_catalog_foreign_keys()`;

/** Tells each reference that leads nowhere; returns how many kinds of references there are. */
export async function checkCatalogs(context: CommandContext, tell: (message: string) => void): Promise<number> {
  const references = (await context.corridor.runSql(listReferences)).map(
    ([table, columns, target, targetColumns, isArray, isOptional]): Reference => ({
      table: String(table),
      columns: namesOf(String(columns)),
      target: String(target),
      targetColumns: namesOf(String(targetColumns)),
      isArray: isArray === true,
      isOptional: isOptional === true,
    }),
  );
  for (const reference of references) {
    for (const [row] of await context.corridor.runSql(danglingSql(reference))) {
      const from = `${reference.table} (${reference.columns.join(', ')})`;
      tell(`${from} refers to ${String(row)}, which ${reference.target} does not have`);
    }
  }
  return references.length;
}

/** {a,b} */
function namesOf(list: string): string[] {
  return list.slice(1, -1).split(',');
}

/** Values of a reference that its target does not have. */
export function danglingSql({ table, columns, target, targetColumns, isArray, isOptional }: Reference): string {
  const [last = ''] = columns.slice(-1);
  const from = isArray
    ? `${table} f cross join lateral pg_catalog.unnest(f.${quoteIdentifier(last)}) as element(${quoteIdentifier(last)})`
    : `${table} f`;
  const value = (column: string) => `${isArray && column === last ? 'element' : 'f'}.${quoteIdentifier(column)}`;
  const matches = columns.map((column, n) => `p.${quoteIdentifier(targetColumns[n] ?? '')} = ${value(column)}`);
  const optional = isOptional ? ` and ${value(last)} <> 0` : '';
  const shown = columns.map((column) => `${value(column)}::pg_catalog.text`).join(` || ', ' || `);
  return `select distinct ${shown} from ${from}
    where ${columns.map((column) => `${value(column)} is not null`).join(' and ')}${optional}
    and not exists (select from ${target} p where ${matches.join(' and ')}) limit 20`;
}
