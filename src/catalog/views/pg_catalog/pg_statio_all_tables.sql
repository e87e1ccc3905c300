-- Block reads of all tables, their indexes and TOAST tables.
SELECT c.oid AS relid, n.nspname AS schemaname, c.relname,
  pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS heap_blks_read,
  pg_stat_get_blocks_hit(c.oid) AS heap_blks_hit, x.idx_blks_read, x.idx_blks_hit,
  pg_stat_get_blocks_fetched(t.oid) - pg_stat_get_blocks_hit(t.oid) AS toast_blks_read,
  pg_stat_get_blocks_hit(t.oid) AS toast_blks_hit, tx.tidx_blks_read, tx.tidx_blks_hit
FROM pg_class c
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_blocks_fetched(i.indexrelid) - pg_stat_get_blocks_hit(i.indexrelid))::bigint AS idx_blks_read,
      sum(pg_stat_get_blocks_hit(i.indexrelid))::bigint AS idx_blks_hit
    FROM pg_index i WHERE i.indrelid = c.oid) x ON true
  LEFT JOIN LATERAL (
    SELECT sum(pg_stat_get_blocks_fetched(i.indexrelid) - pg_stat_get_blocks_hit(i.indexrelid))::bigint AS tidx_blks_read,
      sum(pg_stat_get_blocks_hit(i.indexrelid))::bigint AS tidx_blks_hit
    FROM pg_index i WHERE i.indrelid = t.oid) tx ON true
WHERE c.relkind IN ('r', 't', 'm')
