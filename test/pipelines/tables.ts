// Tables for the tests of pipelines: values of all types that the kernels know, with nulls, ends of ranges, numerics of
// several scales; one small table, and one that two threads share.
import type pg from 'pg';

export async function makeTables(client: pg.Client): Promise<void> {
  await client.query(`
    create table small (
      b bool, s int2, i int4 not null, l int8, o oid, f float8, n numeric, m numeric(12,3), d date, ts timestamp,
      tz timestamptz, ti time, t text, v varchar(20), c char(5), j jsonb);
    insert into small select
      case k % 5 when 0 then null else k % 2 = 0 end,
      case when k % 11 = 0 then null else (k % 7 - 3) * 1000 end,
      (k * 7919) % 23 - 11,
      case when k % 13 = 0 then null else (k::int8 * 123456789) % 1000 end,
      k % 9,
      case k % 17 when 0 then null else (k % 32) * 0.25 - 4 end,
      case k % 6 when 0 then null when 1 then k % 4 when 2 then (k % 4) + 0.5 when 3 then 1.00 else (k % 9) * 0.125 end,
      case when k % 19 = 0 then null else (k % 50) * 1.125 - 20 end,
      case when k % 8 = 0 then null else date '1999-12-25' + k % 40 end,
      timestamp '2000-02-28 22:00' + (k % 60) * interval '1 hour',
      case when k % 10 = 0 then null else timestamptz '2000-01-01 00:00+00' + (k % 30) * interval '7 hours' end,
      time '00:00' + (k % 24) * interval '1 hour',
      case k % 12 when 0 then null when 1 then '' when 2 then 'käse' when 3 then 'a%b' when 4 then repeat('long ', 9)
        else 'text ' || k % 6 end,
      case when k % 14 = 0 then null else chr(97 + k % 5) || 'x' end,
      case when k % 15 = 0 then null else chr(65 + k % 4) end,
      '1'
    from generate_series(1, 1500) k;
    insert into small (i, d, ts, l, n) values
      (2147483647, 'infinity', 'infinity', 9223372036854775807, 12345678901234567890.123),
      (-2147483648, '-infinity', '-infinity', -9223372036854775808, -0.5);
    update small set i = i + 1 where i = 3;
    delete from small where i = 5 and s = 0;
    create table large (i int4, g int4, n numeric(10,2), f float8, t text);
    insert into large select k, (k::int8 * 7919) % 500, (k % 1000) * 0.25, k % 100, 'row ' || k % 77
      from generate_series(1, 120000) k;
    alter table large add column late int4;
    analyze small, large`);
}
