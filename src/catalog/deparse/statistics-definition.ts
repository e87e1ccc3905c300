// CREATE STATISTICS from the catalogs (pg_get_statisticsobjdef and its parts).
import type { Catalog } from '../api.js';
import type { PgStatisticExtRow } from '../generated/rows.js';
import { expressionListFromJson } from '../../trees/json.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../../types/quote.js';
import { expressionText } from './expressions-text.js';
import { keyExpressionText } from './index-definition.js';

const kinds = { d: 'ndistinct', f: 'dependencies', m: 'mcv' } as const;

/** The whole statement; null where there is no such object. */
export function statisticsDefinition(catalog: Catalog, oid: number): string | null {
  const row = catalog.tables.findOne('pg_statistic_ext', { oid })?.row;
  if (!row) return null;
  const table = catalog.requireRelation(row.stxrelid);
  const isVisible = catalog.visibility.relation(table.name, table.schema);
  const name = quoteQualifiedIdentifier(catalog.namespace(row.stxnamespace)?.name ?? '', row.stxname);
  const target = quoteQualifiedIdentifier(isVisible ? null : table.schemaName, table.name);
  return `CREATE STATISTICS ${name}${kindsText(row)} ON ${statisticsColumns(catalog, oid)} FROM ${target}`;
}

/** The columns and expressions alone. */
export function statisticsColumns(catalog: Catalog, oid: number): string | null {
  const row = catalog.tables.findOne('pg_statistic_ext', { oid })?.row;
  if (!row) return null;
  const { attributes } = catalog.requireRelation(row.stxrelid);
  const columns = row.stxkeys.map((number) => quoteIdentifier(attributes[number - 1]?.name ?? ''));
  const expressions = row.stxexprs === null ? [] : expressionListFromJson(row.stxexprs);
  return [
    ...columns,
    ...expressions.map((expression) => keyExpressionText(catalog, expression, row.stxrelid, true)),
  ].join(', ');
}

/** The expressions, each as text. */
export function statisticsExpressions(catalog: Catalog, row: PgStatisticExtRow): string[] {
  if (row.stxexprs === null) return [];
  return expressionListFromJson(row.stxexprs).map((expression) =>
    expressionText(catalog, expression, row.stxrelid, { pretty: false }),
  );
}

/** (ndistinct, ...) unless all kinds are kept, or an expression alone leaves none to choose. */
function kindsText(row: PgStatisticExtRow): string {
  const chosen = Object.entries(kinds).filter(([kind]) => row.stxkind.includes(kind));
  const count = row.stxkeys.length + (row.stxexprs === null ? 0 : 1);
  if (chosen.length === 3 || count < 2) return '';
  return ` (${chosen.map(([, name]) => name).join(', ')})`;
}
