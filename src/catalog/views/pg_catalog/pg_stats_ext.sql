-- Extended statistics that the user may read.
SELECT tn.nspname AS schemaname, c.relname AS tablename, sn.nspname AS statistics_schemaname,
  s.stxname AS statistics_name, pg_get_userbyid(s.stxowner) AS statistics_owner,
  (SELECT array_agg(a.attname ORDER BY a.attnum) FROM unnest(s.stxkeys) k
    JOIN pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum = k) AS attnames,
  pg_get_statisticsobjdef_expressions(s.oid) AS exprs, s.stxkind AS kinds, d.stxdinherit AS inherited,
  d.stxdndistinct AS n_distinct, d.stxddependencies AS dependencies, m.most_common_vals, m.most_common_val_nulls,
  m.most_common_freqs, m.most_common_base_freqs
FROM pg_statistic_ext s
  JOIN pg_class c ON c.oid = s.stxrelid
  JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
  LEFT JOIN pg_namespace tn ON tn.oid = c.relnamespace
  LEFT JOIN pg_namespace sn ON sn.oid = s.stxnamespace
  LEFT JOIN LATERAL (
    SELECT array_agg(i.values) AS most_common_vals, array_agg(i.nulls) AS most_common_val_nulls,
      array_agg(i.frequency) AS most_common_freqs, array_agg(i.base_frequency) AS most_common_base_freqs
    FROM pg_mcv_list_items(d.stxdmcv) i) m ON d.stxdmcv IS NOT NULL
WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid))
