-- Plans that once gave wrong answers or none; each query's rows are in a determined order.
-- A partial index built over rows that were there.
SELECT k FROM b WHERE k < 8 AND x > 2 ORDER BY k;
-- Locks through an inheritance parent.
SELECT k, v FROM p FOR UPDATE;
-- A semijoin's unique side joined to another relation first.
SELECT count(*) FROM b r1, sums r2 WHERE r1.x IN (SELECT k FROM a GROUP BY ROLLUP (k, c));
-- Constants and expressions below grouping sets.
SELECT c1, x, count(*) FROM (VALUES (1)) r(c1), a GROUP BY ROLLUP (c1, x) HAVING c1 = ANY ('{1,5}') ORDER BY 1, 2;
SELECT y, NOT y AS z, k FROM (SELECT k, x = 1 AS y FROM a WHERE k < 4) t GROUP BY GROUPING SETS (y, k) ORDER BY 1, 3;
SELECT * FROM (SELECT 1 AS one, x, sum(k) FROM a GROUP BY GROUPING SETS (1, 2)) s WHERE one = 1 AND x = 2;
SELECT k FROM a WHERE k < 4 GROUP BY GROUPING SETS ((k), ()) ORDER BY 1 DESC LIMIT 2;
SELECT x, c, count(*), grouping(x, c) FROM a GROUP BY DISTINCT ROLLUP (x, c), CUBE (c) ORDER BY 1, 2, 4;
-- Direct arguments of ordered-set aggregates, by group; descending orders.
SELECT x, percentile_disc(x / 4.0) WITHIN GROUP (ORDER BY k), rank(x) WITHIN GROUP (ORDER BY k DESC NULLS FIRST) FROM a GROUP BY x ORDER BY x;
SELECT mode() WITHIN GROUP (ORDER BY greatest(k, 7) DESC) FROM a;
-- Columns that a primary key or a condition fixes.
SELECT k, x, c FROM a WHERE k < 3 GROUP BY k, x, c ORDER BY 1;
SELECT x, count(*) FROM a WHERE x = 9 GROUP BY x;
-- Presorted and other aggregates side by side.
SELECT x, string_agg(c, '' ORDER BY k), string_agg(DISTINCT c, ''), string_agg(c, '' ORDER BY k DESC) FROM a GROUP BY x ORDER BY x;
-- Run conditions.
SELECT * FROM (SELECT k, x, row_number() OVER (PARTITION BY x ORDER BY k) AS n, count(*) OVER (ORDER BY k) AS m FROM a) s WHERE n <= 2 AND m < 9 ORDER BY k;
SELECT * FROM (SELECT k, dense_rank() OVER (ORDER BY x) AS r FROM a) s WHERE r = 2 ORDER BY k;
-- Initplans below a subplan that runs again.
SELECT k, (SELECT CASE WHEN o.x = 1 THEN 'one' ELSE (SELECT CASE WHEN o.k > 6 THEN (SELECT CASE WHEN o.c = 'a' THEN 'a' ELSE 'other' END) ELSE 'small' END) END) FROM a o ORDER BY k;
-- A hashed subquery within a subquery, over values of the level above both.
SELECT count(*) FROM a r1 WHERE EXISTS (SELECT 1 FROM p WHERE r1.x NOT IN (SELECT greatest(r6.x, r1.x) FROM a r6));
-- Groups by columns that are all fixed, over no rows.
SELECT 7 AS z FROM a WHERE k < 0 GROUP BY z;
-- Placeholders and lateral references across joins.
SELECT ss2.* FROM a a1 LEFT JOIN b b1 JOIN (SELECT a2.k AS c1, a3.k AS c2, 42 AS c3 FROM a a2, a a3) ss1 ON b1.x = ss1.c2 ON a1.k = ss1.c1, LATERAL (SELECT a1.k, b1.k AS bk, ss1.c3 FROM p LIMIT 1) ss2 WHERE ss1.c2 = 3 ORDER BY 1, 2 LIMIT 3;
SELECT v.* FROM (a LEFT JOIN (SELECT k, (SELECT coalesce(x, 0)) AS z FROM b) y ON a.x = y.k), LATERAL (SELECT a.k, y.z UNION ALL SELECT a.x, y.k) v(p, q) WHERE a.k < 4 ORDER BY 1, 2;
SELECT count(*) FROM a LEFT JOIN LATERAL (SELECT ARRAY[a.k + r3.v] FROM generate_series(1, 2) r3(v) FULL JOIN (VALUES (1), (2)) r4(w) ON true, b WHERE b.k < 3) r2 ON a.k > 5 LEFT JOIN p ON true WHERE a.x = 1 GROUP BY a.k ORDER BY 1;
-- MERGE through an inheritance parent.
MERGE INTO p USING (VALUES (1), (3), (4), (9)) s(k) ON p.k = s.k WHEN MATCHED AND s.k = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (s.k, 'new') RETURNING merge_action(), p.k, p.v;
SELECT tableoid::regclass AS t, k, v FROM p ORDER BY k;
-- A lateral subquery reads a placeholder that stands over a join which conditions have made an inner one.
SELECT count(r3.c2) FROM (SELECT x1.k, y1.x AS b, x1.c || y1.c AS s FROM a x1 LEFT JOIN b y1 ON x1.x = y1.x) r1 RIGHT JOIN b r2 ON r1.b = r2.k LEFT JOIN LATERAL (SELECT r4.k, r1.s < r1.s, r4.k AS c2 FROM p r4 WHERE r4.v = r4.v OR r1.k < r4.k OFFSET 0) r3 ON (r1.b, 2) <> (3, 1), p r5 GROUP BY ROLLUP (r3.c2) ORDER BY 1;
-- Lateral references below a left join below a full join.
SELECT max(r10.c2) FROM p r9 LEFT JOIN LATERAL (SELECT r11.k, greatest(r12.x + r9.k, r12.x) AS c2 FROM b r11, a r12) r10 ON true FULL JOIN (b r13 FULL JOIN a r14 ON r13.c = r14.c) ON r9.k = r14.x;
-- A hashed subquery with a column more than is compared.
SELECT k IN (SELECT a.k FROM a GROUP BY a.x, a.k) AS found, count(*) FROM b GROUP BY 1 ORDER BY 1;
SELECT x IN (SELECT u.k FROM (VALUES (1, NULL), (2, 5)) u(k, n) GROUP BY u.k, u.n) AS found, count(*) FROM b GROUP BY 1 ORDER BY 1;
-- Nothing but an empty grouping set.
SELECT 10 AS ten FROM a WHERE k < 0 GROUP BY ();
SELECT 10 AS ten FROM a GROUP BY GROUPING SETS ((), ());
-- Hash indexes of types that are not their hash values' own.
SELECT c, count(*) FROM hashed WHERE c = 'b' GROUP BY c;
SELECT count(*) FROM hashed WHERE n = 2.5;
SELECT count(*) FROM hashed WHERE lower(c) = 'c';
-- Conditions that are NULL beside others.
SELECT count(*) FROM a WHERE (k = 1 AND NULL) OR x = 2;
SELECT count(*), count(b.k) FROM a LEFT JOIN b ON (a.k = b.k AND NULL) OR a.x = b.x;
SELECT count(*), count(b.k) FROM a LEFT JOIN b ON NULL;
-- Small tables read again and again.
SELECT k, (SELECT count(*) FROM b WHERE b.k < a.k) AS n, (SELECT max(v) FROM p WHERE p.k >= a.k) AS m FROM a ORDER BY k;
-- Left joins that change nothing, and some that look so.
SELECT a.k FROM a LEFT JOIN a a2 ON a.x = a2.k ORDER BY 1 LIMIT 3;
SELECT count(*) FROM a LEFT JOIN (b LEFT JOIN a a2 ON b.x = a2.k) ON a.k = b.k;
SELECT count(*) FROM b LEFT JOIN (SELECT x FROM a GROUP BY x) s ON b.k = s.x;
SELECT count(*) FROM b LEFT JOIN a ON b.x = a.k WHERE a.k IS NULL;
SELECT a.k, (SELECT count(*) FROM b WHERE b.k < a2.k) FROM a LEFT JOIN a a2 ON a.x = a2.k ORDER BY 1 LIMIT 3;
-- Antijoins that hash or sort the preserved side.
SELECT count(*), sum(k) FROM a WHERE NOT EXISTS (SELECT 1 FROM generate_series(1, 5000) g WHERE g = a.x);
SELECT count(*) FROM b WHERE NOT EXISTS (SELECT 1 FROM generate_series(1, 5000) g WHERE g = b.x AND g <> b.k);
-- Domains that demand nothing are their types, others stay.
EXPLAIN (COSTS OFF, VERBOSE) SELECT 'x'::information_schema.sql_identifier::name, 5::information_schema.cardinal_number::int;
SELECT x::information_schema.sql_identifier::text, x::text::information_schema.character_data = '1' AS one FROM a ORDER BY 1 LIMIT 2;
SELECT k FROM a WHERE k::text::information_schema.sql_identifier::name = '3'::name;
-- Set-returning functions that are grouped by are computed once, below the grouping.
SELECT a % 2 AS odd, count(*), unnest('{1,1,3}'::int[]) AS u FROM generate_series(1, 3) a GROUP BY a % 2, unnest('{1,1,3}'::int[]) ORDER BY 1, 3;
SELECT a % 2 AS odd, generate_series(1, 2) AS g, count(*) FROM generate_series(1, 3) a GROUP BY CUBE (a % 2, g) ORDER BY 1, 2, 3;
