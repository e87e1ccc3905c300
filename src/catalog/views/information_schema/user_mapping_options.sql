-- Options of user mappings; values only for those who may see them.
SELECT m.authorization_identifier, m.foreign_server_catalog, m.foreign_server_name, o.option_name,
  CASE WHEN (m.umuser <> 0 AND m.authorization_identifier = current_user)
    OR (m.umuser = 0 AND pg_has_role(m.srvowner::name, 'USAGE'))
    OR (SELECT r.rolsuper FROM pg_authid r WHERE r.rolname = current_user) THEN o.option_value END AS option_value
FROM information_schema._pg_user_mappings m CROSS JOIN LATERAL pg_options_to_table(m.umoptions) o
