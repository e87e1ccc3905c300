// The eight tables of TPC-H with their primary keys, filled by the generator `tpchgen-cli` (see tools.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RawConnection } from '../raw-connection.js';
import type { Size } from '../size.js';
import { cacheFolder, fetchHint, tpchGenerator } from '../tools.js';
import { type Dataset, Unavailable } from '../workload.js';

const definitions: Readonly<Record<string, string>> = {
  region: 'r_regionkey int primary key, r_name char(25) not null, r_comment varchar(152)',
  nation: 'n_nationkey int primary key, n_name char(25) not null, n_regionkey int not null, n_comment varchar(152)',
  supplier: `s_suppkey int primary key, s_name char(25) not null, s_address varchar(40) not null, s_nationkey int not null,
    s_phone char(15) not null, s_acctbal numeric(15,2) not null, s_comment varchar(101) not null`,
  part: `p_partkey int primary key, p_name varchar(55) not null, p_mfgr char(25) not null, p_brand char(10) not null,
    p_type varchar(25) not null, p_size int not null, p_container char(10) not null,
    p_retailprice numeric(15,2) not null, p_comment varchar(23) not null`,
  partsupp: `ps_partkey int not null, ps_suppkey int not null, ps_availqty int not null,
    ps_supplycost numeric(15,2) not null, ps_comment varchar(199) not null, primary key (ps_partkey, ps_suppkey)`,
  customer: `c_custkey int primary key, c_name varchar(25) not null, c_address varchar(40) not null,
    c_nationkey int not null, c_phone char(15) not null, c_acctbal numeric(15,2) not null,
    c_mktsegment char(10) not null, c_comment varchar(117) not null`,
  orders: `o_orderkey int primary key, o_custkey int not null, o_orderstatus char(1) not null,
    o_totalprice numeric(15,2) not null, o_orderdate date not null, o_orderpriority char(15) not null,
    o_clerk char(15) not null, o_shippriority int not null, o_comment varchar(79) not null`,
  lineitem: `l_orderkey int not null, l_partkey int not null, l_suppkey int not null, l_linenumber int not null,
    l_quantity numeric(15,2) not null, l_extendedprice numeric(15,2) not null, l_discount numeric(15,2) not null,
    l_tax numeric(15,2) not null, l_returnflag char(1) not null, l_linestatus char(1) not null,
    l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null,
    l_shipinstruct char(25) not null, l_shipmode char(10) not null, l_comment varchar(44) not null,
    primary key (l_orderkey, l_linenumber)`,
};

/** Below it the generator gives some parts the same supplier twice. */
const leastScale = 0.01;

export const tpchTables: Dataset = {
  name: 'tpch',
  setUp: async (site) => {
    const folder = generated(site.size);
    const connection = await RawConnection.connect(site.address);
    for (const [table, columns] of Object.entries(definitions)) {
      await site.query(`create table ${table} (${columns})`);
      await connection.copyIn(`copy ${table} from stdin with (format csv, header)`, join(folder, `${table}.csv`));
    }
    connection.close();
    for (const table of Object.keys(definitions)) await site.query(`vacuum analyze ${table}`);
  },
};

/** The folder of the tables' files, made where it is not there yet. Throws Unavailable without the generator. */
function generated(size: Size): string {
  const scale = Math.max(leastScale, size.scale);
  const folder = join(cacheFolder('data'), `tpch-${scale}`);
  if (existsSync(folder)) return folder;
  const generator = tpchGenerator();
  if (generator === null) throw new Unavailable(`tpchgen-cli is not installed: ${fetchHint}`);
  const making = `${folder}.${process.pid}`;
  const words = ['csv', '-s', String(scale), `--output-dir=${making}`];
  const { status, stderr } = spawnSync(generator, words, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(making, { recursive: true, force: true });
    throw new Error(`tpchgen-cli failed: ${stderr}`);
  }
  renameSync(making, folder);
  return folder;
}
