-- USAGE privileges on collations, domains, foreign-data wrappers, foreign servers and sequences. Columns left out are null.
SELECT u.rolname AS grantor, 'PUBLIC' AS grantee, current_database() AS object_catalog, n.nspname AS object_schema,
  c.collname AS object_name, 'COLLATION' AS object_type, 'USAGE' AS privilege_type, 'NO' AS is_grantable
FROM pg_collation c
  JOIN pg_authid u ON u.oid = c.collowner
  JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()))
UNION ALL
SELECT gr.rolname, ge.rolname, current_database(), x.schema, x.name, x.kind, 'USAGE', CASE WHEN pg_has_role(ge.oid, x.owner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END
FROM (
    SELECT n.nspname AS schema, t.typname AS name, 'DOMAIN' AS kind, t.typowner AS owner, l.*
    FROM pg_type t
      JOIN pg_namespace n ON n.oid = t.typnamespace
      CROSS JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) l
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT '', f.fdwname, 'FOREIGN DATA WRAPPER', f.fdwowner, l.*
    FROM pg_foreign_data_wrapper f CROSS JOIN LATERAL aclexplode(coalesce(f.fdwacl, acldefault('F', f.fdwowner))) l
    UNION ALL
    SELECT '', s.srvname, 'FOREIGN SERVER', s.srvowner, l.*
    FROM pg_foreign_server s CROSS JOIN LATERAL aclexplode(coalesce(s.srvacl, acldefault('S', s.srvowner))) l
    UNION ALL
    SELECT n.nspname, c.relname, 'SEQUENCE', c.relowner, l.*
    FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) l
    WHERE c.relkind = 'S') x
  JOIN pg_authid gr ON gr.oid = x.grantor
  JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0, 'PUBLIC') ge ON ge.oid = x.grantee
WHERE x.privilege_type = 'USAGE'
  AND (pg_has_role(gr.oid, 'USAGE') OR pg_has_role(ge.oid, 'USAGE') OR ge.rolname = 'PUBLIC')
