-- Columns of primary, unique and foreign keys. Columns left out are null.
SELECT current_database() AS constraint_catalog, cn.nspname AS constraint_schema, k.conname AS constraint_name,
  current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
  key.position AS ordinal_position,
  CASE WHEN k.contype = 'f' THEN information_schema._pg_index_position(k.conindid, k.confkey[key.position]) END
    AS position_in_unique_constraint
FROM pg_constraint k
  JOIN pg_namespace cn ON cn.oid = k.connamespace
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS key(attnum, position)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = key.attnum
WHERE k.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
  AND NOT pg_is_other_temp_schema(n.oid)
  AND (pg_has_role(c.relowner, 'USAGE')
    OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
