-- User mappings.
SELECT authorization_identifier, foreign_server_catalog, foreign_server_name
FROM information_schema._pg_user_mappings
