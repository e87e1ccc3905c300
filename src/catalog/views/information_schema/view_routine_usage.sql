-- Functions that views call. Columns left out are null.
SELECT DISTINCT current_database() AS table_catalog, vn.nspname AS table_schema, v.relname AS table_name,
  current_database() AS specific_catalog, n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name
FROM pg_class v
  JOIN pg_namespace vn ON vn.oid = v.relnamespace
  JOIN pg_depend dv ON dv.refclassid = 'pg_class'::regclass AND dv.refobjid = v.oid
    AND dv.classid = 'pg_rewrite'::regclass AND dv.deptype = 'i'
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = dv.objid
  JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
  JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE v.relkind = 'v' AND pg_has_role(p.proowner, 'USAGE')
