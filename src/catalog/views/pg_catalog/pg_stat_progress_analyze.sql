-- Running ANALYZE commands.
SELECT p.pid, p.datid, d.datname, p.relid, CASE p.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'acquiring sample rows' WHEN 2 THEN 'acquiring inherited sample rows' WHEN 3 THEN 'computing statistics' WHEN 4 THEN 'computing extended statistics' WHEN 5 THEN 'finalizing analyze' END AS phase,
  p.param2 AS sample_blks_total, p.param3 AS sample_blks_scanned, p.param4 AS ext_stats_total,
  p.param5 AS ext_stats_computed, p.param6 AS child_tables_total, p.param7 AS child_tables_done,
  p.param8::oid AS current_child_table_relid
FROM pg_stat_get_progress_info('ANALYZE') p LEFT JOIN pg_database d ON d.oid = p.datid
