// Type names to types: search path, arrays, %TYPE, type modifiers through the type's own modifier rules, collation and
// operator class names. Messages and codes are PostgreSQL's.
import type { CollateClause, Node, TypeName } from '@pgsql/types';
import type { Catalog, QualifiedName } from '../catalog/api.js';
import { type Notice, pgError, SqlState } from '../errors/pg-error.js';
import { nameListText, stringsOf } from '../trees/ast.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import { typmodFromTexts } from './type-modifiers.js';

export interface TypeReference {
  readonly type: number;
  readonly typmod: number;
}

/** What resolving needs: the catalog, and where NOTICEs go. */
export interface NameContext {
  readonly catalog: Catalog;
  notice(notice: Notice): void;
}

/** Resolves a written type name with its modifier. Throws 42704, 3F000, 42601, 22023, ... */
export function resolveTypeName(context: NameContext, name: TypeName): TypeReference {
  const type = findTypeName(context, name);
  if (type === null) {
    throw pgError(SqlState.undefinedObject, `type "${typeNameText(name)}" does not exist`, {
      location: name.location ?? 0,
    });
  }
  if (!type.isDefined) {
    throw pgError(SqlState.undefinedObject, `type "${typeNameText(name)}" is only a shell`, {
      location: name.location ?? 0,
    });
  }
  return { type: type.oid, typmod: typmodOf(context, name, type) };
}

/** As resolveTypeName without the modifier; null where there is no such type. */
export function findTypeName(context: NameContext, name: TypeName): TypeDescriptor | null {
  const catalog = context.catalog;
  if (name.names === undefined || name.names.length === 0) {
    return name.typeOid === undefined ? null : catalog.findTypeByOid(name.typeOid);
  }
  if (name.pct_type === true) return arrayIfWritten(catalog, name, percentType(context, name));
  const qualified = qualifiedName(catalog, stringsOf(name.names), name.location ?? 0);
  if (qualified.schema !== null && catalog.findNamespace(qualified.schema) === null) {
    throw pgError(SqlState.invalidSchemaName, `schema "${qualified.schema}" does not exist`, {
      location: name.location ?? 0,
    });
  }
  const found = catalog.findType(qualified.schema, qualified.name);
  return found === null ? null : arrayIfWritten(catalog, name, found);
}

/** The name as messages show it: schema.name[] or table.column%TYPE. */
export function typeNameText(name: TypeName): string {
  const base = nameListText(stringsOf(name.names));
  const suffix = (name.arrayBounds ?? []).length > 0 ? '[]' : '';
  return `${base}${name.pct_type === true ? '%TYPE' : ''}${suffix}`;
}

/** Splits [database.]schema.name; 0A000 for another database, 42601 for too many parts. */
export function qualifiedName(catalog: Catalog, names: readonly string[], location: number): QualifiedName {
  const [first, second, third] = names;
  if (names.length === 1) return { catalog: null, schema: null, name: first ?? '' };
  if (names.length === 2) return { catalog: null, schema: first ?? '', name: second ?? '' };
  if (names.length === 3) {
    if (first !== catalog.databaseName) {
      throw pgError(
        SqlState.featureNotSupported,
        `cross-database references are not implemented: ${nameListText(names)}`,
        { location },
      );
    }
    return { catalog: first ?? '', schema: second ?? '', name: third ?? '' };
  }
  throw pgError(SqlState.syntaxError, `improper qualified name (too many dotted names): ${nameListText(names)}`, {
    location,
  });
}

/** A type's name as format_type prints it. */
export function formatType(catalog: Catalog, type: number): string {
  return type === 0 ? '-' : catalog.io.names.toText('regtype', type);
}

/** Resolves COLLATE's name. Throws 42704 `collation "x" for encoding "UTF8" does not exist`. */
export function resolveCollation(catalog: Catalog, names: readonly string[], location: number): number {
  const qualified = qualifiedName(catalog, names, location);
  if (qualified.schema !== null && catalog.findNamespace(qualified.schema) === null) {
    throw pgError(SqlState.invalidSchemaName, `schema "${qualified.schema}" does not exist`, { location });
  }
  const collation = catalog.findCollation(qualified.schema, qualified.name);
  if (collation === null) {
    throw pgError(SqlState.undefinedObject, `collation "${nameListText(names)}" for encoding "UTF8" does not exist`, {
      location,
    });
  }
  return collation.oid;
}

