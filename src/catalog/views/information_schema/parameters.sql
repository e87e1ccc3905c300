-- Parameters of functions and procedures. Columns left out are null.
SELECT current_database() AS specific_catalog, n.nspname AS specific_schema, p.proname || '_' || p.oid AS specific_name,
  r.n AS ordinal_position,
  CASE coalesce(p.proargmodes[r.n], 'i') WHEN 'i' THEN 'IN' WHEN 'v' THEN 'IN' WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT'
    WHEN 't' THEN 'OUT' END AS parameter_mode,
  'NO' AS is_result, 'NO' AS as_locator, nullif(p.proargnames[r.n], '') AS parameter_name,
  CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN tn.nspname = 'pg_catalog' THEN format_type(t.oid, NULL)
    ELSE 'USER-DEFINED' END AS data_type,
  current_database() AS udt_catalog, tn.nspname AS udt_schema, t.typname AS udt_name, r.n AS dtd_identifier,
  CASE WHEN pg_has_role(p.proowner, 'USAGE') THEN pg_get_function_arg_default(p.oid, r.n) END AS parameter_default
FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  CROSS JOIN LATERAL information_schema._pg_expandarray(coalesce(p.proallargtypes, p.proargtypes::oid[])) r
  JOIN pg_type t ON t.oid = r.x
  JOIN pg_namespace tn ON tn.oid = t.typnamespace
WHERE pg_has_role(p.proowner, 'USAGE') OR has_function_privilege(p.oid, 'EXECUTE')
