-- Tables that keys belong or refer to. Columns left out are null.
SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, current_database() AS constraint_catalog,
  cn.nspname AS constraint_schema, k.conname AS constraint_name
FROM pg_constraint k
  JOIN pg_namespace cn ON cn.oid = k.connamespace
  JOIN pg_class c ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid ELSE k.conrelid END
  JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('f', 'p', 'u') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
