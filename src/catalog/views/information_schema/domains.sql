-- Domains. Columns left out are null.
SELECT current_database() AS domain_catalog, n.nspname AS domain_schema, t.typname AS domain_name,
  CASE WHEN bn.nspname = 'pg_catalog' THEN format_type(b.oid, NULL) ELSE 'USER-DEFINED' END AS data_type,
  information_schema._pg_char_max_length(b.oid, t.typtypmod) AS character_maximum_length,
  information_schema._pg_char_octet_length(b.oid, t.typtypmod) AS character_octet_length,
  information_schema._pg_numeric_precision(b.oid, t.typtypmod) AS numeric_precision,
  information_schema._pg_numeric_precision_radix(b.oid, t.typtypmod) AS numeric_precision_radix,
  information_schema._pg_numeric_scale(b.oid, t.typtypmod) AS numeric_scale,
  information_schema._pg_datetime_precision(b.oid, t.typtypmod) AS datetime_precision,
  information_schema._pg_interval_type(b.oid, t.typtypmod) AS interval_type,
  CASE WHEN con.nspname IS NOT NULL THEN current_database() END AS collation_catalog, con.nspname AS collation_schema,
  co.collname AS collation_name,
  t.typdefault AS domain_default, current_database() AS udt_catalog, bn.nspname AS udt_schema, b.typname AS udt_name,
  1 AS dtd_identifier
FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_type b ON b.oid = t.typbasetype
  JOIN pg_namespace bn ON bn.oid = b.typnamespace
  LEFT JOIN (pg_collation co JOIN pg_namespace con ON con.oid = co.collnamespace)
    ON co.oid = t.typcollation AND (con.nspname <> 'pg_catalog' OR co.collname <> 'default')
WHERE t.typtype = 'd' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'))
