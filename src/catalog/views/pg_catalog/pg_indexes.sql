-- Indexes and their definitions.
SELECT n.nspname AS schemaname, t.relname AS tablename, i.relname AS indexname, s.spcname AS tablespace,
  pg_get_indexdef(i.oid) AS indexdef
FROM pg_index x
  JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
WHERE t.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I')
