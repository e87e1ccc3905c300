-- Materialized views and their definitions.
SELECT n.nspname AS schemaname, c.relname AS matviewname, pg_get_userbyid(c.relowner) AS matviewowner,
  s.spcname AS tablespace, c.relhasindex AS hasindexes, c.relispopulated AS ispopulated,
  pg_get_viewdef(c.oid) AS definition
FROM pg_class c
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
WHERE c.relkind = 'm'
