-- Statistics of I/O by backend type.
SELECT * FROM pg_stat_get_io()
