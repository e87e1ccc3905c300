-- Columns that UPDATE OF triggers name. Columns left out are null.
SELECT current_database() AS trigger_catalog, n.nspname AS trigger_schema, t.tgname AS trigger_name, current_database() AS event_object_catalog,
  n.nspname AS event_object_schema, c.relname AS event_object_table, a.attname AS event_object_column
FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL unnest(t.tgattr) AS k(attnum)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE NOT t.tgisinternal AND NOT pg_is_other_temp_schema(n.oid)
  AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'INSERT, UPDATE, REFERENCES'))
