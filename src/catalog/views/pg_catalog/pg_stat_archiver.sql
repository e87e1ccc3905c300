-- Statistics of the archiver.
SELECT * FROM pg_stat_get_archiver()
