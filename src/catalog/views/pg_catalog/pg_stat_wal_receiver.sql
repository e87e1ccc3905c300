-- State of the receiver of a standby.
SELECT * FROM pg_stat_get_wal_receiver() WHERE pid IS NOT NULL
