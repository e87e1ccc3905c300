// Which types a column may have, and which collation a column definition gets.
import type { CollateClause, TypeName } from '@pgsql/types';
import { PgError, pgError, SqlState } from '../errors/pg-error.js';

import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { CommandContext } from './api.js';
import { locationOf, qualifiedName, stringList } from './tree.js';

interface TypedColumn {
  readonly name: string;
  readonly type: number;
  readonly collation: number;
  readonly location?: number;
}

/** Refuses pseudo-types, collatable types without a collation, and row types within themselves (42P16). `containing`:
 *  row types that the column is part of. */
export function requireColumnType(
  context: CommandContext,
  column: TypedColumn,
  containing: readonly number[] = [],
): void {
  const type = context.catalog.typeByOid(column.type);
  if (type.kind === 'p') {
    throw pgError(
      SqlState.invalidTableDefinition,
      `column "${column.name}" has pseudo-type ${formatType(context, column.type, -1)}`,
    );
  }
  if (type.kind === 'd' && type.baseType !== 0)
    requireColumnType(context, { ...column, type: type.baseType }, containing);
  if (type.kind === 'b' && type.element !== 0 && type.category === 'A') {
    requireColumnType(context, { ...column, type: type.element }, containing);
  }
  if (type.kind === 'c') requireNotWithin(context, type, containing);
  if (column.collation === 0 && type.collation !== 0) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `no collation was derived for column "${column.name}" with collatable type ${formatType(context, column.type, -1)}`,
      { hint: 'Use the COLLATE clause to set the collation explicitly.' },
    );
  }
}

function requireNotWithin(context: CommandContext, type: TypeDescriptor, containing: readonly number[]): void {
  if (containing.includes(type.oid)) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `composite type ${formatType(context, type.oid, -1)} cannot be made a member of itself`,
    );
  }
  for (const attribute of type.attributes) requireColumnType(context, attribute, [...containing, type.oid]);
}

/** A column's collation: the COLLATE clause's, else the type's. Throws 42804 for a type without collations. */
export function columnCollation(context: CommandContext, type: number, clause: CollateClause | undefined): number {
  const typeCollation = context.catalog.typeByOid(type).collation;
  if (clause === undefined) return typeCollation;
  const oid = requireCollation(context, stringList(clause.collname), clause.location);
  if (typeCollation === 0) {
    throw pgError(
      SqlState.datatypeMismatch,
      `collations are not supported by type ${formatType(context, type, -1)}`,
      locationOf(clause),
    );
  }
  return oid;
}

/** A collation by name; throws 42704. */
export function requireCollation(context: CommandContext, parts: readonly string[], location?: number): number {
  const name = qualifiedName(parts);
  const collation = context.catalog.findCollation(name.schema, name.name);
  if (collation === null) {
    throw pgError(
      SqlState.undefinedObject,
      `collation "${parts.join('.')}" for encoding "UTF8" does not exist`,
      location === undefined ? {} : { location },
    );
  }
  return collation.oid;
}

/** A type's name as messages print it: format_type, with the modifier where there is one. */
export function formatType(context: CommandContext, type: number, typmod = -1): string {
  return typmod < 0 ? context.catalog.io.names.toText('regtype', type) : context.catalog.formatType(type, typmod);
}

/** A type name's type and modifier; nodes of our own may carry the oid. Throws 42704, which points at the name only where
 *  `isLocated` (in definitions of columns and sequences). */
export function resolveType(
  context: CommandContext,
  typeName: TypeName | undefined,
  isLocated = false,
): { readonly type: number; readonly typmod: number } {
  if (typeName?.typeOid) return { type: typeName.typeOid, typmod: typeName.typemod ?? -1 };
  return context.corridor.resolveTypeName(isLocated ? (typeName ?? {}) : { ...typeName, location: -1 });
}

/** The type of a function's parameter; an unknown one's name stands without quotes in the message. */
export function resolveParameterType(context: CommandContext, typeName: TypeName | undefined): number {
  try {
    return resolveType(context, typeName).type;
  } catch (error) {
    const unknown = error instanceof PgError ? /^type "(.*)" does not exist$/.exec(error.message) : null;
    if (unknown === null) throw error;
    throw pgError(SqlState.undefinedObject, `type ${unknown[1]} does not exist`);
  }
}
