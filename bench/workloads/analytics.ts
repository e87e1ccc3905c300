// Aggregates over three million rows in the shape of lineitem, also beside DuckDB on two threads.
import { items } from '../datasets/items.js';
import { queryMeasure } from '../query-measure.js';
import { times, type Workload } from '../workload.js';

const queries: Readonly<Record<string, string>> = {
  'q1-like': `select l_returnflag, l_linestatus, sum(l_quantity) as sum_qty, sum(l_extendedprice) as sum_base,
      sum(l_extendedprice * (1 - l_discount)) as sum_disc,
      sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge,
      avg(l_quantity) as avg_qty, avg(l_extendedprice) as avg_price, avg(l_discount) as avg_disc, count(*) as count_order
    from items where l_shipdate <= date '1998-09-02' group by l_returnflag, l_linestatus
    order by l_returnflag, l_linestatus`,
  'q6-like': `select sum(l_extendedprice * l_discount) as revenue from items
    where l_shipdate >= date '1994-01-01' and l_shipdate < date '1995-01-01'
      and l_discount between 0.05 and 0.07 and l_quantity < 24`,
  'group by 200 k keys': `select count(*), sum(n), max(total) from
    (select l_partkey, count(*) as n, sum(l_quantity) as total from items group by l_partkey) as parts`,
  'count distinct': 'select count(distinct l_orderkey), count(distinct l_partkey) from items',
};

export const analytics: Workload = {
  name: 'analytics',
  what: 'q1-like, q6-like, group by 200 k keys, count distinct over 3 M rows, also beside DuckDB',
  dataset: items,
  measures: Object.entries(queries).map(([name, sql]) => queryMeasure(name, sql, { target: times(20), duckdbMost: 2 })),
};
