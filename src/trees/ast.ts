// Small tools over the raw parse tree (libpg_query's JSON form: every node is an object with one key, its tag; fields
// with the zero value are left out; unknown locations are -1).
import type {
  A_Const,
  DeleteStmt as DeleteStmt18,
  InsertStmt as InsertStmt18,
  MergeStmt as MergeStmt18,
  Node,
  UpdateStmt as UpdateStmt18,
} from '@pgsql/types';

/** The published types describe PostgreSQL 18's grammar; 17's has a plain RETURNING list. */
interface Returning {
  readonly returningList?: Node[];
}
export type InsertStmt = InsertStmt18 & Returning;
export type UpdateStmt = UpdateStmt18 & Returning;
export type DeleteStmt = DeleteStmt18 & Returning;
export type MergeStmt = MergeStmt18 & Returning;

/** The tag of a raw node: 'SelectStmt', 'A_Expr', ... */
export function nodeTag(node: Node): string {
  for (const tag in node) return tag;
  return '';
}

/** The text of a String node; '' for any other node. */
export function stringOf(node: Node | undefined): string {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : '';
}

/** The texts of a list of String nodes (qualified names, operator names). */
export function stringsOf(nodes: readonly Node[] | undefined): string[] {
  return nodes === undefined ? [] : nodes.map(stringOf);
}

/** A qualified name as written. */
export function nameListText(names: readonly string[]): string {
  return names.join('.');
}

/** True for a bare string constant. */
export function isStringConst(constant: A_Const): boolean {
  return constant.sval !== undefined;
}

/** Byte offset where a raw expression starts, -1 where unknown: PostgreSQL's rule for each node. */
export function rawLocation(node: Node | undefined): number {
  if (node === undefined) return -1;
  const tag = nodeTag(node);
  const body = (node as unknown as Record<string, RawBody>)[tag];
  if (body === undefined) return -1;
  switch (tag) {
    case 'List':
      return listLocation(body.items);
    case 'A_Expr':
      return leftmost(locationOf(body), rawLocation(body.lexpr));
    case 'BoolExpr':
      return leftmost(locationOf(body), listLocation(body.args));
    case 'FuncCall':
      return leftmost(locationOf(body), listLocation(body.args));
    case 'A_Indirection':
    case 'NamedArgExpr':
    case 'NullTest':
    case 'BooleanTest':
      return leftmost(tag === 'A_Indirection' ? -1 : locationOf(body), rawLocation(body.arg));
    case 'TypeCast':
      return leftmost(leftmost(locationOf(body), rawLocation(body.arg)), body.typeName?.location ?? -1);
    case 'CollateClause':
      return rawLocation(body.arg);
    case 'SortBy':
      return rawLocation(body.node);
    case 'SubLink':
      return leftmost(locationOf(body), rawLocation(body.testexpr));
    case 'ResTarget':
    case 'RangeVar':
    default:
      return locationOf(body);
  }
}

interface RawBody {
  readonly location?: number;
  readonly items?: Node[];
  readonly args?: Node[];
  readonly arg?: Node;
  readonly node?: Node;
  readonly lexpr?: Node;
  readonly testexpr?: Node;
  readonly typeName?: { readonly location?: number };
}

/** Location of the first element of a list that has one. */
export function listLocation(nodes: readonly Node[] | undefined): number {
  for (const node of nodes ?? []) {
    const location = rawLocation(node);
    if (location >= 0) return location;
  }
  return -1;
}

const withoutLocation = new Set(['List', 'A_Indirection', 'A_Star', 'String', 'Integer', 'Float']);

function locationOf(body: RawBody): number {
  return body.location ?? 0;
}

function leftmost(left: number, right: number): number {
  if (left < 0) return right;
  if (right < 0) return left;
  return Math.min(left, right);
}

/** True where a node kind carries a location field at all. */
export function hasLocation(node: Node): boolean {
  return !withoutLocation.has(nodeTag(node));
}
