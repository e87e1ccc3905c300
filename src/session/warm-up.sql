-- What a fresh worker runs while nobody needs it, so that the code of clients' first statements is compiled and has seen
-- real values: questions to the catalogs as tools ask them, with every kind of join, subquery and aggregate. Statements
-- end with an empty line. Their results go nowhere; none writes.

SELECT c.oid, c.relname, n.nspname, c.relkind, c.relpersistence, pg_get_userbyid(c.relowner) AS owner, c.reltuples,
       a.amname, t.spcname, d.refobjid, d.refobjsubid, k.reloptions AS toast_options,
       CASE WHEN c.relkind IN ('r', 'p') THEN acldefault('r', c.relowner) WHEN c.relkind = 'S' THEN acldefault('s', c.relowner) END AS acl,
       array_remove(c.reloptions, 'fillfactor=100') AS options,
       c.relkind = 'S' AND EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'i') AS is_identity
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_depend d ON c.relkind = 'S' AND d.classid = c.tableoid AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype IN ('a', 'i')
  LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
  LEFT JOIN pg_am a ON a.oid = c.relam
  LEFT JOIN pg_class k ON k.oid = c.reltoastrelid AND k.relkind = 't'
 WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p')
 ORDER BY c.oid;

SELECT a.attrelid, a.attnum, a.attname, a.attnotnull, a.atthasdef, a.attlen, a.attstorage, y.typstorage, a.attidentity,
       format_type(a.atttypid, a.atttypmod) AS type, array_to_string(a.attoptions, ', ') AS options,
       CASE WHEN a.attcollation <> y.typcollation THEN a.attcollation ELSE 0 END AS collation,
       array_to_string(ARRAY(SELECT quote_ident(o.option_name) || ' ' || quote_literal(o.option_value)
                               FROM pg_options_to_table(a.attoptions) o ORDER BY o.option_name), E',\n ') AS more
  FROM unnest('{1247,1249,1255,1259,2604,2606,2608,2610}'::oid[]) AS s(relation)
  JOIN pg_attribute a ON a.attrelid = s.relation
  LEFT JOIN pg_type y ON y.oid = a.atttypid
 WHERE a.attnum > 0
 ORDER BY a.attrelid, a.attnum;

