-- Foreign-data wrappers.
SELECT foreign_data_wrapper_catalog, foreign_data_wrapper_name, authorization_identifier, NULL AS library_name,
  foreign_data_wrapper_language
FROM information_schema._pg_foreign_data_wrappers
