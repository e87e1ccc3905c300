-- Tables that views read. Columns left out are null.
SELECT DISTINCT current_database() AS view_catalog, vn.nspname AS view_schema, v.relname AS view_name, current_database() AS table_catalog,
  n.nspname AS table_schema, c.relname AS table_name
FROM pg_class v
  JOIN pg_namespace vn ON vn.oid = v.relnamespace
  JOIN pg_depend dv ON dv.refclassid = 'pg_class'::regclass AND dv.refobjid = v.oid
    AND dv.classid = 'pg_rewrite'::regclass AND dv.deptype = 'i'
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = dv.objid
  JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid AND c.oid <> v.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE v.relkind = 'v' AND c.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(c.relowner, 'USAGE')
