-- Roles whose privileges the user has.
SELECT a.rolname AS role_name FROM pg_authid a WHERE pg_has_role(a.oid, 'USAGE')
