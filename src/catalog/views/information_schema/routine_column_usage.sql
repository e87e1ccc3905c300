-- Columns that SQL functions with a parsed body use. Columns left out are null.
SELECT DISTINCT current_database() AS specific_catalog, n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name,
  current_database() AS routine_catalog, n.nspname AS routine_schema, p.proname AS routine_name,
  current_database() AS table_catalog, cn.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name
FROM pg_depend d
  JOIN pg_proc p ON p.oid = d.objid
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_class c ON c.oid = d.refobjid
  JOIN pg_namespace cn ON cn.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND p.prokind IN ('f', 'p')
  AND c.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(c.relowner, 'USAGE')
