-- Twenty questions to a food trader: joins, windows, CTEs, grouping sets, subqueries.

SELECT c.category_name, count(*) AS products, round(avg(p.unit_price)::numeric, 2) AS price FROM categories c JOIN products p USING (category_id) GROUP BY c.category_name ORDER BY c.category_name;

SELECT o.ship_country, count(*) AS orders, min(order_date), max(order_date) FROM orders o GROUP BY o.ship_country HAVING count(*) > 30 ORDER BY orders DESC, o.ship_country;

SELECT e.last_name, m.last_name AS manager FROM employees e LEFT JOIN employees m ON m.employee_id = e.reports_to ORDER BY e.last_name;

WITH sales AS (SELECT od.product_id, sum(od.quantity) AS quantity FROM order_details od GROUP BY od.product_id) SELECT p.product_name, s.quantity, dense_rank() OVER (ORDER BY s.quantity DESC) FROM sales s JOIN products p USING (product_id) ORDER BY s.quantity DESC, p.product_name LIMIT 12;

SELECT s.company_name, count(o.order_id) FILTER (WHERE o.shipped_date > o.required_date) AS late, count(*) AS orders FROM shippers s LEFT JOIN orders o ON o.ship_via = s.shipper_id GROUP BY s.company_name ORDER BY s.company_name;

SELECT extract(year FROM order_date)::int AS year, to_char(order_date, 'Mon') AS month, count(*) FROM orders GROUP BY GROUPING SETS ((1, 2, extract(month FROM order_date)), (1), ()) ORDER BY 1 NULLS LAST, min(extract(month FROM order_date)), 3;

SELECT customer_id, company_name FROM customers c WHERE NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.customer_id) ORDER BY customer_id;

SELECT product_name, unit_price FROM products WHERE unit_price > ALL (SELECT unit_price FROM products WHERE category_id = 1 AND product_id <> 38) ORDER BY unit_price DESC;

SELECT c.country, array_agg(c.city ORDER BY c.city, c.customer_id) FROM customers c WHERE c.country LIKE 'S%' GROUP BY c.country ORDER BY c.country;

SELECT o.order_id, o.order_date, o.order_date - lag(o.order_date) OVER (ORDER BY o.order_date, o.order_id) AS gap FROM orders o WHERE o.customer_id = 'ALFKI' ORDER BY o.order_date;

SELECT t.territory_description, r.region_description FROM territories t JOIN region r USING (region_id) WHERE t.territory_description ~ '^(B|C)' ORDER BY 1, t.territory_id;

SELECT category_id, product_name, unit_price, first_value(product_name) OVER (PARTITION BY category_id ORDER BY unit_price DESC, product_id) AS dearest FROM products WHERE discontinued = 0 AND category_id < 4 ORDER BY category_id, unit_price DESC, product_id;

SELECT sup.country, cat.category_name, count(*), grouping(sup.country) AS g FROM suppliers sup JOIN products p USING (supplier_id) JOIN categories cat USING (category_id) WHERE sup.country IN ('Japan', 'Italy', 'USA') GROUP BY ROLLUP (sup.country, cat.category_name) ORDER BY sup.country NULLS LAST, cat.category_name NULLS LAST;

SELECT country FROM customers UNION SELECT country FROM suppliers EXCEPT SELECT country FROM employees ORDER BY 1;

SELECT e.last_name, count(DISTINCT o.customer_id) AS customers, round(sum(od.unit_price * od.quantity * (1 - od.discount))::numeric, 0) AS revenue FROM employees e JOIN orders o USING (employee_id) JOIN order_details od USING (order_id) GROUP BY e.employee_id, e.last_name ORDER BY revenue DESC;

SELECT x.company_name, x.order_id, x.n FROM (SELECT c.company_name, o.order_id, row_number() OVER (PARTITION BY c.customer_id ORDER BY o.freight DESC, o.order_id) AS n FROM customers c JOIN orders o USING (customer_id) WHERE c.country = 'Germany') x WHERE x.n = 1 ORDER BY x.company_name;

SELECT state_region, count(*), string_agg(state_abbr, ',' ORDER BY state_abbr) FROM us_states GROUP BY state_region ORDER BY state_region;

SELECT p.product_name, (SELECT max(o.order_date) FROM orders o JOIN order_details d USING (order_id) WHERE d.product_id = p.product_id) AS last_sold FROM products p WHERE p.supplier_id IN (SELECT supplier_id FROM suppliers WHERE country = 'Germany') ORDER BY p.product_name;

SELECT width_bucket(freight::numeric, 0, 200, 4) AS bucket, count(*), min(freight), max(freight) FROM orders GROUP BY 1 ORDER BY 1;

SELECT title_of_courtesy || ' ' || last_name AS who, age(date '2000-01-01', birth_date) AS age, to_char(hire_date, 'FMDay, DD FMMonth YYYY') AS hired, coalesce(region, '-') AS region FROM employees ORDER BY birth_date DESC;
