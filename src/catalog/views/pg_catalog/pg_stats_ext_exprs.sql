-- Statistics of the expressions of extended statistics.
SELECT tn.nspname AS schemaname, c.relname AS tablename, sn.nspname AS statistics_schemaname,
  s.stxname AS statistics_name, pg_get_userbyid(s.stxowner) AS statistics_owner, e.expr, d.stxdinherit AS inherited,
  (e.stat).stanullfrac AS null_frac, (e.stat).stawidth AS avg_width, (e.stat).stadistinct AS n_distinct,
  CASE 1 WHEN (e.stat).stakind1 THEN (e.stat).stavalues1 WHEN (e.stat).stakind2 THEN (e.stat).stavalues2 WHEN (e.stat).stakind3 THEN (e.stat).stavalues3 WHEN (e.stat).stakind4 THEN (e.stat).stavalues4 WHEN (e.stat).stakind5 THEN (e.stat).stavalues5 END AS most_common_vals,
  CASE 1 WHEN (e.stat).stakind1 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 THEN (e.stat).stanumbers5 END AS most_common_freqs,
  CASE 2 WHEN (e.stat).stakind1 THEN (e.stat).stavalues1 WHEN (e.stat).stakind2 THEN (e.stat).stavalues2 WHEN (e.stat).stakind3 THEN (e.stat).stavalues3 WHEN (e.stat).stakind4 THEN (e.stat).stavalues4 WHEN (e.stat).stakind5 THEN (e.stat).stavalues5 END AS histogram_bounds,
  (CASE 3 WHEN (e.stat).stakind1 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 THEN (e.stat).stanumbers5 END)[1] AS correlation,
  CASE 4 WHEN (e.stat).stakind1 THEN (e.stat).stavalues1 WHEN (e.stat).stakind2 THEN (e.stat).stavalues2 WHEN (e.stat).stakind3 THEN (e.stat).stavalues3 WHEN (e.stat).stakind4 THEN (e.stat).stavalues4 WHEN (e.stat).stakind5 THEN (e.stat).stavalues5 END AS most_common_elems,
  CASE 4 WHEN (e.stat).stakind1 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 THEN (e.stat).stanumbers5 END AS most_common_elem_freqs,
  CASE 5 WHEN (e.stat).stakind1 THEN (e.stat).stanumbers1 WHEN (e.stat).stakind2 THEN (e.stat).stanumbers2 WHEN (e.stat).stakind3 THEN (e.stat).stanumbers3 WHEN (e.stat).stakind4 THEN (e.stat).stanumbers4 WHEN (e.stat).stakind5 THEN (e.stat).stanumbers5 END AS elem_count_histogram
FROM pg_statistic_ext s
  JOIN pg_class c ON c.oid = s.stxrelid
  JOIN pg_statistic_ext_data d ON d.stxoid = s.oid
  LEFT JOIN pg_namespace tn ON tn.oid = c.relnamespace
  LEFT JOIN pg_namespace sn ON sn.oid = s.stxnamespace
  JOIN LATERAL (
    SELECT unnest(pg_get_statisticsobjdef_expressions(s.oid)) AS expr, unnest(d.stxdexpr) AS stat) e
    ON e.expr IS NOT NULL
WHERE pg_has_role(c.relowner, 'USAGE') AND (NOT c.relrowsecurity OR NOT row_security_active(c.oid))
