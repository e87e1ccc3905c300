// A column definition of CREATE TABLE or ADD COLUMN taken apart: type, collation, and its constraints sorted by what they
// become (default, generation expression, identity, NOT NULL, checks, keys, foreign keys). Throws PostgreSQL's errors for
// contradictions.
import type { ColumnDef, Constraint, DefElem, Node, TypeName } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { TypeOid } from './classes.js';
import { columnCollation, formatType, resolveType } from './column-type.js';
import { requireTypeUsage } from './permissions.js';
import { defElems, locationOf, nodeOf, stringList, systemTypeName } from './tree.js';

/** What a column definition says. */
export interface ColumnParts {
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly dimensions: number;
  readonly notNull: boolean;
  readonly storage: string;
  readonly compression: string;
  /** DEFAULT or GENERATED expression; null without one. */
  readonly defaultExpr: Node | null;
  readonly generated: boolean;
  /** Identity: a always, d by default; '' without. */
  readonly identity: '' | 'a' | 'd';
  readonly sequenceOptions: readonly DefElem[];
  readonly isSerial: boolean;
  readonly checks: readonly Constraint[];
  /** PRIMARY KEY and UNIQUE, their key the column. */
  readonly keys: readonly Constraint[];
  readonly foreignKeys: readonly Constraint[];
  readonly location: number;
}

const serialTypes: Readonly<Record<string, string>> = {
  smallserial: 'int2',
  serial2: 'int2',
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
};

/** Takes a column definition apart. `tableName` is for messages. */
export function readColumn(context: CommandContext, definition: ColumnDef, tableName: string): ColumnParts {
  const name = definition.colname ?? '';
  const serial = serialBase(definition.typeName);
  const typeName = serial ? systemTypeName(serial) : (definition.typeName ?? {});
  if (typeName.setof) {
    throw pgError(SqlState.invalidTableDefinition, `column "${name}" cannot be declared SETOF`);
  }
  const { type, typmod } = resolveType(context, typeName, true);
  requireTypeUsage(context, type);
  const collation = columnCollation(context, type, definition.collClause);
  const sorted = sortConstraints(definition, { tableName, isSerial: serial !== null });
  return {
    name,
    type,
    typmod,
    collation,
    dimensions: (typeName.arrayBounds ?? []).length,
    storage: definition.storage_name ? storageLetter(context, definition.storage_name, type) : '',
    compression: definition.compression ? compressionLetter(context, definition.compression, type) : '',
    isSerial: serial !== null,
    location: definition.location ?? 0,
    ...sorted,
  };
}

/** int2, int4 or int8 for smallserial, serial, bigserial; null for other types. */
function serialBase(typeName: TypeName | undefined): string | null {
  const names = stringList(typeName?.names);
  if (names.length !== 1 || typeName?.pct_type) return null;
  const base = serialTypes[names[0] as string];
  if (base === undefined) return null;
  if ((typeName?.arrayBounds ?? []).length > 0) {
    throw pgError(SqlState.featureNotSupported, 'array of serial is not implemented', locationOf(typeName ?? {}));
  }
  return base;
}

type Sorted = Pick<
  ColumnParts,
  'notNull' | 'defaultExpr' | 'generated' | 'identity' | 'sequenceOptions' | 'checks' | 'keys' | 'foreignKeys'
>;
interface Sorting {
  notNull: boolean | null;
  defaultExpr: Node | null;
  hasDefault: boolean;
  generated: boolean;
  identity: '' | 'a' | 'd';
  sequenceOptions: readonly DefElem[];
  readonly checks: Constraint[];
  readonly keys: Constraint[];
  readonly foreignKeys: Constraint[];
}

function sortConstraints(
  definition: ColumnDef,
  column: { readonly tableName: string; readonly isSerial: boolean },
): Sorted {
  const state: Sorting = {
    notNull: column.isSerial ? true : null,
    defaultExpr: null,
    hasDefault: column.isSerial,
    generated: false,
    identity: '',
    sequenceOptions: [],
    checks: [],
    keys: [],
    foreignKeys: [],
  };
  const where = `column "${definition.colname ?? ''}" of table "${column.tableName}"`;
  let lastKey: Constraint | null = null;
  let lastIndex: { list: Constraint[]; index: number } | null = null;
  for (const node of definition.constraints ?? []) {
    const constraint = nodeOf(node, 'Constraint');
    if (isAttribute(constraint)) {
      if (lastKey === null || lastIndex === null) throw misplacedAttribute(constraint);
      lastKey = withAttribute(lastKey, constraint);
      lastIndex.list[lastIndex.index] = lastKey;
      continue;
    }
    const target = sortOne(state, definition, constraint, where);
    // A serial's own default is written nowhere.
    requireOneSource(state, where, { location: column.isSerial ? -1 : (constraint.location ?? 0) });
    lastKey = constraint;
    lastIndex = target === null ? null : { list: target, index: target.length - 1 };
    if (target !== null) lastKey = target.at(-1) as Constraint;
  }
  const { hasDefault: _hasDefault, notNull, ...rest } = state;
  return { ...rest, notNull: notNull === true };
}

function isAttribute(constraint: Constraint): boolean {
  return (constraint.contype ?? '').startsWith('CONSTR_ATTR_');
}

