-- Twenty questions to a music shop: joins, windows, CTEs, grouping sets, subqueries.

SELECT a.name AS artist, count(*) AS albums FROM artist a JOIN album al USING (artist_id) GROUP BY a.name HAVING count(*) >= 5 ORDER BY albums DESC, artist;

SELECT g.name, count(t.track_id) AS tracks, round(avg(t.milliseconds) / 1000.0, 2) AS seconds, max(t.unit_price) FROM genre g LEFT JOIN track t ON t.genre_id = g.genre_id GROUP BY g.genre_id, g.name ORDER BY tracks DESC, g.name;

SELECT c.country, sum(i.total) AS total, rank() OVER (ORDER BY sum(i.total) DESC) FROM customer c JOIN invoice i ON i.customer_id = c.customer_id GROUP BY c.country ORDER BY total DESC, c.country LIMIT 12;

WITH RECURSIVE boss AS (SELECT employee_id, last_name, reports_to, 1 AS level, last_name::text AS path FROM employee WHERE reports_to IS NULL UNION ALL SELECT e.employee_id, e.last_name, e.reports_to, b.level + 1, b.path || ' > ' || e.last_name FROM employee e JOIN boss b ON e.reports_to = b.employee_id) SELECT level, path FROM boss ORDER BY path;

SELECT extract(year FROM invoice_date) AS year, extract(quarter FROM invoice_date) AS quarter, sum(total) FROM invoice GROUP BY ROLLUP (1, 2) ORDER BY 1 NULLS LAST, 2 NULLS LAST;

SELECT billing_country, billing_city, count(*), grouping(billing_country, billing_city) FROM invoice WHERE billing_country IN ('Canada', 'Brazil') GROUP BY CUBE (billing_country, billing_city) ORDER BY 4, 1, 2;

SELECT t.name, t.milliseconds FROM track t WHERE t.milliseconds > (SELECT avg(milliseconds) * 8 FROM track) ORDER BY t.milliseconds DESC, t.name LIMIT 10;

SELECT DISTINCT ON (c.country) c.country, c.first_name || ' ' || c.last_name AS customer, i.total FROM customer c JOIN invoice i USING (customer_id) ORDER BY c.country, i.total DESC, i.invoice_id;

SELECT date_trunc('month', invoice_date)::date AS month, sum(total), sum(sum(total)) OVER (ORDER BY date_trunc('month', invoice_date)) AS running, round(avg(sum(total)) OVER (ORDER BY date_trunc('month', invoice_date) ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), 3) AS smooth FROM invoice GROUP BY 1, date_trunc('month', invoice_date) ORDER BY 1 LIMIT 18;

SELECT p.name, count(*) AS tracks, pg_size_pretty(sum(t.bytes)::bigint) FROM playlist p JOIN playlist_track pt USING (playlist_id) JOIN track t USING (track_id) GROUP BY p.playlist_id, p.name ORDER BY tracks DESC, p.playlist_id;

SELECT a.name FROM artist a WHERE NOT EXISTS (SELECT 1 FROM album al WHERE al.artist_id = a.artist_id) ORDER BY a.name LIMIT 15;

SELECT m.name, array_agg(DISTINCT g.name ORDER BY g.name) AS genres FROM media_type m JOIN track t USING (media_type_id) JOIN genre g ON g.genre_id = t.genre_id GROUP BY m.name ORDER BY m.name;

SELECT c.last_name, x.invoice_date, x.total FROM customer c CROSS JOIN LATERAL (SELECT i.invoice_date, i.total FROM invoice i WHERE i.customer_id = c.customer_id ORDER BY i.total DESC, i.invoice_id LIMIT 2) x WHERE c.country = 'France' ORDER BY c.last_name, x.total DESC, x.invoice_date;

SELECT composer, count(*) FROM track WHERE composer ILIKE '%bach%' OR composer ~ '^(Mick|Keith)' GROUP BY composer ORDER BY 2 DESC, 1 LIMIT 10;

SELECT name FROM track WHERE track_id IN (SELECT track_id FROM invoice_line GROUP BY track_id HAVING sum(quantity) > 1) INTERSECT SELECT name FROM track WHERE unit_price > 0.99 ORDER BY name LIMIT 10;

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS median, percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY total) AS deciles, mode() WITHIN GROUP (ORDER BY total) AS mode, stddev(total)::numeric(12,6) FROM invoice;

SELECT al.title, string_agg(t.name, '; ' ORDER BY t.track_id) FROM album al JOIN track t USING (album_id) WHERE al.album_id BETWEEN 1 AND 3 GROUP BY al.album_id, al.title ORDER BY al.album_id;

SELECT employee_id, last_name, hire_date::date, lag(hire_date::date) OVER w AS before, hire_date::date - first_value(hire_date::date) OVER w AS days, ntile(3) OVER w FROM employee WINDOW w AS (ORDER BY hire_date, employee_id) ORDER BY hire_date, employee_id;

SELECT CASE WHEN total < 2 THEN 'small' WHEN total < 10 THEN 'medium' ELSE 'large' END AS size, count(*) FILTER (WHERE billing_country = 'USA') AS usa, count(*) AS all_of_them, min(total), max(total) FROM invoice GROUP BY 1 ORDER BY 4;

SELECT coalesce(c.company, '(private)') AS company, i.invoice_id, i.total FROM customer c FULL JOIN invoice i ON i.customer_id = c.customer_id AND i.total > 15 WHERE c.customer_id < 12 ORDER BY c.customer_id, i.invoice_id NULLS FIRST;
