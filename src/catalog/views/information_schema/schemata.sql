-- Schemas that the user owns or may use. Columns left out are null.
SELECT current_database() AS catalog_name, n.nspname AS schema_name, u.rolname AS schema_owner
FROM pg_namespace n JOIN pg_authid u ON u.oid = n.nspowner
WHERE pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'CREATE, USAGE')
