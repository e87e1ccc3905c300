// Text forms of reg* types: names to oids and back, under the session's search path, in PostgreSQL's spelling and with
// its errors. Numbers stand for themselves and '-' for 0 in every kind but where noted.
import { pgError, SqlState } from '../errors/pg-error.js';
import { parseUnsigned32 } from '../types/oid-types.js';
import type { NameResolution, RegKind } from '../types/io-context.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../types/quote.js';
import type { CatalogTables } from './api.js';
import type { FunctionDescriptor, OperatorDescriptor } from './descriptors.js';
import { splitQualifiedName } from './identifier-list.js';
import type { NamedObjectLookups } from './lookups/named-objects.js';
import type { NamespaceLookups } from './lookups/namespaces.js';
import type { RelationLookups } from './lookups/relations.js';
import type { RoleLookups } from './lookups/roles.js';
import type { TypeLookups } from './lookups/types.js';
import { parseSignature } from './signature-text.js';
import { parseTypeName } from './type-name-text.js';
import type { Visibility } from './visibility.js';

export interface NamingBase {
  readonly databaseName: string;
  readonly tables: CatalogTables;
  readonly namespaces: NamespaceLookups;
  readonly types: TypeLookups;
  readonly relations: RelationLookups;
  readonly functions: NamedObjectLookups;
  readonly roles: RoleLookups;
  readonly visibility: Visibility;
  /** format_type without modifier; `qualify` always writes the schema. */
  formatType(oid: number, qualify?: boolean): string;
}

export interface Names extends NameResolution {
  /** Type oid of a type name's text; throws 42704, 3F000, 42601. */
  typeOfText(text: string): number;
  /** name(argument types), qualified where the search path needs it or `qualify` asks for it. */
  functionSignature(found: FunctionDescriptor, qualify?: boolean): string;
  operatorSignature(found: OperatorDescriptor, qualify?: boolean): string;
}

/** Kinds whose names live in one catalog, with the words of their "does not exist". */
const plainKinds = {
  regconfig: { table: 'pg_ts_config', name: 'cfgname', namespace: 'cfgnamespace', noun: 'text search configuration' },
  regdictionary: { table: 'pg_ts_dict', name: 'dictname', namespace: 'dictnamespace', noun: 'text search dictionary' },
  regcollation: { table: 'pg_collation', name: 'collname', namespace: 'collnamespace', noun: 'collation' },
} as const;

