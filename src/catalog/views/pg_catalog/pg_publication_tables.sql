-- Tables of publications.
SELECT p.pubname, n.nspname AS schemaname, c.relname AS tablename,
  ARRAY(SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = g.relid AND a.attnum = ANY (g.attrs) ORDER BY a.attnum) AS attnames,
  pg_get_expr(g.qual, g.relid) AS rowfilter
FROM pg_publication p
  CROSS JOIN LATERAL pg_get_publication_tables(VARIADIC ARRAY[p.pubname::text]) g
  JOIN pg_class c ON c.oid = g.relid
  JOIN pg_namespace n ON n.oid = c.relnamespace
