-- Running CLUSTER and VACUUM FULL commands.
SELECT p.pid, p.datid, d.datname, p.relid, CASE p.param1 WHEN 1 THEN 'CLUSTER' WHEN 2 THEN 'VACUUM FULL' END AS command,
  CASE p.param2 WHEN 0 THEN 'initializing' WHEN 1 THEN 'seq scanning heap' WHEN 2 THEN 'index scanning heap' WHEN 3 THEN 'sorting tuples' WHEN 4 THEN 'writing new heap' WHEN 5 THEN 'swapping relation files' WHEN 6 THEN 'rebuilding index' WHEN 7 THEN 'performing final cleanup' END AS phase,
  p.param3::oid AS cluster_index_relid, p.param4 AS heap_tuples_scanned, p.param5 AS heap_tuples_written,
  p.param6 AS heap_blks_total, p.param7 AS heap_blks_scanned, p.param8 AS index_rebuild_count
FROM pg_stat_get_progress_info('CLUSTER') p LEFT JOIN pg_database d ON d.oid = p.datid
