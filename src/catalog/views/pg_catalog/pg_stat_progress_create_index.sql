-- Running CREATE INDEX and REINDEX commands.
SELECT p.pid, p.datid, d.datname, p.relid, p.param7::oid AS index_relid,
  CASE p.param1 WHEN 1 THEN 'CREATE INDEX' WHEN 2 THEN 'CREATE INDEX CONCURRENTLY' WHEN 3 THEN 'REINDEX' WHEN 4 THEN 'REINDEX CONCURRENTLY' END AS command,
  CASE p.param10 WHEN 0 THEN 'initializing' WHEN 1 THEN 'waiting for writers before build' WHEN 2 THEN 'building index' WHEN 3 THEN 'waiting for writers before validation' WHEN 4 THEN 'index validation: scanning index' WHEN 5 THEN 'index validation: sorting tuples' WHEN 6 THEN 'index validation: scanning table' WHEN 7 THEN 'waiting for old snapshots' WHEN 8 THEN 'waiting for readers before marking dead' WHEN 9 THEN 'waiting for readers before dropping' END AS phase,
  p.param4 AS lockers_total, p.param5 AS lockers_done, p.param6 AS current_locker_pid,
  p.param16 AS blocks_total, p.param17 AS blocks_done, p.param12 AS tuples_total, p.param13 AS tuples_done,
  p.param14 AS partitions_total, p.param15 AS partitions_done
FROM pg_stat_get_progress_info('CREATE INDEX') p LEFT JOIN pg_database d ON d.oid = p.datid
