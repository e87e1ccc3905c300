select oid, relname as n from pg_class where reltuples > 1 order by 2 desc limit 3
select a.amname, count(*) filter (where c.relkind = 'r') from pg_am a left join pg_class c on c.relam = a.oid group by a.amname having count(*) > 1
select 'x' || 1, '2024-01-01'::date - 3, array[1, 2.5], 5 in (1, 2, 3), case 1 when 2 then 'a' end
select * from (values (1, 'a'), (2, null)) v(x, y) full join (select 2 as x) w using (x)
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n, sum(n) over (order by n rows 1 preceding) from r
select (select max(oid) from pg_class where relam = a.oid), exists (select 1 from pg_class) from pg_am a for share of a
update pg_am set amname = default where oid = $1 returning amname
