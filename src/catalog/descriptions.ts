// Our own comments on built-in objects (pg_description, pg_shdescription): the few that tools print or compare.
import type { Value } from '../types/value.js';
import { catalogShapes } from './generated/schema.js';
import { postgresDatabase, publicNamespace, template0Database, template1Database } from './oids.js';

const plpgsqlExtension = 13567;
const plpgsqlLanguage = 13571;

/** Rows of pg_description: object, catalog, 0, text. pg_dump leaves the public schema's out while it is unchanged. */
export function ownDescriptions(): Value[][] {
  return [
    [publicNamespace, catalogShapes.pg_namespace.oid, 0, 'standard public schema'],
    [11, catalogShapes.pg_namespace.oid, 0, 'system catalog schema'],
    [99, catalogShapes.pg_namespace.oid, 0, 'reserved schema for TOAST tables'],
    [plpgsqlExtension, catalogShapes.pg_extension.oid, 0, 'PL/pgSQL procedural language'],
    [plpgsqlLanguage, catalogShapes.pg_language.oid, 0, 'PL/pgSQL procedural language'],
    [12, catalogShapes.pg_language.oid, 0, 'built-in functions'],
    [13, catalogShapes.pg_language.oid, 0, 'dynamically-loaded C functions'],
    [14, catalogShapes.pg_language.oid, 0, 'SQL-language functions'],
    [2, catalogShapes.pg_am.oid, 0, 'heap table access method'],
    [403, catalogShapes.pg_am.oid, 0, 'b-tree index access method'],
    [405, catalogShapes.pg_am.oid, 0, 'hash index access method'],
  ];
}

/** Rows of pg_shdescription: object, catalog, text. */
export function ownSharedDescriptions(): Value[][] {
  const { oid } = catalogShapes.pg_database;
  return [
    [template1Database, oid, 'default template for new databases'],
    [template0Database, oid, 'unmodifiable empty database'],
    [postgresDatabase, oid, 'default administrative connection database'],
  ];
}
