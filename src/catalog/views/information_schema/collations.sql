-- Collations of the database encoding. Columns left out are null.
SELECT current_database() AS collation_catalog, n.nspname AS collation_schema, c.collname AS collation_name, 'NO PAD' AS pad_attribute
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()))
