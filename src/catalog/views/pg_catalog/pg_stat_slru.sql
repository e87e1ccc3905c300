-- Statistics of small caches.
SELECT * FROM pg_stat_get_slru()
