-- Statistics of prefetching in recovery.
SELECT * FROM pg_stat_get_recovery_prefetch()
