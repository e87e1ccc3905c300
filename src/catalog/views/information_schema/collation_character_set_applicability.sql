-- The character set of each collation. Columns left out are null.
SELECT current_database() AS collation_catalog, n.nspname AS collation_schema, c.collname AS collation_name,
  pg_encoding_to_char((SELECT d.encoding FROM pg_database d WHERE d.datname = current_database())) AS character_set_name
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()))
