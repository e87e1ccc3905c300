-- Functions that SQL functions with a parsed body call. Columns left out are null.
SELECT DISTINCT current_database() AS specific_catalog, n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name,
  current_database() AS routine_catalog, cn.nspname AS routine_schema, c.proname || '_' || c.oid AS routine_name
FROM pg_depend d
  JOIN pg_proc p ON p.oid = d.objid
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_proc c ON c.oid = d.refobjid
  JOIN pg_namespace cn ON cn.oid = c.pronamespace
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_proc'::regclass AND p.prokind IN ('f', 'p')
  AND c.prokind IN ('f', 'p') AND pg_has_role(c.proowner, 'USAGE')
