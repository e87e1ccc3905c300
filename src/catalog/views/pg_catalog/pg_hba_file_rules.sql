-- Rules of the client authentication file.
SELECT * FROM pg_hba_file_rules()
