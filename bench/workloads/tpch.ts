// The 22 queries of TPC-H (specification 3.0.1, with the parameters of its validation runs).
import { tpchTables } from '../datasets/tpch.js';
import { queryMeasure } from '../query-measure.js';
import { times, type Workload } from '../workload.js';
import { tpchQueries } from './tpch-queries.js';

export const tpch: Workload = {
  name: 'tpch',
  what: 'TPC-H, scale 1, primary keys, 22 queries',
  dataset: tpchTables,
  measures: Object.entries(tpchQueries).map(([name, sql]) => queryMeasure(name, sql, { target: null })),
  meanTarget: times(10),
};
