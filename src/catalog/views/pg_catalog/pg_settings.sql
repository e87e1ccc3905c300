-- All settings of the session.
SELECT * FROM pg_show_all_settings()
