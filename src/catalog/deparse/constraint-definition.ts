// Constraint definitions from the catalogs (pg_get_constraintdef): the text behind CONSTRAINT name.
import { notSupported } from '../../errors/pg-error.js';
import type { Catalog } from '../api.js';
import type { PgConstraintRow } from '../generated/rows.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../../types/quote.js';
import { expressionText, storedExpression } from './expressions-text.js';
import { reloptionsText } from './options.js';

const referentialActions: Readonly<Record<string, string>> = {
  a: '',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

/** Null where there is no such constraint. */
export function constraintDefinition(catalog: Catalog, oid: number, pretty: boolean): string | null {
  const row = catalog.tables.findOne('pg_constraint', { oid })?.row;
  if (!row) return null;
  return bodyOf(catalog, row, pretty) + suffixOf(row);
}

/** The definition with what only making it again needs: the storage options of the index behind it. */
export function constraintCommand(catalog: Catalog, row: PgConstraintRow): string {
  const isKey = row.contype === 'p' || row.contype === 'u';
  const options = isKey ? (catalog.relationHead(row.conindid)?.options ?? []) : [];
  const storage = options.length > 0 ? ` WITH (${reloptionsText(options)})` : '';
  return bodyOf(catalog, row, false) + storage + suffixOf(row);
}

function bodyOf(catalog: Catalog, row: PgConstraintRow, pretty: boolean): string {
  switch (row.contype) {
    case 'f':
      return foreignKeyText(catalog, row);
    case 'p':
    case 'u':
      return keyText(catalog, row);
    case 'c': {
      if (row.conbin === null) return 'CHECK ()';
      const text = expressionText(catalog, storedExpression(row.conbin), row.conrelid, { pretty });
      return `CHECK (${text})${row.connoinherit ? ' NO INHERIT' : ''}`;
    }
    // A domain's: those of columns are no constraints of their own.
    case 'n':
      return 'NOT NULL';
    case 't':
      return 'TRIGGER';
    default:
      throw notSupported(`deparsing a constraint of type "${row.contype}"`);
  }
}

function foreignKeyText(catalog: Catalog, row: PgConstraintRow): string {
  const target = catalog.requireRelationHead(row.confrelid);
  const isVisible = catalog.visibility.relation(target.name, target.schema);
  const name = quoteQualifiedIdentifier(isVisible ? null : target.schemaName, target.name);
  const parts = [
    `FOREIGN KEY (${columns(catalog, row.conrelid, row.conkey)}) REFERENCES ${name}(${columns(catalog, row.confrelid, row.confkey)})`,
  ];
  if (row.confmatchtype === 'f') parts.push(' MATCH FULL');
  const onUpdate = referentialActions[row.confupdtype];
  const onDelete = referentialActions[row.confdeltype];
  if (onUpdate) parts.push(` ON UPDATE ${onUpdate}`);
  if (onDelete) parts.push(` ON DELETE ${onDelete}`);
  if (row.confdelsetcols && row.confdelsetcols.length > 0)
    parts.push(` (${columns(catalog, row.conrelid, row.confdelsetcols)})`);
  return parts.join('');
}

function keyText(catalog: Catalog, row: PgConstraintRow): string {
  const index = catalog.tables.findOne('pg_index', { indexrelid: row.conindid })?.row;
  const parts = [row.contype === 'p' ? 'PRIMARY KEY ' : 'UNIQUE '];
  if (index?.indnullsnotdistinct) parts.push('NULLS NOT DISTINCT ');
  parts.push(`(${columns(catalog, row.conrelid, row.conkey)})`);
  const includes = index?.indkey.slice(index.indnkeyatts) ?? [];
  if (includes.length > 0) parts.push(` INCLUDE (${columns(catalog, row.conrelid, includes)})`);
  return parts.join('');
}

function suffixOf(row: PgConstraintRow): string {
  const deferrable = row.condeferrable ? ' DEFERRABLE' : '';
  const deferred = row.condeferred ? ' INITIALLY DEFERRED' : '';
  return `${deferrable}${deferred}${row.convalidated ? '' : ' NOT VALID'}`;
}

function columns(catalog: Catalog, relation: number, numbers: readonly number[] | null): string {
  const names = catalog.attributeNames(relation);
  return (numbers ?? []).map((number) => quoteIdentifier(names[number - 1] ?? '')).join(', ');
}
