-- What the configuration files say.
SELECT * FROM pg_show_all_file_settings()
