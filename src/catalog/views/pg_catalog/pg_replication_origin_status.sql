-- Progress of replication origins.
SELECT * FROM pg_show_replication_origin_status()
