-- Privileges on functions. Columns left out are null.
SELECT gr.rolname AS grantor, ge.rolname AS grantee, current_database() AS specific_catalog, n.nspname AS specific_schema,
  p.proname || '_' || p.oid AS specific_name, current_database() AS routine_catalog, n.nspname AS routine_schema, p.proname AS routine_name,
  x.privilege_type, CASE WHEN pg_has_role(ge.oid, p.proowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS is_grantable
FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
  JOIN pg_authid gr ON gr.oid = x.grantor
  JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0, 'PUBLIC') ge ON ge.oid = x.grantee
WHERE x.privilege_type = 'EXECUTE'
  AND (pg_has_role(gr.oid, 'USAGE') OR pg_has_role(ge.oid, 'USAGE') OR ge.rolname = 'PUBLIC')
