-- Columns of tables and views. Columns left out are null.
SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
  a.attnum AS ordinal_position,
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS column_default,
  CASE WHEN NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) THEN 'YES' ELSE 'NO' END AS is_nullable,
  CASE WHEN t.typtype = 'd' THEN
      CASE WHEN b.typelem <> 0 AND b.typlen = -1 THEN 'ARRAY'
        WHEN bn.nspname = 'pg_catalog' THEN format_type(t.typbasetype, NULL) ELSE 'USER-DEFINED' END
    WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
    WHEN tn.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL) ELSE 'USER-DEFINED' END AS data_type,
  information_schema._pg_char_max_length(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS character_maximum_length,
  information_schema._pg_char_octet_length(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS character_octet_length,
  information_schema._pg_numeric_precision(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS numeric_precision,
  information_schema._pg_numeric_precision_radix(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS numeric_precision_radix,
  information_schema._pg_numeric_scale(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS numeric_scale,
  information_schema._pg_datetime_precision(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS datetime_precision,
  information_schema._pg_interval_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
    CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END) AS interval_type,
  CASE WHEN con.nspname IS NOT NULL THEN current_database() END AS collation_catalog, con.nspname AS collation_schema,
  co.collname AS collation_name,
  CASE WHEN t.typtype = 'd' THEN current_database() END AS domain_catalog,
  CASE WHEN t.typtype = 'd' THEN tn.nspname END AS domain_schema,
  CASE WHEN t.typtype = 'd' THEN t.typname END AS domain_name,
  current_database() AS udt_catalog, coalesce(bn.nspname, tn.nspname) AS udt_schema,
  coalesce(b.typname, t.typname) AS udt_name, a.attnum AS dtd_identifier,
  'NO' AS is_self_referencing, CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END AS is_identity,
  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity_generation,
  s.seqstart AS identity_start, s.seqincrement AS identity_increment, s.seqmax AS identity_maximum,
  s.seqmin AS identity_minimum, CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END AS identity_cycle,
  CASE WHEN a.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END AS is_generated,
  CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generation_expression,
  CASE WHEN c.relkind IN ('r', 'p') OR (c.relkind IN ('v', 'f') AND pg_column_is_updatable(c.oid, a.attnum, false)) THEN 'YES' ELSE 'NO' END AS is_updatable
FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) ON c.oid = a.attrelid
  JOIN (pg_type t JOIN pg_namespace tn ON tn.oid = t.typnamespace) ON t.oid = a.atttypid
  LEFT JOIN (pg_type b JOIN pg_namespace bn ON bn.oid = b.typnamespace) ON t.typtype = 'd' AND b.oid = t.typbasetype
  LEFT JOIN (pg_collation co JOIN pg_namespace con ON con.oid = co.collnamespace)
    ON co.oid = a.attcollation AND (con.nspname <> 'pg_catalog' OR co.collname <> 'default')
  LEFT JOIN (pg_depend p JOIN pg_sequence s ON s.seqrelid = p.objid)
    ON p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum
      AND p.classid = 'pg_class'::regclass AND p.deptype = 'i'
WHERE NOT pg_is_other_temp_schema(n.oid) AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'v', 'f', 'p')
  AND (pg_has_role(c.relowner, 'USAGE')
    OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
