-- Running VACUUM commands.
SELECT p.pid, p.datid, d.datname, p.relid, CASE p.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'scanning heap' WHEN 2 THEN 'vacuuming indexes' WHEN 3 THEN 'vacuuming heap' WHEN 4 THEN 'cleaning up indexes' WHEN 5 THEN 'truncating heap' WHEN 6 THEN 'performing final cleanup' END AS phase,
  p.param2 AS heap_blks_total, p.param3 AS heap_blks_scanned, p.param4 AS heap_blks_vacuumed,
  p.param5 AS index_vacuum_count, p.param6 AS max_dead_tuple_bytes, p.param7 AS dead_tuple_bytes,
  p.param8 AS num_dead_item_ids, p.param9 AS indexes_total, p.param10 AS indexes_processed
FROM pg_stat_get_progress_info('VACUUM') p LEFT JOIN pg_database d ON d.oid = p.datid
