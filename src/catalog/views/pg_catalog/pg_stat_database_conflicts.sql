-- Queries cancelled by recovery, for each database.
SELECT oid AS datid, datname, pg_stat_get_db_conflict_tablespace(oid) AS confl_tablespace,
  pg_stat_get_db_conflict_lock(oid) AS confl_lock, pg_stat_get_db_conflict_snapshot(oid) AS confl_snapshot,
  pg_stat_get_db_conflict_bufferpin(oid) AS confl_bufferpin,
  pg_stat_get_db_conflict_startup_deadlock(oid) AS confl_deadlock,
  pg_stat_get_db_conflict_logicalslot(oid) AS confl_active_logicalslot
FROM pg_database
