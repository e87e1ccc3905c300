// Scans of three million rows whose work is in a text match, a top list and a window.
import { items } from '../datasets/items.js';
import { queryMeasure } from '../query-measure.js';
import { times, type Workload } from '../workload.js';

export const scans: Workload = {
  name: 'scans',
  what: "LIKE '%abc%', top 100 and a running window over 3 M rows",
  dataset: items,
  measures: [
    queryMeasure("LIKE '%abc%'", "select count(*) from items where l_comment like '%abc%'", { target: times(4) }),
    queryMeasure(
      'top 100',
      `select l_orderkey, l_linenumber, l_extendedprice from items
        order by l_extendedprice desc, l_orderkey, l_linenumber limit 100`,
      { target: times(4) },
    ),
    queryMeasure(
      'running window',
      `select max(running), sum(running) from
        (select sum(l_quantity) over (order by l_orderkey, l_linenumber) as running from items) as windowed`,
      { target: times(3) },
    ),
  ],
};
