// Reading parse trees: the parser leaves out zero, false and empty members, and wraps most nodes in their tag. These
// functions unwrap them; nothing here looks at catalogs.
import type { A_Const, DefElem, List, Node, RangeVar, TypeName } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { QualifiedName } from '../catalog/api.js';

type KeysOfUnion<T> = T extends unknown ? keyof T : never;
export type NodeTag = KeysOfUnion<Node>;
export type NodeBody<K extends NodeTag> = Extract<Node, Record<K, unknown>>[K];

/** The node's tag: the name of its only member. */
export function nodeTag(node: Node): NodeTag {
  return Object.keys(node)[0] as NodeTag;
}

/** The node's body where it has that tag, else null. */
export function nodeAs<K extends NodeTag>(node: Node | undefined | null, tag: K): NodeBody<K> | null {
  if (!node) return null;
  return ((node as Record<string, unknown>)[tag] as NodeBody<K> | undefined) ?? null;
}

/** The node's body; the grammar guarantees its tag. */
export function nodeOf<K extends NodeTag>(node: Node | undefined | null, tag: K): NodeBody<K> {
  const body = nodeAs(node, tag);
  if (body === null) throw new Error(`invariant broken: parse tree has no ${tag}`);
  return body;
}

/** A list member (Node[] or a List node) as an array. */
export function listItems(list: readonly Node[] | Node | undefined | null): readonly Node[] {
  if (!list) return [];
  if (Array.isArray(list)) return list as readonly Node[];
  return (nodeAs(list as Node, 'List') as List | null)?.items ?? [];
}

/** A String node's text. */
export function stringOf(node: Node | undefined): string {
  return nodeAs(node, 'String')?.sval ?? '';
}

/** Texts of a list of String nodes. */
export function stringList(list: readonly Node[] | Node | undefined | null): string[] {
  return listItems(list).map(stringOf);
}

/** A dotted name of one to three parts. */
export function qualifiedName(parts: readonly string[]): QualifiedName {
  if (parts.length === 1) return { catalog: null, schema: null, name: parts[0] as string };
  if (parts.length === 2) return { catalog: null, schema: parts[0] as string, name: parts[1] as string };
  if (parts.length === 3) return { catalog: parts[0] as string, schema: parts[1] as string, name: parts[2] as string };
  throw pgError(SqlState.syntaxError, `improper qualified name (too many dotted names): ${parts.join('.')}`);
}

export function rangeVarName(relation: RangeVar): QualifiedName {
  return { catalog: relation.catalogname ?? null, schema: relation.schemaname ?? null, name: relation.relname ?? '' };
}

/** The name as it appears in messages. */
export function nameText(name: QualifiedName): string {
  return [name.catalog, name.schema, name.name].filter((part) => part !== null).join('.');
}

/** Name parts of a list or a TypeName (DROP TYPE, COMMENT ON DOMAIN). */
export function nameParts(node: Node): string[] {
  const typeName = nodeAs(node, 'TypeName') as TypeName | null;
  return stringList(typeName ? typeName.names : node);
}

/** An option's value as text, as PostgreSQL reads it; null where it has none. */
export function defText(def: DefElem): string | null {
  return def.arg === undefined ? null : optionText(def.arg);
}

/** An option's value as text; throws 42601 where it is missing. */
export function defString(def: DefElem): string {
  const text = defText(def);
  if (text === null) throw pgError(SqlState.syntaxError, `${def.defname ?? ''} requires a parameter`);
  return text;
}

function optionText(node: Node): string {
  if ('String' in node) return node.String.sval ?? '';
  if ('Integer' in node) return String(node.Integer.ival ?? 0);
  if ('Float' in node) return node.Float.fval ?? '0';
  if ('Boolean' in node) return node.Boolean.boolval === true ? 'true' : 'false';
  if ('TypeName' in node) return stringList(node.TypeName.names).at(-1) ?? '';
  if ('List' in node) return stringList(node).join('.');
  if ('A_Star' in node) return '*';
  if ('A_Const' in node) return constText(node.A_Const) ?? '';
  throw new Error(`invariant broken: option value is a ${nodeTag(node)}`);
}

/** A constant's text; null for NULL. */
export function constText(constant: A_Const): string | null {
  if (constant.isnull) return null;
  if (constant.sval) return constant.sval.sval ?? '';
  if (constant.fval) return constant.fval.fval ?? '0';
  if (constant.boolval) return constant.boolval.boolval === true ? 'true' : 'false';
  if (constant.bsval) return constant.bsval.bsval ?? '';
  return String(constant.ival?.ival ?? 0);
}

/** An option as a boolean: missing means true; else on/off, true/false, 1/0. Throws 42601. */
export function defBoolean(def: DefElem): boolean {
  if (def.arg === undefined) return true;
  const text = optionText(def.arg).toLowerCase();
  if (text === 'true' || text === 'on' || text === '1') return true;
  if (text === 'false' || text === 'off' || text === '0') return false;
  throw pgError(SqlState.syntaxError, `${def.defname ?? ''} requires a Boolean value`);
}

/** An option as an int8. Throws 42601. */
export function defInt8(def: DefElem): bigint {
  const arg = def.arg;
  if (arg && 'Integer' in arg) return BigInt(arg.Integer.ival ?? 0);
  if (arg && 'Float' in arg) {
    const text = (arg.Float.fval ?? '0').replaceAll('_', '');
    if (!/^[+-]?\d+$/.test(text)) {
      throw pgError(SqlState.invalidTextRepresentation, `invalid input syntax for type bigint: "${text}"`);
    }
    const value = BigInt(text);
    if (value > 9223372036854775807n || value < -9223372036854775808n) {
      throw pgError(SqlState.numericValueOutOfRange, `value "${text}" is out of range for type bigint`);
    }
    return value;
  }
  throw pgError(SqlState.syntaxError, `${def.defname ?? ''} requires a numeric value`);
}

/** An option as an int4. Throws 42601. */
export function defInt4(def: DefElem): number {
  const arg = def.arg;
  if (arg && 'Integer' in arg) return arg.Integer.ival ?? 0;
  throw pgError(SqlState.syntaxError, `${def.defname ?? ''} requires an integer value`);
}

export function defElems(list: readonly Node[] | Node | undefined | null): DefElem[] {
  return listItems(list).map((item) => nodeOf(item, 'DefElem'));
}

/** 42601 for an option given twice. */
export function conflictingOptions(def: DefElem): never {
  throw pgError(SqlState.syntaxError, 'conflicting or redundant options', locationOf(def));
}

export function locationOf(node: { readonly location?: number }): { location: number } {
  return { location: node.location ?? 0 };
}

/** A TypeName node for a built-in type, as the grammar makes it. */
export function systemTypeName(name: string): TypeName {
  return { names: [{ String: { sval: 'pg_catalog' } }, { String: { sval: name } }], typemod: -1, location: -1 };
}
