-- Element types of arrays in columns, domains, parameters and results. Columns left out are null.
SELECT current_database() AS object_catalog, n.nspname AS object_schema, x.object_name, x.object_type,
  x.identifier AS collection_type_identifier,
  CASE WHEN en.nspname = 'pg_catalog' THEN format_type(e.oid, NULL) ELSE 'USER-DEFINED' END AS data_type,
  CASE WHEN con.nspname IS NOT NULL THEN current_database() END AS collation_catalog, con.nspname AS collation_schema,
  co.collname AS collation_name,
  current_database() AS udt_catalog, en.nspname AS udt_schema, e.typname AS udt_name, 'a' || x.identifier AS dtd_identifier
FROM (
    SELECT c.relnamespace AS namespace, c.relname AS object_name,
      CASE WHEN c.relkind = 'c' THEN 'USER-DEFINED TYPE' ELSE 'TABLE' END AS object_type, a.attnum::int AS identifier,
      a.atttypid AS type, a.attcollation AS collation
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'v', 'f', 'c', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.typnamespace, t.typname, 'DOMAIN', 1, t.typbasetype, t.typcollation FROM pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT p.pronamespace, (p.proname || '_' || p.oid)::name, 'ROUTINE', r.n, r.x, 0::oid
    FROM pg_proc p
      CROSS JOIN LATERAL information_schema._pg_expandarray(coalesce(p.proallargtypes, p.proargtypes::oid[])) r
    UNION ALL
    SELECT p.pronamespace, (p.proname || '_' || p.oid)::name, 'ROUTINE', 0, p.prorettype, 0::oid FROM pg_proc p) x
  JOIN pg_namespace n ON n.oid = x.namespace
  JOIN pg_type t ON t.oid = x.type AND t.typelem <> 0 AND t.typlen = -1
  JOIN pg_type e ON e.oid = t.typelem
  JOIN pg_namespace en ON en.oid = e.typnamespace
  LEFT JOIN (pg_collation co JOIN pg_namespace con ON con.oid = co.collnamespace)
    ON co.oid = x.collation AND (con.nspname <> 'pg_catalog' OR co.collname <> 'default')
WHERE (n.nspname, x.object_name, x.object_type, x.identifier::text) IN (
  SELECT object_schema, object_name, object_type, dtd_identifier FROM information_schema.data_type_privileges)
