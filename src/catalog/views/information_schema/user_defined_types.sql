-- Composite types. Columns left out are null.
SELECT current_database() AS user_defined_type_catalog, n.nspname AS user_defined_type_schema, c.relname AS user_defined_type_name,
  'STRUCTURED' AS user_defined_type_category, 'YES' AS is_instantiable
FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = c.reltype
WHERE c.relkind = 'c' AND (pg_has_role(t.typowner, 'USAGE') OR has_type_privilege(t.oid, 'USAGE'))