SELECT t.tableoid, t.oid, i.indrelid, t.relname, pg_get_indexdef(i.indexrelid) AS definition, i.indkey, i.indisclustered,
       c.contype, c.conname, c.condeferrable, pg_get_constraintdef(c.oid, false) AS constraint_definition,
       (SELECT spcname FROM pg_tablespace s WHERE s.oid = t.reltablespace) AS tablespace, i.indnullsnotdistinct,
       (SELECT array_agg(a.attnum ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) AS targets
  FROM unnest('{1247,1249,1255,1259,2606,2608,2609,1260,1262}'::oid[]) AS s(relation)
  JOIN pg_index i ON s.relation = i.indrelid
  JOIN pg_class t ON t.oid = i.indexrelid
  JOIN pg_class r ON r.oid = i.indrelid
  LEFT JOIN pg_constraint c ON i.indrelid = c.conrelid AND i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
 WHERE (i.indisvalid OR r.relkind = 'p') AND i.indisready
 ORDER BY i.indrelid, t.relname;

SELECT p.oid, p.proname, p.pronamespace, p.prorettype, p.proargtypes, p.proacl, acldefault('f', p.proowner) AS acl, p.prolang
  FROM pg_proc p
  LEFT JOIN pg_init_privs i ON p.oid = i.objoid AND i.classoid = 'pg_proc'::regclass AND i.objsubid = 0
 WHERE p.prokind <> 'a'
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
   AND (p.pronamespace <> (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'pg_catalog')
        OR EXISTS (SELECT 1 FROM pg_cast c WHERE c.oid > 16383 AND c.castfunc = p.oid)
        OR EXISTS (SELECT 1 FROM pg_transform f WHERE f.oid > 16383 AND (f.trffromsql = p.oid OR f.trftosql = p.oid))
        OR p.proacl IS DISTINCT FROM i.initprivs);

SELECT p.oid, p.proname, p.pronamespace, p.pronargs, p.proargtypes, p.proacl, acldefault('f', p.proowner) AS acl
  FROM pg_proc p
  LEFT JOIN pg_init_privs i ON p.oid = i.objoid AND i.classoid = 'pg_proc'::regclass AND i.objsubid = 0
 WHERE p.prokind = 'a'
   AND (p.pronamespace <> (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'pg_catalog') OR p.proacl IS DISTINCT FROM i.initprivs);

SELECT t.oid, t.typname, t.typnamespace, t.typacl, acldefault('T', t.typowner) AS acl, t.typelem, t.typrelid, t.typtype, t.typisdefined,
       CASE WHEN t.typrelid = 0 THEN ' ' ELSE (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) END AS kind,
       t.typname[0] = '_' AND t.typelem <> 0 AND (SELECT e.typarray FROM pg_type e WHERE e.oid = t.typelem) = t.oid AS is_array
  FROM pg_type t;

SELECT classid, objid, refclassid, refobjid, deptype FROM pg_depend WHERE deptype <> 'p' AND deptype <> 'e'
UNION ALL
SELECT 'pg_opfamily'::regclass AS classid, a.amopfamily AS objid, d.refclassid, d.refobjid, d.deptype
  FROM pg_depend d, pg_amop a
 WHERE d.deptype NOT IN ('p', 'e', 'i') AND d.classid = 'pg_amop'::regclass AND d.objid = a.oid
   AND NOT (d.refclassid = 'pg_opfamily'::regclass AND a.amopfamily = d.refobjid)
 ORDER BY 1, 2;

SELECT c.oid, c.conrelid, c.conname, c.contype, pg_get_constraintdef(c.oid) AS definition, c.convalidated, c.conkey, c.confkey
  FROM unnest('{1247,1249,1255,1259,2604,2606}'::oid[]) AS s(relation)
  JOIN pg_constraint c ON c.conrelid = s.relation
 ORDER BY c.conrelid, c.conname;

SELECT d.adrelid, d.adnum, pg_get_expr(d.adbin, d.adrelid) AS expression
  FROM unnest('{1259,1249}'::oid[]) AS s(relation) JOIN pg_attrdef d ON d.adrelid = s.relation
 WHERE d.adnum > 0
 ORDER BY 1, 2;

SELECT format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcache, q.seqcycle
  FROM pg_sequence q WHERE q.seqrelid = '1259'::oid;

SELECT c.oid, c.relname, pg_get_viewdef(c.oid) AS definition, pg_get_ruledef(r.oid) AS rule
  FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid
 WHERE c.relname IN ('pg_roles', 'pg_tables', 'pg_indexes', 'pg_views', 'tables') AND r.rulename = '_RETURN';

SELECT d.description, d.classoid, d.objoid, d.objsubid FROM pg_description d ORDER BY d.classoid, d.objoid, d.objsubid;

SELECT l.oid, l.rolname, l.rolsuper, l.rolcanlogin, ARRAY(SELECT b.rolname FROM pg_auth_members m JOIN pg_roles b ON m.roleid = b.oid WHERE m.member = l.oid) AS member_of
  FROM pg_roles l WHERE l.rolname !~ '^pg_s' ORDER BY 2;

SELECT n.nspname, c.relname, a.attname, a.atttypid, a.attnotnull OR (y.typtype = 'd' AND y.typnotnull) AS not_null, a.atttypmod, y.typtypmod,
       row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS position, NULLIF(a.attidentity, '') AS identity,
       pg_get_expr(d.adbin, d.adrelid) AS default_value, s.description, y.typbasetype
  FROM pg_namespace n
  JOIN pg_class c ON c.relnamespace = n.oid
  JOIN pg_attribute a ON a.attrelid = c.oid
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_description s ON s.objoid = c.oid AND s.objsubid = a.attnum
 WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND c.relname LIKE 'pg_a%'
 ORDER BY n.nspname, c.relname, a.attnum;

SELECT c.oid, n.nspname, c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname OPERATOR(pg_catalog.~) '^(pg_class)$' COLLATE pg_catalog.default AND pg_table_is_visible(c.oid)
 ORDER BY 2, 3;

SELECT n.nspname AS "Schema", p.proname AS "Name", pg_get_function_result(p.oid) AS "Result", pg_get_function_arguments(p.oid) AS "Arguments",
       CASE p.prokind WHEN 'a' THEN 'agg' WHEN 'w' THEN 'window' WHEN 'p' THEN 'proc' ELSE 'func' END AS "Type"
  FROM pg_proc p LEFT JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE pg_function_is_visible(p.oid) AND p.proname LIKE 'a%'
 ORDER BY 1, 2, 4;

SELECT column_name, data_type, is_nullable, column_default, udt_name FROM information_schema.columns
 WHERE table_schema = 'pg_catalog' AND table_name = 'pg_class' ORDER BY ordinal_position;

SELECT k.table_name, k.constraint_name, k.constraint_type, u.column_name, u.ordinal_position
  FROM information_schema.table_constraints k
  JOIN information_schema.key_column_usage u USING (constraint_schema, constraint_name)
 WHERE k.table_schema = 'pg_catalog' ORDER BY 1, 2, 5;

SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN ('information_schema') ORDER BY 1, 2;

WITH RECURSIVE above(member, roleid, depth) AS (
  SELECT m.member, m.roleid, 1 FROM pg_auth_members m
  UNION ALL
  SELECT a.member, m.roleid, a.depth + 1 FROM above a JOIN pg_auth_members m ON m.member = a.roleid)
SELECT r.rolname, count(*), max(a.depth), string_agg(a.member::regrole::text, ', ' ORDER BY a.depth)
  FROM above a JOIN pg_roles r ON r.oid = a.roleid GROUP BY r.rolname HAVING count(*) > 0 ORDER BY 2 DESC, 1 LIMIT 10;

SELECT set_config('extra_float_digits', current_setting('extra_float_digits'), true), current_schemas(true), current_database(), version();