export function createNames(base: NamingBase): Names {
  const { tables, namespaces, types, relations, functions, roles, visibility } = base;
  const schemaName = (oid: number): string => namespaces.namespace(oid)?.name ?? String(oid);

  /** [schema, name] of a dotted name; the database's own name may stand before them. */
  function qualified(text: string, tooMany: string): readonly [schema: string | null, name: string] {
    const parts = splitQualifiedName(text);
    if (parts === null) throw pgError(SqlState.invalidName, 'invalid name syntax');
    if (parts.length > 3) throw pgError(SqlState.syntaxError, `${tooMany} (too many dotted names): ${parts.join('.')}`);
    if (parts.length === 3 && parts[0] !== base.databaseName)
      throw pgError(
        SqlState.featureNotSupported,
        `cross-database references are not implemented: "${parts.join('.')}"`,
      );
    return [parts.length > 1 ? (parts[parts.length - 2] ?? null) : null, parts[parts.length - 1] ?? ''];
  }

  const unqualified = (text: string): string => {
    const parts = splitQualifiedName(text);
    if (parts === null || parts.length !== 1) throw pgError(SqlState.invalidName, 'invalid name syntax');
    return parts[0] ?? '';
  };

  const written = (schema: string | null, name: string): string => (schema === null ? name : `${schema}.${name}`);

  function typeOfText(text: string): number {
    const parsed = parseTypeName(text);
    if (parsed.schema !== null && namespaces.findNamespace(parsed.schema) === null)
      throw pgError(SqlState.undefinedSchema, `schema "${parsed.schema}" does not exist`);
    const type = types.findType(parsed.schema, parsed.name);
    if (type === null)
      throw pgError(
        SqlState.undefinedObject,
        `type "${written(parsed.schema, parsed.name)}${parsed.isArray ? '[]' : ''}" does not exist`,
      );
    if (parsed.modifiers.length > 0 && type.typmodIn === '')
      throw pgError(SqlState.syntaxError, `type modifier is not allowed for type "${parsed.name}"`);
    if (!parsed.isArray) return type.oid;
    if (type.array === 0)
      throw pgError(SqlState.undefinedObject, `type "${written(parsed.schema, parsed.name)}[]" does not exist`);
    return type.array;
  }

  const parsers: Readonly<Record<RegKind, (text: string) => number>> = {
    regclass(text) {
      const [schema, name] = qualified(text, 'improper relation name');
      const oid = relations.findRelationOid(schema, name);
      if (oid === 0) throw pgError(SqlState.undefinedTable, `relation "${written(schema, name)}" does not exist`);
      return oid;
    },
    regtype: typeOfText,
    regproc(text) {
      const found = functions.functionsNamed(...qualified(text, 'improper qualified name'));
      if (found.length === 0) throw pgError(SqlState.undefinedFunction, `function "${text}" does not exist`);
      if (found.length > 1) throw pgError(SqlState.ambiguousFunction, `more than one function named "${text}"`);
      return found[0]?.oid ?? 0;
    },
    regprocedure(text) {
      const { name, args } = parseSignature(text, false);
      const types = args.map(typeOfText);
      const found = functions
        .functionsNamed(...qualified(name, 'improper qualified name'))
        .find(({ argTypes }) => sameList(argTypes, types));
      if (found === undefined) throw pgError(SqlState.undefinedFunction, `function "${text}" does not exist`);
      return found.oid;
    },
    regoper(text) {
      const [schema, name] = operatorName(text);
      const found = [...functions.operatorsNamed(schema, name, 'b'), ...functions.operatorsNamed(schema, name, 'l')];
      if (found.length === 0) throw pgError(SqlState.undefinedFunction, `operator does not exist: ${text}`);
      if (found.length > 1) throw pgError(SqlState.ambiguousFunction, `more than one operator named ${text}`);
      return found[0]?.oid ?? 0;
    },
    regoperator(text) {
      const { name, args } = parseSignature(text, true);
      requireTwoArguments(args);
      const [left = 0, right = 0] = args.map((arg) => (arg.toLowerCase() === 'none' ? 0 : typeOfText(arg)));
      const [schema, operator] = operatorName(name);
      const candidates = functions.operatorsNamed(schema, operator, left === 0 ? 'l' : 'b');
      const found = candidates.find((candidate) => candidate.left === left && candidate.right === right);
      if (found === undefined) throw pgError(SqlState.undefinedFunction, `operator does not exist: ${text}`);
      return found.oid;
    },
    regrole(text) {
      const name = unqualified(text);
      const oid = roles.roleOid(name);
      if (oid === null) throw pgError(SqlState.undefinedObject, `role "${name}" does not exist`);
      return oid;
    },
    regnamespace(text) {
      const name = unqualified(text);
      const found = namespaces.findNamespace(name);
      if (found === null) throw pgError(SqlState.undefinedSchema, `schema "${name}" does not exist`);
      return found.oid;
    },
    regconfig: (text) => plainOid('regconfig', text),
    regdictionary: (text) => plainOid('regdictionary', text),
    regcollation(text) {
      const [schema, name] = qualified(text, 'improper qualified name');
      const found = functions.findCollation(schema, name);
      if (found === null)
        throw pgError(
          SqlState.undefinedObject,
          `collation "${written(schema, name)}" for encoding "UTF8" does not exist`,
        );
      return found.oid;
    },
  };

  function plainOid(kind: 'regconfig' | 'regdictionary', text: string): number {
    const { table, noun, ...columns } = plainKinds[kind];
    const [schema, name] = qualified(text, 'improper qualified name');
    for (const namespace of namespaces.lookupPathWithoutTemporary(schema)) {
      const entry = tables.findOne(table, { [columns.name]: name, [columns.namespace]: namespace } as never);
      if (entry !== null) return (entry.row as { readonly oid: number }).oid;
    }
    throw pgError(SqlState.undefinedObject, `${noun} "${written(schema, name)}" does not exist`);
  }

  const argumentList = (argTypes: readonly number[], qualify: boolean): string =>
    argTypes.map((type) => base.formatType(type, qualify)).join(',');

  function functionSignature(found: FunctionDescriptor, qualify = false): string {
    const schema = !qualify && visibility.function(found.oid) ? null : schemaName(found.schema);
    return `${quoteQualifiedIdentifier(schema, found.name)}(${argumentList(found.argTypes, qualify)})`;
  }

  function operatorSignature(found: OperatorDescriptor, qualify = false): string {
    const schema = !qualify && visibility.operator(found.oid) ? '' : `${quoteIdentifier(schemaName(found.schema))}.`;
    const side = (type: number) => (type === 0 ? 'NONE' : base.formatType(type, qualify));
    return `${schema}${found.name}(${side(found.left)},${side(found.right)})`;
  }

  /** Null where no such object exists: the number is printed instead. */
  const printers: Readonly<Record<RegKind, (oid: number) => string | null>> = {
    regclass(oid) {
      const row = tables.findOne('pg_class', { oid })?.row;
      if (row === undefined) return null;
      return quoteQualifiedIdentifier(
        visibility.relation(row.relname, row.relnamespace) ? null : schemaName(row.relnamespace),
        row.relname,
      );
    },
    regtype: (oid) => (types.findTypeByOid(oid) === null ? null : base.formatType(oid)),
    regproc(oid) {
      const found = functions.function(oid);
      if (found === null) return null;
      // A name with several candidates doesn't find the function by itself.
      const candidates = functions.functionsNamed(null, found.name);
      const unique = candidates.length === 1 && candidates[0]?.oid === oid;
      return quoteQualifiedIdentifier(unique ? null : schemaName(found.schema), found.name);
    },
    regprocedure(oid) {
      const found = functions.function(oid);
      return found === null ? null : functionSignature(found);
    },
    regoper(oid) {
      const found = functions.operator(oid);
      if (found === null) return null;
      const candidates = [
        ...functions.operatorsNamed(null, found.name, 'b'),
        ...functions.operatorsNamed(null, found.name, 'l'),
      ];
      const unique = candidates.length === 1 && candidates[0]?.oid === oid;
      return unique ? found.name : `${quoteIdentifier(schemaName(found.schema))}.${found.name}`;
    },
    regoperator(oid) {
      const found = functions.operator(oid);
      return found === null ? null : operatorSignature(found);
    },
    regrole(oid) {
      const name = roles.roleName(oid);
      return name === null ? null : quoteIdentifier(name);
    },
    regnamespace(oid) {
      const found = namespaces.namespace(oid);
      return found === null ? null : quoteIdentifier(found.name);
    },
    regconfig: (oid) => plainName('regconfig', oid),
    regdictionary: (oid) => plainName('regdictionary', oid),
    regcollation: (oid) => plainName('regcollation', oid),
  };

  function plainName(kind: keyof typeof plainKinds, oid: number): string | null {
    const { table, name: nameColumn, namespace } = plainKinds[kind];
    const row = tables.findOne(table, { oid })?.row as Record<string, string | number> | undefined;
    if (row === undefined) return null;
    const [name, schema] = [String(row[nameColumn]), Number(row[namespace])];
    const visible = visibility.named(table, { name: nameColumn, namespace }, name, schema);
    return quoteQualifiedIdentifier(visible ? null : schemaName(schema), name);
  }

  return {
    toOid(kind, text, missingOk) {
      const isOperator = kind === 'regoper' || kind === 'regoperator';
      if (text === '-' && !isOperator) return 0;
      if (missingOk && /^\d+$/.test(text)) return numericOid(text);
      try {
        return parsers[kind](text);
      } catch (error) {
        if (missingOk && isMissing(error)) return null;
        throw error;
      }
    },
    toText: (kind, oid) =>
      oid === 0 ? (kind === 'regoper' || kind === 'regoperator' ? '0' : '-') : (printers[kind](oid) ?? String(oid)),
    roleName: roles.roleName,
    roleOid: roles.roleOid,
    typeOfText,
    functionSignature,
    operatorSignature,
  };

  function operatorName(text: string): readonly [string | null, string] {
    const match = /^\s*(?:(.*)\.)?\s*([-+*/<>=~!@#%^&|`?]+)\s*$/s.exec(text);
    if (match === null) return qualified(text, 'improper qualified name');
    return [match[1] === undefined ? null : unqualified(match[1]), match[2] ?? ''];
  }
}

/** An oid written as a number; null where it is none. */
function numericOid(text: string): number | null {
  try {
    return parseUnsigned32(text, 'oid');
  } catch {
    return null;
  }
}

/** What to_reg* answers with NULL: a missing object or schema, an ambiguous name. */
function isMissing(error: unknown): boolean {
  const missing: readonly string[] = [
    SqlState.undefinedTable,
    SqlState.undefinedObject,
    SqlState.undefinedFunction,
    SqlState.undefinedSchema,
    SqlState.ambiguousFunction,
    SqlState.invalidName,
    SqlState.invalidTextRepresentation,
    SqlState.undefinedParameter,
    SqlState.tooManyArguments,
  ];
  return error instanceof Error && 'code' in error && missing.includes(String(error.code));
}

function requireTwoArguments(args: readonly string[]): void {
  if (args.length < 2)
    throw pgError(SqlState.undefinedParameter, 'missing argument', {
      hint: 'Use NONE to denote the missing argument of a unary operator.',
    });
  if (args.length > 2)
    throw pgError(SqlState.tooManyArguments, 'too many arguments', {
      hint: 'Provide two argument types for operator.',
    });
}

function sameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, at) => value === right[at]);
}
