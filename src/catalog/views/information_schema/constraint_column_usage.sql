-- Columns that constraints use: checked, unique, or referred to. Columns left out are null.
SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
  current_database() AS constraint_catalog, u.constraint_schema, u.conname AS constraint_name
FROM (
    SELECT DISTINCT d.refobjid AS relation, d.refobjsubid AS attnum, cn.nspname AS constraint_schema, k.conname
    FROM pg_constraint k
      JOIN pg_namespace cn ON cn.oid = k.connamespace
      JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
    WHERE k.contype = 'c'
    UNION ALL
    SELECT CASE k.contype WHEN 'f' THEN k.confrelid ELSE k.conrelid END, key.attnum, cn.nspname, k.conname
    FROM pg_constraint k
      JOIN pg_namespace cn ON cn.oid = k.connamespace
      CROSS JOIN LATERAL unnest(CASE k.contype WHEN 'f' THEN k.confkey ELSE k.conkey END) AS key(attnum)
    WHERE k.contype IN ('p', 'u', 'f')) u
  JOIN pg_class c ON c.oid = u.relation AND c.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum AND NOT a.attisdropped
WHERE pg_has_role(c.relowner, 'USAGE')
