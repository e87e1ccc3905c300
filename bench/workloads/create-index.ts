// Index builds over three million rows.
import { items } from '../datasets/items.js';
import { type Measure, times, type Workload } from '../workload.js';

function build(name: string, column: string, probe: string): Measure {
  return {
    name,
    unit: 's',
    target: times(2),
    prepare: async (site) => {
      await site.query(`drop index if exists built_${name}`);
    },
    run: (site) => site.timed(`create index built_${name} on items (${column})`),
    // Answered by the index alone: nothing else is in this order.
    check: (site) => site.query(`set enable_seqscan = off; ${probe}; reset enable_seqscan`),
  };
}

export const createIndex: Workload = {
  name: 'create-index',
  what: 'CREATE INDEX on 3 M rows, int and text',
  dataset: items,
  measures: [
    build('int', 'l_partkey', 'select count(*), sum(l_quantity) from items where l_partkey between 10 and 200'),
    build(
      'text',
      'l_comment',
      "select l_comment, l_orderkey from items where l_comment > 'm' order by l_comment, l_orderkey limit 20",
    ),
  ],
};
