-- How the server was built.
SELECT * FROM pg_config()
