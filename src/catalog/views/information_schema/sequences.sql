-- Sequences other than those of identity columns. Columns left out are null.
SELECT current_database() AS sequence_catalog, n.nspname AS sequence_schema, c.relname AS sequence_name,
  format_type(s.seqtypid, NULL) AS data_type,
  information_schema._pg_numeric_precision(s.seqtypid, -1) AS numeric_precision, 2 AS numeric_precision_radix,
  0 AS numeric_scale, s.seqstart AS start_value, s.seqmin AS minimum_value, s.seqmax AS maximum_value,
  s.seqincrement AS increment, CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END AS cycle_option
FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT pg_is_other_temp_schema(n.oid)
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT, UPDATE, USAGE'))
