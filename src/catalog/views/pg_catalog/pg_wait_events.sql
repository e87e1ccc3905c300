-- What sessions can wait for.
SELECT * FROM pg_get_wait_events()
