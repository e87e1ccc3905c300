-- Functions that check constraints call. Columns left out are null.
SELECT DISTINCT current_database() AS constraint_catalog, cn.nspname AS constraint_schema, k.conname AS constraint_name,
  current_database() AS specific_catalog, pn.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name
FROM pg_constraint k
  JOIN pg_namespace cn ON cn.oid = k.connamespace
  JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass
  JOIN pg_proc p ON p.oid = d.refobjid
  JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE k.contype = 'c' AND pg_has_role(p.proowner, 'USAGE')
