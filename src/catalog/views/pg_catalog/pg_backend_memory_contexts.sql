-- Memory contexts of the session.
SELECT * FROM pg_get_backend_memory_contexts()
