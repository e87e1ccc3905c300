// The workloads, in the order they run.
import type { Workload } from './workload.js';
import { analytics } from './workloads/analytics.js';
import { catalogs } from './workloads/catalogs.js';
import { connect } from './workloads/connect.js';
import { copyIn, copyOut } from './workloads/copy.js';
import { createIndex } from './workloads/create-index.js';
import { hotRow } from './workloads/hot-row.js';
import { idleConnections } from './workloads/idle-connections.js';
import { orm } from './workloads/orm.js';
import { pgbenchInit } from './workloads/pgbench-init.js';
import { pgbenchSelectPrepared } from './workloads/pgbench-select-prepared.js';
import { pgbenchSelectSimple } from './workloads/pgbench-select-simple.js';
import { pgbenchSimpleUpdate } from './workloads/pgbench-simple-update.js';
import { pgbenchTpcb } from './workloads/pgbench-tpcb.js';
import { pipeline50 } from './workloads/pipeline-50.js';
import { reportBesideWrites } from './workloads/report-beside-writes.js';
import { scans } from './workloads/scans.js';
import { tpch } from './workloads/tpch.js';

export const workloads: readonly Workload[] = [
  idleConnections,
  pgbenchSelectPrepared,
  pgbenchSelectSimple,
  pipeline50,
  orm,
  pgbenchSimpleUpdate,
  pgbenchTpcb,
  hotRow,
  connect,
  pgbenchInit,
  copyIn,
  copyOut,
  createIndex,
  tpch,
  analytics,
  scans,
  reportBesideWrites,
  catalogs,
];
