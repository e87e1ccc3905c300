// CREATE TRIGGER statements from the catalogs (pg_get_triggerdef).
import type { Catalog } from '../api.js';
import type { PgTriggerRow } from '../generated/rows.js';
import { quoteIdentifier, quoteLiteral, quoteQualifiedIdentifier } from '../../types/quote.js';
import { functionName } from './expression.js';
import { deparseContext } from './context.js';
import { expressionTextIn, storedExpression } from './expressions-text.js';
import { relationNamespace } from './namespace.js';
import type { Namespace } from './namespace.js';

/** pg_trigger.tgtype bits. */
const bit = { row: 1, before: 2, insert: 4, delete: 8, update: 16, truncate: 32, instead: 64 } as const;

/** Null where there is no such trigger. */
export function triggerDefinition(catalog: Catalog, oid: number, pretty: boolean): string | null {
  const row = catalog.tables.findOne('pg_trigger', { oid })?.row;
  if (!row) return null;
  const isConstraint = row.tgconstraint !== 0;
  const timing = row.tgtype & bit.before ? 'BEFORE' : row.tgtype & bit.instead ? 'INSTEAD OF' : 'AFTER';
  const parts = [
    `CREATE ${isConstraint ? 'CONSTRAINT ' : ''}TRIGGER ${quoteIdentifier(row.tgname)} ${timing}`,
    ` ${eventsOf(catalog, row)} ON ${tableName(catalog, row.tgrelid, pretty)} `,
  ];
  if (isConstraint) {
    if (row.tgconstrrelid !== 0) parts.push(`FROM ${tableName(catalog, row.tgconstrrelid, true)} `);
    parts.push(
      `${row.tgdeferrable ? '' : 'NOT '}DEFERRABLE INITIALLY ${row.tginitdeferred ? 'DEFERRED ' : 'IMMEDIATE '}`,
    );
  }
  if (row.tgoldtable !== null || row.tgnewtable !== null) {
    parts.push('REFERENCING ');
    if (row.tgoldtable !== null) parts.push(`OLD TABLE AS ${quoteIdentifier(row.tgoldtable)} `);
    if (row.tgnewtable !== null) parts.push(`NEW TABLE AS ${quoteIdentifier(row.tgnewtable)} `);
  }
  parts.push(row.tgtype & bit.row ? 'FOR EACH ROW ' : 'FOR EACH STATEMENT ');
  if (row.tgqual !== null) parts.push(`WHEN (${whenText(catalog, row, pretty)}) `);
  const context = deparseContext(catalog, [], { pretty, varPrefix: false });
  parts.push(`EXECUTE FUNCTION ${functionName(context, row.tgfoid)}(${argumentsOf(row).map(quoteLiteral).join(', ')})`);
  return parts.join('');
}

function eventsOf(catalog: Catalog, row: PgTriggerRow): string {
  const events: string[] = [];
  if (row.tgtype & bit.insert) events.push('INSERT');
  if (row.tgtype & bit.delete) events.push('DELETE');
  if (row.tgtype & bit.update) {
    const attributes = catalog.requireRelation(row.tgrelid).attributes;
    const names = row.tgattr.map((number) => quoteIdentifier(attributes[number - 1]?.name ?? ''));
    events.push(names.length > 0 ? `UPDATE OF ${names.join(', ')}` : 'UPDATE');
  }
  if (row.tgtype & bit.truncate) events.push('TRUNCATE');
  return events.join(' OR ');
}

/** WHEN's condition: OLD is the first range table entry, NEW the second. */
function whenText(catalog: Catalog, row: PgTriggerRow, pretty: boolean): string {
  const one = relationNamespace(catalog, row.tgrelid);
  const [entry] = one.rangeTable;
  const [columns] = one.columns;
  if (!entry || !columns) return '';
  const namespace: Namespace = {
    rangeTable: [entry, entry],
    names: ['old', 'new'],
    columns: [columns, columns],
    ctes: [],
  };
  return expressionTextIn(catalog, storedExpression(row.tgqual ?? ''), [namespace], { pretty, varPrefix: true });
}

function tableName(catalog: Catalog, relation: number, mayHideSchema: boolean): string {
  const table = catalog.requireRelation(relation);
  const isVisible = mayHideSchema && catalog.visibility.relation(table.name, table.schema);
  return quoteQualifiedIdentifier(isVisible ? null : table.schemaName, table.name);
}

/** tgargs: each argument ends with a zero byte. */
function argumentsOf(row: PgTriggerRow): string[] {
  return row.tgargs.toString('utf8').split('\0').slice(0, row.tgnargs);
}
