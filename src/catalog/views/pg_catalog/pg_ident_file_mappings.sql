-- Mappings of the user name map file.
SELECT * FROM pg_ident_file_mappings()
