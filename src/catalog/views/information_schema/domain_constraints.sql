-- Constraints of domains. Columns left out are null.
SELECT current_database() AS constraint_catalog, cn.nspname AS constraint_schema, k.conname AS constraint_name,
  current_database() AS domain_catalog, n.nspname AS domain_schema, t.typname AS domain_name,
  CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END AS is_deferrable, CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END AS initially_deferred
FROM pg_constraint k
  JOIN pg_namespace cn ON cn.oid = k.connamespace
  JOIN pg_type t ON t.oid = k.contypid
  JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE')