/** Collation of a column definition: its COLLATE clause, else its type's. Throws 42804 for types without collation. */
export function columnCollation(catalog: Catalog, clause: CollateClause | undefined, type: number): number {
  const typeCollation = catalog.typeByOid(type).collation;
  if (clause === undefined) return typeCollation;
  const collation = resolveCollation(catalog, stringsOf(clause.collname), clause.location ?? 0);
  if (collation !== 0 && typeCollation === 0) {
    throw pgError(SqlState.datatypeMismatch, `collations are not supported by type ${formatType(catalog, type)}`, {
      location: clause.location ?? 0,
    });
  }
  return collation;
}

/** Resolves an operator class name for an access method and a type; `names` empty: the type's default one. */
export function resolveOpclass(catalog: Catalog, names: readonly string[], type: number, accessMethod: string): number {
  if (names.length === 0) {
    const found = catalog.defaultOpclass(type, accessMethod);
    if (found !== null) return found.oid;
    throw pgError(
      SqlState.undefinedObject,
      `data type ${formatType(catalog, type)} has no default operator class for access method "${accessMethod}"`,
      {
        hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
      },
    );
  }
  const qualified = qualifiedName(catalog, names, -1);
  const opclass = catalog.findOpclass(accessMethod, qualified.schema, qualified.name);
  if (opclass === null) {
    throw pgError(
      SqlState.undefinedObject,
      `operator class "${nameListText(names)}" does not exist for access method "${accessMethod}"`,
    );
  }
  return opclass.oid;
}

function arrayIfWritten(catalog: Catalog, name: TypeName, type: TypeDescriptor): TypeDescriptor | null {
  if ((name.arrayBounds ?? []).length === 0) return type;
  return type.array === 0 ? null : catalog.findTypeByOid(type.array);
}

/** table.column%TYPE, with the NOTICE about what it was converted to. */
function percentType(context: NameContext, name: TypeName): TypeDescriptor {
  const catalog = context.catalog;
  const names = stringsOf(name.names);
  const location = name.location ?? 0;
  if (names.length === 1) {
    throw pgError(SqlState.syntaxError, `improper %TYPE reference (too few dotted names): ${names.join('.')}`, {
      location,
    });
  }
  if (names.length > 4) {
    throw pgError(SqlState.syntaxError, `improper %TYPE reference (too many dotted names): ${names.join('.')}`, {
      location,
    });
  }
  const field = names[names.length - 1] ?? '';
  const relation = catalog.resolveRelation(qualifiedName(catalog, names.slice(0, -1), location), location);
  const attribute = relation.attributes.find((candidate) => candidate.name === field && !candidate.isDropped);
  if (attribute === undefined) {
    throw pgError(SqlState.undefinedColumn, `column "${field}" of relation "${relation.name}" does not exist`, {
      location,
    });
  }
  const type = catalog.typeByOid(attribute.type);
  context.notice({
    severity: 'NOTICE',
    code: SqlState.successfulCompletion,
    message: `type reference ${typeNameText(name)} converted to ${formatType(catalog, attribute.type)}`,
    fields: {},
  });
  return type;
}

function typmodOf(context: NameContext, name: TypeName, type: TypeDescriptor): number {
  const modifiers = name.typmods ?? [];
  if (modifiers.length === 0) return name.typemod ?? 0;
  const location = name.location ?? 0;
  const element = (name.arrayBounds ?? []).length > 0 ? context.catalog.typeByOid(type.element) : type;
  if (element.typmodIn === '') {
    throw pgError(SqlState.syntaxError, `type modifier is not allowed for type "${typeNameText(name)}"`, { location });
  }
  const texts = modifiers.map((modifier) => modifierText(modifier, location));
  try {
    return typmodFromTexts(element, texts, context);
  } catch (error) {
    throw atLocation(error, location);
  }
}

function modifierText(modifier: Node, location: number): string {
  if ('A_Const' in modifier) {
    const { ival, fval, sval } = modifier.A_Const;
    if (ival !== undefined) return String(ival.ival ?? 0);
    if (fval !== undefined) return fval.fval ?? '0';
    if (sval !== undefined) return sval.sval ?? '';
  }
  if ('ColumnRef' in modifier && modifier.ColumnRef.fields?.length === 1) {
    const [text] = stringsOf(modifier.ColumnRef.fields);
    if (text !== undefined && text !== '') return text;
  }
  throw pgError(SqlState.syntaxError, 'type modifiers must be simple constants or identifiers', { location });
}

/** The error with a source location, unless it has one already. */
export function atLocation(error: unknown, location: number): unknown {
  if (
    isLocatable(error) &&
    error.fields.location === undefined &&
    error.fields.position === undefined &&
    location >= 0
  ) {
    error.fields = { ...error.fields, location };
  }
  return error;
}

function isLocatable(error: unknown): error is { fields: { location?: number; position?: number } } {
  return error instanceof Error && error.name === 'PgError' && 'fields' in error;
}
