-- Privileges on composite types. Columns left out are null.
SELECT gr.rolname AS grantor, ge.rolname AS grantee, current_database() AS udt_catalog, n.nspname AS udt_schema, t.typname AS udt_name,
  'TYPE USAGE' AS privilege_type, CASE WHEN pg_has_role(ge.oid, t.typowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS is_grantable
FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x
  JOIN pg_authid gr ON gr.oid = x.grantor
  JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0, 'PUBLIC') ge ON ge.oid = x.grantee
WHERE t.typtype = 'c' AND x.privilege_type = 'USAGE'
  AND (pg_has_role(gr.oid, 'USAGE') OR pg_has_role(ge.oid, 'USAGE') OR ge.rolname = 'PUBLIC')
