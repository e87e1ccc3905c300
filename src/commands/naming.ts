// The names PostgreSQL makes up: t_pkey, t_a_key, t_a_b_idx, t_a_fkey, t_a_check, t_id_seq; truncated to 63 bytes and
// numbered until they are free. Also the column names of indexes.
import type { Node } from '@pgsql/types';
import { identifierBytesMax } from '../base/limits.js';
import type { CommandContext } from './api.js';
import { nodeTag, stringList, stringOf } from './tree.js';

/** name1[_name2][_label], the longer of the first two shortened until it fits. */
export function makeObjectName(name1: string, name2: string | null, label: string | null): string {
  let available = identifierBytesMax;
  if (label) available -= Buffer.byteLength(label) + 1;
  if (name2) available -= 1;
  let first = Buffer.byteLength(name1);
  let second = name2 ? Buffer.byteLength(name2) : 0;
  while (first + second > available) {
    if (first > second) first--;
    else second--;
  }
  const parts = [clipBytes(name1, first)];
  if (name2) parts.push(clipBytes(name2, second));
  if (label) parts.push(label);
  return parts.join('_');
}

/** The longest prefix of at most `bytes` bytes that cuts no character. */
export function clipBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((encoded[end] as number) & 0xc0) === 0x80) end--;
  return encoded.utf8Slice(0, end);
}

/** A free relation name in the schema; for constraints' indexes no constraint may bear it either. */
export function chooseRelationName(
  context: CommandContext,
  parts: { readonly name1: string; readonly name2: string | null; readonly label: string },
  schema: number,
  isConstraint: boolean,
): string {
  for (let pass = 0; ; pass++) {
    const name = makeObjectName(parts.name1, parts.name2, pass === 0 ? parts.label : `${parts.label}${pass}`);
    if (relationNameTaken(context, name, schema)) continue;
    if (isConstraint && constraintNameTaken(context, name, schema)) continue;
    return name;
  }
}

/** A constraint name that no constraint of the schema and none of `others` has. */
export function chooseConstraintName(
  context: CommandContext,
  parts: { readonly name1: string; readonly name2: string | null; readonly label: string },
  schema: number,
  others: readonly string[],
): string {
  for (let pass = 0; ; pass++) {
    const name = makeObjectName(parts.name1, parts.name2, pass === 0 ? parts.label : `${parts.label}${pass}`);
    if (others.includes(name) || constraintNameTaken(context, name, schema)) continue;
    return name;
  }
}

function relationNameTaken(context: CommandContext, name: string, schema: number): boolean {
  return context.catalog.tables.findOne('pg_class', { relname: name, relnamespace: schema }) !== null;
}

function constraintNameTaken(context: CommandContext, name: string, schema: number): boolean {
  return context.catalog.tables.findOne('pg_constraint', { conname: name, connamespace: schema }) !== null;
}

/** Column names joined with '_', as they enter an index's or foreign key's name. */
export function joinedColumnNames(columns: readonly string[]): string {
  let result = '';
  for (const column of columns) {
    result = result === '' ? column : `${result}_${column}`;
    if (Buffer.byteLength(result) > identifierBytesMax) break;
  }
  return clipBytes(result, identifierBytesMax);
}

/** An index's column names: the given ones, later duplicates numbered. `null` stands for an unnamed expression. */
export function chooseIndexColumnNames(given: readonly (string | null)[]): string[] {
  const result: string[] = [];
  for (const name of given) {
    const wanted = name ?? 'expr';
    let current = wanted;
    for (let pass = 1; result.includes(current); pass++) {
      const suffix = String(pass);
      current = clipBytes(wanted, identifierBytesMax - suffix.length) + suffix;
    }
    result.push(current);
  }
  return result;
}

/** The name an expression would have as a column; null where nothing suggests one. */
export function figureColumnName(node: Node): string | null {
  return figure(node).name;
}

/** strength 0: none, 1: only the type's name of a cast, 2: good. */
interface FiguredName {
  readonly name: string | null;
  readonly strength: 0 | 1 | 2;
}
const unnamed: FiguredName = { name: null, strength: 0 };

function good(name: string | undefined): FiguredName {
  return name ? { name, strength: 2 } : unnamed;
}

function figure(node: Node | undefined): FiguredName {
  if (!node) return unnamed;
  if ('ColumnRef' in node) return good(lastName(node.ColumnRef.fields));
  if ('A_Indirection' in node) {
    const name = lastName(node.A_Indirection.indirection);
    return name ? good(name) : figure(node.A_Indirection.arg);
  }
  if ('FuncCall' in node) return good(stringList(node.FuncCall.funcname).at(-1));
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? good('nullif') : unnamed;
  if ('TypeCast' in node) {
    const inner = figure(node.TypeCast.arg);
    const type = stringList(node.TypeCast.typeName?.names).at(-1);
    return inner.strength <= 1 && type ? { name: type, strength: 1 } : inner;
  }
  if ('CollateClause' in node) return figure(node.CollateClause.arg);
  if ('CaseExpr' in node) {
    const inner = figure(node.CaseExpr.defresult);
    return inner.strength <= 1 ? { name: 'case', strength: 1 } : inner;
  }
  if ('MinMaxExpr' in node) return good(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest');
  if ('SQLValueFunction' in node) return good(sqlValueName(node.SQLValueFunction.op ?? ''));
  return good(fixedNames[nodeTag(node)]);
}

const fixedNames: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  XmlSerialize: 'xmlserialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonParseExpr: 'json',
};

function sqlValueName(op: string): string {
  return op
    .replace(/^SVFOP_/, '')
    .replace(/_N$/, '')
    .toLowerCase();
}

function lastName(fields: readonly Node[] | undefined): string | undefined {
  const names = (fields ?? []).filter((field) => 'String' in field).map(stringOf);
  return names.at(-1);
}
