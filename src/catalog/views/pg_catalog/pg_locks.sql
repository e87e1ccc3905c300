-- Locks that are held or waited for.
SELECT * FROM pg_lock_status()