function misplacedAttribute(constraint: Constraint): Error {
  const words: Readonly<Record<string, string>> = {
    CONSTR_ATTR_DEFERRABLE: 'misplaced DEFERRABLE clause',
    CONSTR_ATTR_NOT_DEFERRABLE: 'misplaced NOT DEFERRABLE clause',
    CONSTR_ATTR_DEFERRED: 'misplaced INITIALLY DEFERRED clause',
    CONSTR_ATTR_IMMEDIATE: 'misplaced INITIALLY IMMEDIATE clause',
  };
  return pgError(
    SqlState.syntaxError,
    words[constraint.contype ?? ''] ?? 'misplaced constraint attribute',
    locationOf(constraint),
  );
}

/** DEFERRABLE and INITIALLY, written after the column constraint they belong to. */
function withAttribute(constraint: Constraint, attribute: Constraint): Constraint {
  const kind = constraint.contype ?? '';
  if (!['CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_EXCLUSION', 'CONSTR_FOREIGN'].includes(kind))
    throw misplacedAttribute(attribute);
  switch (attribute.contype) {
    case 'CONSTR_ATTR_DEFERRABLE':
      return { ...constraint, deferrable: true };
    case 'CONSTR_ATTR_NOT_DEFERRABLE':
      if (constraint.initdeferred) {
        throw pgError(
          SqlState.syntaxError,
          'constraint declared INITIALLY DEFERRED must be DEFERRABLE',
          locationOf(attribute),
        );
      }
      return { ...constraint, deferrable: false };
    case 'CONSTR_ATTR_DEFERRED':
      return { ...constraint, deferrable: true, initdeferred: true };
    default:
      return constraint;
  }
}

/** Files one constraint; returns the list it went to where attributes may follow. */
function sortOne(state: Sorting, definition: ColumnDef, constraint: Constraint, where: string): Constraint[] | null {
  const refuse = (text: string): Error => pgError(SqlState.syntaxError, text, locationOf(constraint));
  switch (constraint.contype) {
    case 'CONSTR_NULL':
      if (state.notNull === true) throw refuse(`conflicting NULL/NOT NULL declarations for ${where}`);
      state.notNull = false;
      return null;
    case 'CONSTR_NOTNULL':
      if (state.notNull === false) throw refuse(`conflicting NULL/NOT NULL declarations for ${where}`);
      state.notNull = true;
      return null;
    case 'CONSTR_DEFAULT':
      if (state.hasDefault) throw refuse(`multiple default values specified for ${where}`);
      state.hasDefault = true;
      state.defaultExpr = constraint.raw_expr ?? null;
      return null;
    case 'CONSTR_IDENTITY':
      if (state.identity !== '') throw refuse(`multiple identity specifications for ${where}`);
      if (state.notNull === false) throw refuse(`conflicting NULL/NOT NULL declarations for ${where}`);
      state.identity = constraint.generated_when as 'a' | 'd';
      state.sequenceOptions = defElems(constraint.options);
      state.notNull = true;
      return null;
    case 'CONSTR_GENERATED':
      if (state.generated) throw refuse(`multiple generation clauses specified for ${where}`);
      state.generated = true;
      state.defaultExpr = constraint.raw_expr ?? null;
      return null;
    case 'CONSTR_CHECK':
      state.checks.push(constraint);
      return state.checks;
    case 'CONSTR_PRIMARY':
    case 'CONSTR_UNIQUE':
      state.keys.push({ ...constraint, keys: constraint.keys ?? [{ String: { sval: definition.colname ?? '' } }] });
      return state.keys;
    case 'CONSTR_FOREIGN':
      state.foreignKeys.push({ ...constraint, fk_attrs: [{ String: { sval: definition.colname ?? '' } }] });
      return state.foreignKeys;
    default:
      throw notSupported(`column constraint ${constraint.contype ?? ''}`);
  }
}

/** Refused at the constraint that brings the second source. */
function requireOneSource(state: Sorting, where: string, location: { readonly location: number }): void {
  const refuse = (text: string): Error => pgError(SqlState.syntaxError, text, location);
  if (state.hasDefault && state.identity !== '') throw refuse(`both default and identity specified for ${where}`);
  if (state.hasDefault && state.generated)
    throw refuse(`both default and generation expression specified for ${where}`);
  if (state.identity !== '' && state.generated)
    throw refuse(`both identity and generation expression specified for ${where}`);
}

const storages: Readonly<Record<string, string>> = { plain: 'p', external: 'e', extended: 'x', main: 'm' };

/** Letter of a STORAGE clause. Throws 22023 and, for types of fixed size, 0A000. */
export function storageLetter(context: CommandContext, name: string, type: number): string {
  const lower = name.toLowerCase();
  const row = context.catalog.tables.findOne('pg_type', { oid: type })?.row;
  if (lower === 'default') return row?.typstorage ?? 'p';
  const letter = storages[lower];
  if (letter === undefined) throw pgError(SqlState.invalidParameterValue, `invalid storage type "${name}"`);
  if (letter !== 'p' && row?.typstorage === 'p') {
    throw pgError(
      SqlState.featureNotSupported,
      `column data type ${formatType(context, type)} can only have storage PLAIN`,
    );
  }
  return letter;
}

/** Letter of a COMPRESSION clause. Throws 22023 and 0A000. */
export function compressionLetter(context: CommandContext, name: string, type: number): string {
  if (context.catalog.tables.findOne('pg_type', { oid: type })?.row.typstorage === 'p') {
    throw pgError(
      SqlState.featureNotSupported,
      `column data type ${formatType(context, type)} does not support compression`,
    );
  }
  if (name === 'default') return '';
  if (name === 'pglz') return 'p';
  if (name === 'lz4') return 'l';
  throw pgError(SqlState.invalidParameterValue, `invalid compression method "${name}"`);
}
