-- Values of a type that gained and lost attributes.
SELECT x, y, (x).c, x IS NULL, row_to_json(x) FROM pairs;
SELECT x, (x).b, (x).c, x = ROW('x', NULL)::shrunk AS same FROM shrunks ORDER BY x;
-- Functions return what they declare.
SELECT one_bigint() + 1::bigint, pg_typeof(one_bigint());
SELECT a * 2.5, b || 'x' FROM named();
SELECT * FROM grouped();
-- Conditions that an index checks loosely are checked on the rows.
SELECT count(*) FROM compared WHERE (a, b, c) > (8, 150, 0);
SELECT count(*) FROM compared WHERE (8, 150) < (a, c);
-- Regular expressions.
SELECT 'abcdef' ~ '^(.)\1|\1.', 'xxx' ~ '(.){0}(\1)', regexp_match('llmmmfff', '^(l*?){1,1}(.*)(f*)$'), regexp_match('llmmmfff', '^(l*?){1}(.*)(f*)$');
SELECT regexp_instr('abc', 'b', 1, 1, 0, '', 1), regexp_like('a+', '^a+$', 'e'), 'x' ~ '(?:^)*x';
-- Dates by template, and time zones by rule and by abbreviation.
SELECT to_timestamp('213-1-a.d.:23-', 'MS-FMD-B.C.:HH24-') AT TIME ZONE 'UTC', to_date('-44-02-01 BC', 'YYYY-MM-DD BC'), to_date('30-02', 'DD-MM');
SELECT '2024-07-01 12:00+00'::timestamptz AT TIME ZONE 'EST5EDT,M3.2.0,M11.1.0', '2011-03-27 02:00:00 MSK'::timestamptz AT TIME ZONE 'UTC';
SELECT to_char(12345.678, 'FM99C999'), to_char('2024-02-29 13:45'::timestamp, 'FMMONth DDdy FMFF3');
-- Letters by collation.
SELECT upper('éß' COLLATE "C"), upper('éß'), upper('éß' COLLATE "und-x-icu"), initcap('ǆ o''neil' COLLATE "en-x-icu");
-- Vectors are elements of arrays, their slices are arrays.
SELECT ARRAY['1 2'::int2vector, '3'], ('1 2 3'::int2vector)[0:1], pg_typeof(('1 2'::oidvector)[0:0]);
-- Names and numbers of the reg types.
SELECT '077'::regtype::oid, to_regtype('23'), to_regoperator('x'), to_regclass('-');
-- Encodings.
SELECT convert('\x8bc6', 'MULE_INTERNAL', 'WIN1251'), convert_to('臺灣', 'EUC_TW'), convert_from('\xa4f7', 'EUC_JIS_2004'), to_ascii('臺', 'LATIN1');
-- A volatile function in FROM runs once, however often its rows are read.
SELECT * FROM (VALUES (1), (2)) v(r) LEFT JOIN stepped(11, 12) ON r + i < 100;
-- Rows with dropped columns.
SELECT * FROM all_narrowed() WITH ORDINALITY;
SELECT all_narrowed(), (all_narrowed()).c;
-- Defaults and names of window functions' arguments.
SELECT nth_or_first(n := 2, val := x) OVER (ORDER BY x), nth_or_first(x) OVER (ORDER BY x) FROM generate_series(1, 3) x;
-- Numbers beyond the limits on the way to a result within them.
SELECT variance(x)::text LIKE '1000%' FROM (VALUES (1e131071), (2e131071)) v(x) WHERE x < 0;
SELECT count(*) FROM generate_series(6e131071::numeric, 9e131071, 1e131071);
-- Ages and snapshots.
SELECT age('1'::xid), mxid_age('0'::xid), pg_current_snapshot()::text ~ '^\d+:\d+:', pg_split_walfile_name('0000000100000001000000FF');
