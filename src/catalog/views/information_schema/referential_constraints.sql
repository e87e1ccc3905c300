-- Foreign keys, with the key that each refers to. Columns left out are null.
SELECT current_database() AS constraint_catalog, cn.nspname AS constraint_schema, k.conname AS constraint_name,
  CASE WHEN un.nspname IS NOT NULL THEN current_database() END AS unique_constraint_catalog,
  un.nspname AS unique_constraint_schema, u.conname AS unique_constraint_name,
  CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END AS match_option,
  CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT'
    WHEN 'a' THEN 'NO ACTION' END AS update_rule,
  CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT'
    WHEN 'a' THEN 'NO ACTION' END AS delete_rule
FROM pg_constraint k
  JOIN pg_namespace cn ON cn.oid = k.connamespace
  JOIN pg_class c ON c.oid = k.conrelid
  LEFT JOIN (pg_constraint u JOIN pg_namespace un ON un.oid = u.connamespace)
    ON u.conindid = k.conindid AND u.conrelid = k.confrelid AND u.contype IN ('p', 'u')
WHERE k.contype = 'f'
  AND (pg_has_role(c.relowner, 'USAGE')
    OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'))
