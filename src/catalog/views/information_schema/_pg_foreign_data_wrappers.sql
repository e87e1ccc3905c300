-- Foreign-data wrappers for the views on them.
SELECT w.oid, w.fdwowner, w.fdwoptions, current_database() AS foreign_data_wrapper_catalog, w.fdwname AS foreign_data_wrapper_name,
  u.rolname AS authorization_identifier, 'c' AS foreign_data_wrapper_language
FROM pg_foreign_data_wrapper w JOIN pg_authid u ON u.oid = w.fdwowner
WHERE pg_has_role(w.fdwowner, 'USAGE') OR has_foreign_data_wrapper_privilege(w.oid, 'USAGE')
