-- Privileges on columns: granted on the table or on the column. Columns left out are null.
SELECT gr.rolname AS grantor, ge.rolname AS grantee, current_database() AS table_catalog, n.nspname AS table_schema,
  x.relname AS table_name, x.attname AS column_name, x.privilege_type, CASE WHEN pg_has_role(ge.oid, x.relowner, 'USAGE') OR x.is_grantable THEN 'YES' ELSE 'NO' END AS is_grantable
FROM (
    SELECT c.relnamespace, c.relname, c.relowner, a.attname, l.grantor, l.grantee, l.privilege_type, l.is_grantable
    FROM pg_class c
      CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) l
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'v', 'f', 'p')
    UNION
    SELECT c.relnamespace, c.relname, c.relowner, a.attname, l.grantor, l.grantee, l.privilege_type, l.is_grantable
    FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      CROSS JOIN LATERAL aclexplode(coalesce(a.attacl, acldefault('c', c.relowner))) l
    WHERE c.relkind IN ('r', 'v', 'f', 'p')) x
  JOIN pg_namespace n ON n.oid = x.relnamespace
  JOIN pg_authid gr ON gr.oid = x.grantor
  JOIN (SELECT oid, rolname FROM pg_authid UNION ALL SELECT 0, 'PUBLIC') ge ON ge.oid = x.grantee
WHERE x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES')
  AND (pg_has_role(gr.oid, 'USAGE') OR pg_has_role(ge.oid, 'USAGE') OR ge.rolname = 'PUBLIC')
