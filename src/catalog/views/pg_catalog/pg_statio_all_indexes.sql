-- Block reads of all indexes.
SELECT t.oid AS relid, i.oid AS indexrelid, n.nspname AS schemaname, t.relname, i.relname AS indexrelname,
  pg_stat_get_blocks_fetched(i.oid) - pg_stat_get_blocks_hit(i.oid) AS idx_blks_read,
  pg_stat_get_blocks_hit(i.oid) AS idx_blks_hit
FROM pg_index x
  JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE t.relkind IN ('r', 't', 'm')
