-- Prepared statements of the session.
SELECT * FROM pg_prepared_statement()
