-- User mappings; options only for those who may see them.
SELECT m.oid AS umid, s.oid AS srvid, s.srvname, m.umuser,
  CASE WHEN m.umuser = 0 THEN 'public' ELSE r.rolname END AS usename,
  CASE WHEN (m.umuser <> 0 AND r.rolname = current_user
      AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')))
    OR (m.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE'))
    OR (SELECT a.rolsuper FROM pg_authid a WHERE a.rolname = current_user) THEN m.umoptions END AS umoptions
FROM pg_user_mapping m
  JOIN pg_foreign_server s ON s.oid = m.umserver
  LEFT JOIN pg_authid r ON r.oid = m.umuser
