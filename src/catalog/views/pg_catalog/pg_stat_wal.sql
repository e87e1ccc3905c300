-- Statistics of the write-ahead log.
SELECT * FROM pg_stat_get_wal()
