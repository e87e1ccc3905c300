// View definitions and rules (pg_get_viewdef, pg_get_ruledef) from the stored query.
import { notSupported } from '../../errors/pg-error.js';
import type { Catalog } from '../api.js';
import { queryFromJson } from '../../trees/json.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../../types/quote.js';
import { deparseContext } from './context.js';
import { deparseQuery } from './query.js';

/** The view's SELECT with a semicolon; null where there is no such relation, `Not a view` where it is no view. */
export function viewDefinition(catalog: Catalog, relation: number, pretty: boolean): string | null {
  if (!catalog.relationHead(relation)) return null;
  const stored = catalog.viewQuery(relation);
  if (stored === null) return 'Not a view';
  const context = deparseContext(catalog, [], { pretty, varPrefix: false });
  const columnNames = catalog.attributeNames(relation).filter((name) => name !== null);
  deparseQuery(context, queryFromJson(stored), { columnNames, namesVisible: true });
  return `${context.writer.toString()};`;
}

/** CREATE RULE for a view's rule, the only kind there is so far. */
export function ruleDefinition(catalog: Catalog, oid: number, pretty: boolean): string | null {
  const row = catalog.tables.findOne('pg_rewrite', { oid })?.row;
  if (!row) return null;
  if (row.rulename !== '_RETURN') throw notSupported('CREATE RULE');
  const view = catalog.requireRelationHead(row.ev_class);
  const isVisible = pretty && catalog.visibility.relation(view.name, view.schema);
  const name = quoteQualifiedIdentifier(isVisible ? null : view.schemaName, view.name);
  return `CREATE RULE ${quoteIdentifier(row.rulename)} AS\n    ON SELECT TO ${name} DO INSTEAD ${viewDefinition(catalog, row.ev_class, pretty)}`;
}
