-- Types of columns. Columns left out are null.
SELECT current_database() AS udt_catalog, bn.nspname AS udt_schema, b.typname AS udt_name, current_database() AS table_catalog,
  n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name
FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
  JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
  JOIN pg_namespace bn ON bn.oid = b.typnamespace
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND pg_has_role(b.typowner, 'USAGE')
