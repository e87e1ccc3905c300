-- Check and not-null constraints of tables and domains. Columns left out are null.
SELECT current_database() AS constraint_catalog, cn.nspname AS constraint_schema, k.conname AS constraint_name,
  CASE k.contype WHEN 'n' THEN 'VALUE IS NOT NULL' ELSE pg_get_expr(k.conbin, coalesce(c.oid, 0)) END AS check_clause
FROM pg_constraint k
  LEFT JOIN pg_namespace cn ON cn.oid = k.connamespace
  LEFT JOIN pg_class c ON c.oid = k.conrelid
  LEFT JOIN pg_type t ON t.oid = k.contypid
WHERE (k.contype = 'c' OR (k.contype = 'n' AND k.contypid <> 0))
  AND pg_has_role(coalesce(c.relowner, t.typowner), 'USAGE')
UNION ALL
SELECT current_database(), n.nspname, concat_ws('_', n.oid, c.oid, a.attnum, 'not_null')::name, format('%s IS NOT NULL', a.attname)
FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND pg_has_role(c.relowner, 'USAGE')
