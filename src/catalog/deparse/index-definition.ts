// CREATE INDEX statements from the catalogs (pg_get_indexdef).
import type { Catalog } from '../api.js';
import type { PgIndexRow } from '../generated/rows.js';
import { expressionListFromJson } from '../../trees/json.js';
import { expressionCollation, expressionType } from '../../trees/expression-type.js';
import type { Expression } from '../../trees/expression.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../../types/quote.js';
import { collationName, deparse } from './expression.js';
import { deparseContext } from './context.js';
import { expressionText, storedExpression } from './expressions-text.js';
import { relationNamespace } from './namespace.js';
import { reloptionsText } from './options.js';

/** pg_index.indoption bits. */
const optionBit = { descending: 1, nullsFirst: 2 } as const;

/** The whole statement; null where there is no such index. */
export function indexDefinition(catalog: Catalog, index: number, pretty: boolean): string | null {
  const row = catalog.tables.findOne('pg_index', { indexrelid: index })?.row;
  const relation = catalog.relationHead(index);
  if (!row || !relation) return null;
  const table = catalog.requireRelationHead(row.indrelid);
  const isVisible = pretty && catalog.visibility.relation(table.name, table.schema);
  const tableName = quoteQualifiedIdentifier(isVisible ? null : table.schemaName, table.name);
  const only = table.kind === 'p' && !relation.hasSubclass && relation.kind === 'I' ? 'ONLY ' : '';
  const parts = [
    `CREATE ${row.indisunique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(relation.name)} ON ${only}${tableName}`,
    ` USING ${quoteIdentifier(accessMethodName(catalog, relation.accessMethod))} (`,
    keyTexts(catalog, row, pretty, true).join(', '),
    ')',
  ];
  const includes = row.indkey
    .slice(row.indnkeyatts)
    .map((attribute) => attributeName(catalog, row.indrelid, attribute));
  if (includes.length > 0) parts.push(` INCLUDE (${includes.join(', ')})`);
  if (row.indnullsnotdistinct) parts.push(' NULLS NOT DISTINCT');
  if (relation.options.length > 0) parts.push(` WITH (${reloptionsText(relation.options)})`);
  if (row.indpred !== null)
    parts.push(` WHERE ${expressionText(catalog, storedExpression(row.indpred), row.indrelid, { pretty })}`);
  return parts.join('');
}

/** One column's definition alone (1-based), without its options; '' where the index has no such column. */
export function indexColumnDefinition(catalog: Catalog, index: number, column: number, pretty: boolean): string | null {
  const row = catalog.tables.findOne('pg_index', { indexrelid: index })?.row;
  if (!row) return null;
  if (column > row.indnkeyatts) {
    const attribute = row.indkey[column - 1];
    return attribute === undefined ? '' : attributeName(catalog, row.indrelid, attribute);
  }
  return keyTexts(catalog, row, pretty, false)[column - 1] ?? '';
}

function keyTexts(catalog: Catalog, row: PgIndexRow, pretty: boolean, withOptions: boolean): string[] {
  const expressions = row.indexprs === null ? [] : [...expressionListFromJson(row.indexprs)];
  const isOrdered = accessMethodName(catalog, catalog.requireRelationHead(row.indexrelid).accessMethod) === 'btree';
  return row.indkey.slice(0, row.indnkeyatts).map((attribute, index) => {
    const expression = attribute === 0 ? expressions.shift() : undefined;
    const text = expression
      ? keyExpressionText(catalog, expression, row.indrelid, pretty)
      : attributeName(catalog, row.indrelid, attribute);
    if (!withOptions) return text;
    const column = expression
      ? undefined
      : catalog.tables.findOne('pg_attribute', { attrelid: row.indrelid, attnum: attribute })?.row;
    const type = expression ? expressionType(expression) : (column?.atttypid ?? 0);
    const collation = expression ? expressionCollation(expression) : (column?.attcollation ?? 0);
    return (
      text +
      collationText(catalog, row.indcollation[index] ?? 0, collation) +
      opclassText(catalog, row.indclass[index] ?? 0, type) +
      (isOrdered ? directionText(row.indoption[index] ?? 0) : '')
    );
  });
}

/** Function calls stand as they are, other expressions in parentheses. */
/** An index key or statistics expression: in parentheses unless it is a function call. */
export function keyExpressionText(catalog: Catalog, expression: Expression, relation: number, pretty: boolean): string {
  const context = deparseContext(catalog, [relationNamespace(catalog, relation)], { pretty, varPrefix: false });
  deparse(context, expression, false);
  const text = context.writer.toString();
  return looksLikeFunction(expression) ? text : `(${text})`;
}

function looksLikeFunction(expression: Expression): boolean {
  switch (expression.kind) {
    case 'FuncExpr':
      return expression.form === 'explicitCall' || expression.form === 'sqlSyntax';
    case 'CoalesceExpr':
    case 'MinMaxExpr':
    case 'NullIfExpr':
    case 'SqlValueFunction':
      return true;
    default:
      return false;
  }
}

function directionText(option: number): string {
  const nullsFirst = (option & optionBit.nullsFirst) !== 0;
  if (option & optionBit.descending) return nullsFirst ? ' DESC' : ' DESC NULLS LAST';
  return nullsFirst ? ' NULLS FIRST' : '';
}

function collationText(catalog: Catalog, collation: number, own: number): string {
  if (collation === 0 || collation === own) return '';
  return ` COLLATE ${collationName(deparseContext(catalog, [], { pretty: false, varPrefix: false }), collation)}`;
}

/** The operator class, unless it is the type's default one. */
export function opclassText(catalog: Catalog, opclass: number, type: number): string {
  const descriptor = catalog.opclass(opclass);
  if (!descriptor) return '';
  if (type !== 0 && catalog.defaultOpclass(type, descriptor.accessMethod)?.oid === opclass) return '';
  const columns = { name: 'opcname', namespace: 'opcnamespace' };
  const isVisible = catalog.visibility.named('pg_opclass', columns, descriptor.name, descriptor.schema);
  return ` ${quoteQualifiedIdentifier(isVisible ? null : (catalog.namespace(descriptor.schema)?.name ?? ''), descriptor.name)}`;
}

function attributeName(catalog: Catalog, relation: number, attribute: number): string {
  return quoteIdentifier(catalog.attributeNames(relation)[attribute - 1] ?? '');
}

function accessMethodName(catalog: Catalog, oid: number): string {
  return catalog.tables.findOne('pg_am', { oid })?.row.amname ?? 'btree';
}
