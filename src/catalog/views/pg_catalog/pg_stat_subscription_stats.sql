-- Errors of subscriptions.
SELECT t.subid, s.subname, t.apply_error_count, t.sync_error_count, t.stats_reset
FROM pg_subscription s CROSS JOIN LATERAL pg_stat_get_subscription_stats(s.oid) t
