-- Transforms between types and procedural languages. Columns left out are null.
SELECT current_database() AS udt_catalog, tn.nspname AS udt_schema, t.typname AS udt_name, current_database() AS specific_catalog,
  n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name, l.lanname AS group_name, x.kind AS transform_type
FROM pg_transform f
  JOIN pg_type t ON t.oid = f.trftype
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
  JOIN pg_language l ON l.oid = f.trflang
  CROSS JOIN LATERAL (VALUES (f.trffromsql, 'FROM SQL'), (f.trftosql, 'TO SQL')) x(function, kind)
  JOIN pg_proc p ON p.oid = x.function
  JOIN pg_namespace n ON n.oid = p.pronamespace
ORDER BY 1, 2, 3, 7, 8
