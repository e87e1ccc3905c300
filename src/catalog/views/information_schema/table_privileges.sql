-- Privileges on tables. Columns left out are null.
SELECT gr.rolname AS grantor, ge.rolname AS grantee, current_database() AS table_catalog, n.nspname AS table_schema,
  c.relname AS table_name, x.privilege_type, CASE WHEN pg_has_role(ge.oid, c.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS is_grantable,
  CASE WHEN x.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END AS with_hierarchy
FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
  JOIN pg_authid gr ON gr.oid = x.grantor
  JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0, 'PUBLIC') ge ON ge.oid = x.grantee
WHERE c.relkind IN ('r', 'v', 'f', 'p')
  AND x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
  AND (pg_has_role(gr.oid, 'USAGE') OR pg_has_role(ge.oid, 'USAGE') OR ge.rolname = 'PUBLIC')
