select nosuch from pg_am
select pg_am.amnam from pg_am
select relname from pg_class, pg_am where relnme = 'x'
select oid from pg_class, pg_am
select x.oid from pg_class
select pg_class.oid from pg_class c
select * from nosuch
select * from pg_class c, pg_am c
select *
select foo(1)
select abs('a'::text)
select 1 + 'a'::text
select 1 + true
select -'a'::text
select 'abc'::int4
select 1::nosuch
select '1'::varchar(0)
select cast(row(1) as int4)
select true::timestamp
select case when 1 then 2 end
select case when true then 1 else true end
select coalesce(1, true)
select array[]
select array[1, true]
select (1).x
select (1)[1]
select count(*), relname from pg_class
select relname from pg_class group by oid + 1
select sum(count(*)) from pg_class
select relname from pg_class where count(*) > 1
select row_number() from pg_class
select relname from pg_class where row_number() over () = 1
select lag(1) over w
select relname from pg_class order by 5
select relname from pg_class order by 'x'
select distinct relname from pg_class order by oid
select distinct on (relname) relname from pg_class order by oid
select 1 union select true
select 1, 2 union select 3
select 1 as a union select 2 order by a + 1
select (select 1, 2)
select 1 in (select 1, 2)
select (1, 2) = (1, 2, 3)
select * from pg_class a join pg_am b using (nosuch)
select * from (select 1) x, generate_series(1, y.z)
select generate_series(1, 2) from pg_class where generate_series(1, 2) = 1
select * from pg_class limit oid
select * from pg_class for update of x
select relname from pg_class group by relname for update
values (1, 2), (3)
with a as (select 1), a as (select 2) select 1
with recursive a as (select 1 from a) select 1
with recursive a(n) as (select 1 union all select n || 'x' from a) select 1
select $1
select 'a' collate nosuch
select 1 collate "C"
select relname collate "C" = relname collate "POSIX" from pg_class
select string_agg(relname) from pg_class
select count(distinct relname order by oid) from pg_class
select abs(1) filter (where true)
select percentile_cont(0.5) from pg_class
select rank(1) within group (order by 1, 2)
select sum(1) over (partition by 1 rows between 'x' preceding and current row)
insert into pg_am (nosuch) values (1)
insert into pg_am (oid, oid) values (1, 2)
insert into pg_am (oid) values (1, 2)
insert into pg_am (oid, amname) values (1)
update pg_am set nosuch = 1
update pg_am set amhandler = row(1)
update pg_am set (oid, amname) = (1, 'a', 2)
delete from pg_am where nosuch
merge into pg_am using pg_am on true when matched then do nothing
select 1 = any (1)
select interval '1' year to nosuch
select extract(year from 1)
select pg_class.nosuch() from pg_class
