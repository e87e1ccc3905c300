-- Bodies of SQL functions.
SELECT pg_get_functiondef('changes'::regproc);
SELECT pg_get_functiondef('returned'::regproc);
-- Views and constraints.
SELECT pg_get_viewdef('renamed');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass ORDER BY 1;
-- Columns of indexes.
SELECT attrelid::regclass, attname, atttypid::regtype, atttypmod, attstorage, attcompression, attndims FROM pg_attribute WHERE attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN ('t'::regclass, 'renaming'::regclass, 'copied'::regclass)) ORDER BY attrelid::regclass::text, attnum;
-- What depends on what.
SELECT pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid, refobjsubid), deptype, count(*) FROM pg_depend WHERE refclassid = 'pg_class'::regclass AND refobjid = 't'::regclass AND classid IN ('pg_class'::regclass, 'pg_constraint'::regclass) AND pg_describe_object(classid, objid, objsubid) !~ 'toast' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT pg_describe_object(classid, objid, objsubid), refobjid::regrole, deptype FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND refobjid = 'definitions_reader'::regrole ORDER BY 1;
SELECT relacl FROM pg_class WHERE relname = 'granted';
-- The information schema.
SELECT domain_name, data_type, udt_name FROM information_schema.domains WHERE domain_schema = 'public';
SELECT attribute_name, data_type, attribute_udt_name FROM information_schema.attributes WHERE udt_name = 'boxed' ORDER BY ordinal_position;
-- EXPLAIN keeps an expression on its line.
EXPLAIN (VERBOSE, COSTS OFF) SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END FROM u WHERE CASE WHEN a > 1 THEN a = 2 END;
-- An aggregate's result is what polymorphic functions give for its state.
SELECT poly_collect(x), pg_typeof(poly_collect(x)) FROM generate_series(7, 9) x;
-- Partners of an operator that are not there yet are shells.
SELECT oprname, oprcode, oprcom::regoper, oprnegate::regoper, oprresult::regtype FROM pg_operator WHERE oprname LIKE '%===' ORDER BY oprname COLLATE "C";
