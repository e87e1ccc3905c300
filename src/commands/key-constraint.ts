// PRIMARY KEY and UNIQUE as the index statements that they stand for: columns checked, the primary key first, doubles
// dropped as PostgreSQL drops them.
import type { Constraint, IndexStmt, Node } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import { isSystemColumn } from './relation-create.js';
import { locationOf, stringList } from './tree.js';

/** What is looked at of the table, which need not exist yet. */
export interface KeyTable {
  readonly name: string;
  readonly schemaName: string;
  readonly attributes: readonly { readonly name: string; readonly isDropped: boolean }[];
  readonly indexes: readonly { readonly isPrimary: boolean }[];
}

/** Index statements for the constraints of one CREATE or ALTER TABLE. Throws 42P16, 42703, 42701. */
export function keyStatements(
  table: KeyTable,
  written: readonly Constraint[],
  options: { readonly isPlaced: boolean } = { isPlaced: true },
): IndexStmt[] {
  const constraints = options.isPlaced ? written : written.map((constraint) => ({ ...constraint, location: -1 }));
  const primary = constraints.filter((constraint) => constraint.contype === 'CONSTR_PRIMARY');
  const [, second] = primary;
  if (second !== undefined || (primary.length > 0 && table.indexes.some((index) => index.isPrimary))) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `multiple primary keys for table "${table.name}" are not allowed`,
      second ? locationOf(second) : {},
    );
  }
  const ordered = [...primary, ...constraints.filter((constraint) => constraint.contype !== 'CONSTR_PRIMARY')];
  const result: IndexStmt[] = [];
  for (const constraint of ordered) {
    const statement = keyStatement(table, constraint, options.isPlaced);
    const same = result.findIndex((other) => sameKey(other, statement));
    if (same < 0) result.push(statement);
    else if (statement.idxname && !result[same]?.idxname)
      result[same] = { ...result[same], idxname: statement.idxname };
    else if (statement.idxname && result[same]?.idxname !== statement.idxname) result.push(statement);
  }
  return result;
}

function keyStatement(table: KeyTable, constraint: Constraint, isNew: boolean): IndexStmt {
  if (constraint.indexname) {
    throw pgError(SqlState.featureNotSupported, 'cannot use an existing index in CREATE TABLE', locationOf(constraint));
  }
  const isPrimary = constraint.contype === 'CONSTR_PRIMARY';
  const names = stringList(constraint.keys);
  if (isPrimary && !isNew) requireKeyColumns(table, names);
  requireColumns(table, names, constraint);
  requireDistinct(names, constraint, isPrimary);
  const included = stringList(constraint.including);
  requireColumns(table, included, constraint);
  return {
    relation: { relname: table.name, schemaname: table.schemaName },
    accessMethod: 'btree',
    unique: true,
    primary: isPrimary,
    isconstraint: true,
    nulls_not_distinct: constraint.nulls_not_distinct === true,
    deferrable: constraint.deferrable === true,
    initdeferred: constraint.initdeferred === true,
    indexParams: names.map(indexElement),
    indexIncludingParams: included.map(indexElement),
    ...(constraint.options ? { options: constraint.options } : {}),
    ...(constraint.conname ? { idxname: constraint.conname } : {}),
    ...(constraint.indexspace ? { tableSpace: constraint.indexspace } : {}),
  };
}

function indexElement(name: string): Node {
  return { IndexElem: { name, ordering: 'SORTBY_DEFAULT', nulls_ordering: 'SORTBY_NULLS_DEFAULT' } };
}

/** A primary key added to a table marks its columns NOT NULL first: an unknown one fails as that does. */
function requireKeyColumns(table: KeyTable, names: readonly string[]): void {
  for (const name of names) {
    if (isSystemColumn(name) || table.attributes.some((column) => column.name === name && !column.isDropped)) continue;
    throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${table.name}" does not exist`);
  }
}

function requireColumns(table: KeyTable, names: readonly string[], constraint: Constraint): void {
  for (const name of names) {
    if (table.attributes.some((attribute) => attribute.name === name && !attribute.isDropped)) continue;
    throw pgError(SqlState.undefinedColumn, `column "${name}" named in key does not exist`, locationOf(constraint));
  }
}

function requireDistinct(names: readonly string[], constraint: Constraint, isPrimary: boolean): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  const noun = isPrimary ? 'primary key' : 'unique';
  throw pgError(
    SqlState.duplicateColumn,
    `column "${twice}" appears twice in ${noun} constraint`,
    locationOf(constraint),
  );
}

/** Same columns and properties: the later one adds nothing. */
function sameKey(left: IndexStmt, right: IndexStmt): boolean {
  const shape = (statement: IndexStmt): string =>
    JSON.stringify([
      statement.indexParams,
      statement.indexIncludingParams,
      statement.nulls_not_distinct,
      statement.deferrable,
      statement.initdeferred,
    ]);
  return shape(left) === shape(right);
}
