-- Small tables for plans that once gave wrong answers.
CREATE TABLE a (k int PRIMARY KEY, x int, c text);
INSERT INTO a SELECT g, g % 4, chr(97 + g % 3) FROM generate_series(1, 12) g;
CREATE TABLE b (k int, x int, c text);
INSERT INTO b SELECT g, g % 5, CASE WHEN g % 4 <> 0 THEN chr(97 + g % 2) END FROM generate_series(1, 15) g;
CREATE INDEX b_part ON b (k) WHERE x > 2;
CREATE VIEW sums AS SELECT x, count(*)::int AS n FROM b GROUP BY x;
CREATE TABLE p (k int, v text);
CREATE TABLE p1 (extra int) INHERITS (p);
CREATE TABLE p2 () INHERITS (p);
INSERT INTO p VALUES (1, 'p'), (2, 'p');
INSERT INTO p1 VALUES (3, 'one', 30);
INSERT INTO p2 VALUES (4, 'two'), (5, 'two');
ANALYZE a;
ANALYZE b;
