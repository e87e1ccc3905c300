-- Running base backups.
SELECT p.pid, CASE p.param1 WHEN 0 THEN 'initializing' WHEN 1 THEN 'waiting for checkpoint to finish' WHEN 2 THEN 'estimating backup size' WHEN 3 THEN 'streaming database files' WHEN 4 THEN 'waiting for wal archiving to finish' WHEN 5 THEN 'transferring wal files' END AS phase,
  p.param2 AS backup_total, p.param3 AS backup_streamed, p.param4 AS tablespaces_total,
  p.param5 AS tablespaces_streamed
FROM pg_stat_get_progress_info('BASEBACKUP') p
