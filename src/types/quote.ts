// SQL spelling of identifiers and literals, as PostgreSQL's quote_identifier, quote_ident and quote_literal print them.
import { keywords } from './keywords.js';

const reserved = new Set(keywords.filter(([, category]) => category !== 'U').map(([word]) => word));
const plain = /^[a-z_][a-z0-9_]*$/;

/** The identifier as it must be written in SQL: quoted unless it is lower case, plain and no key word but unreserved. */
export function quoteIdentifier(name: string): string {
  return plain.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** schema.name, both quoted as needed; the name alone where `schema` is null. */
export function quoteQualifiedIdentifier(schema: string | null, name: string): string {
  return schema === null ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The string literal in SQL; E'' syntax where it holds a backslash. */
export function quoteLiteral(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return doubled.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
