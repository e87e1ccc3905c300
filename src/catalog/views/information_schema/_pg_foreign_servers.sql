-- Foreign servers for the views on them.
SELECT s.oid, s.srvoptions, current_database() AS foreign_server_catalog, s.srvname AS foreign_server_name,
  current_database() AS foreign_data_wrapper_catalog, w.fdwname AS foreign_data_wrapper_name, s.srvtype AS foreign_server_type,
  s.srvversion AS foreign_server_version, u.rolname AS authorization_identifier
FROM pg_foreign_server s
  JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  JOIN pg_authid u ON u.oid = s.srvowner
WHERE pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')
