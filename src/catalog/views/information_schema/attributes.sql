-- Attributes of composite types. Columns left out are null.
SELECT current_database() AS udt_catalog, n.nspname AS udt_schema, c.relname AS udt_name, a.attname AS attribute_name,
  a.attnum AS ordinal_position, pg_get_expr(d.adbin, d.adrelid) AS attribute_default,
  CASE WHEN NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) THEN 'YES' ELSE 'NO' END AS is_nullable,
  CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
    WHEN tn.nspname = 'pg_catalog' THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END AS data_type,
  information_schema._pg_char_max_length(b.oid, m.typmod) AS character_maximum_length,
  information_schema._pg_char_octet_length(b.oid, m.typmod) AS character_octet_length,
  information_schema._pg_numeric_precision(b.oid, m.typmod) AS numeric_precision,
  information_schema._pg_numeric_precision_radix(b.oid, m.typmod) AS numeric_precision_radix,
  information_schema._pg_numeric_scale(b.oid, m.typmod) AS numeric_scale,
  information_schema._pg_datetime_precision(b.oid, m.typmod) AS datetime_precision,
  information_schema._pg_interval_type(b.oid, m.typmod) AS interval_type,
  CASE WHEN con.nspname IS NOT NULL THEN current_database() END AS collation_catalog, con.nspname AS collation_schema,
  co.collname AS collation_name,
  current_database() AS attribute_udt_catalog, tn.nspname AS attribute_udt_schema, t.typname AS attribute_udt_name,
  a.attnum AS dtd_identifier, 'NO' AS is_derived_reference_attribute
FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_type ct ON ct.oid = c.reltype
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
  CROSS JOIN LATERAL (SELECT CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod) m
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN (pg_collation co JOIN pg_namespace con ON con.oid = co.collnamespace)
    ON co.oid = a.attcollation AND (con.nspname <> 'pg_catalog' OR co.collname <> 'default')
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'c'
  AND (pg_has_role(c.relowner, 'USAGE') OR has_type_privilege(c.reltype, 'USAGE'))
