// First figures beside a real PostgreSQL, in one alternating run on one machine: pgbench -S and -N with prepared
// statements, pgbench -i, pg_dump -s of many tables, memory of idle connections. Prints medians and ratios.
// Usage: npm run bench -- --postgresql 5432 [--bin DIR of pgbench and pg_dump] [--scale 5] [--seconds 5] [--rounds 3]
//   [--only idle,init,select,write,firstDump,dump] [--heliosdb PORT of a running server; else one is started]
// The other server must run on this machine; databases heliosdb_bench are made in both and dropped at the end.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WireClient } from '../conformance/wire-client.js';
import { startServer } from '../test/support/server.js';

const { values: options } = parseArgs({
  options: {
    postgresql: { type: 'string', default: '5432' },
    heliosdb: { type: 'string' },
    bin: { type: 'string', default: '' },
    scale: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'idle,init,select,write,firstDump,dump' },
  },
});
const database = 'heliosdb_bench';
const host = '127.0.0.1';
const idleConnections = 1000;
const dumpTables = 300;

interface Measure {
  readonly name: string;
  readonly unit: string;
  /** Whether less is better. */
  readonly isCost: boolean;
  /** Where more rounds would measure something else. */
  readonly roundsMax?: number;
  run(port: number): Promise<number>;
}

const measures: Readonly<Record<string, Measure>> = {
  init: { name: `pgbench -i -s ${options.scale}`, unit: 's', isCost: true, run: initialise },
  select: { name: 'pgbench -S -M prepared -c 8', unit: 'tps', isCost: false, run: (port) => pgbench(port, '-S') },
  write: { name: 'pgbench -N -M prepared -c 8', unit: 'tps', isCost: false, run: (port) => pgbench(port, '-N') },
  firstDump: {
    name: `first pg_dump -s of ${dumpTables} tables`,
    unit: 's',
    isCost: true,
    roundsMax: 1,
    run: dumpSchema,
  },
  dump: { name: `pg_dump -s of ${dumpTables} tables`, unit: 's', isCost: true, run: dumpSchema },
  idle: { name: 'an idle connection', unit: 'KiB', isCost: true, run: idleKib },
};

const ours =
  options.heliosdb === undefined
    ? await startServer({ settings: ['max_connections=1200', 'heliosdb.warm_up=on'] })
    : null;
const servers = { heliosdb: ours?.port ?? Number(options.heliosdb), postgresql: Number(options.postgresql) };
try {
  for (const port of Object.values(servers)) await recreateDatabase(port);
  for (const name of options.only.split(',')) {
    const measure = measures[name];
    if (measure === undefined) throw new Error(`unknown measure "${name}"`);
    // Everything needs the tables of pgbench; making the dump's tables is no part of its time.
    if (name.toLowerCase().endsWith('dump')) for (const port of Object.values(servers)) await makeTables(port);
    await compare(measure);
  }
} finally {
  for (const port of Object.values(servers)) await admin(port, [`drop database if exists ${database} with (force)`]);
  await ours?.stop();
}

/** Runs the measure on both servers in turn and prints a line. */
async function compare(measure: Measure): Promise<void> {
  const found: { heliosdb: number[]; postgresql: number[] } = { heliosdb: [], postgresql: [] };
  // Caches and compiled code first: a server is measured as it runs, not as it starts.
  if (!measure.isCost) for (const port of Object.values(servers)) await measure.run(port);
  for (
    let round = 0;
    round < Math.min(Number(options.rounds), measure.roundsMax ?? Number.POSITIVE_INFINITY);
    round++
  ) {
    found.heliosdb.push(await measure.run(servers.heliosdb));
    found.postgresql.push(await measure.run(servers.postgresql));
  }
  const [mine, theirs] = [median(found.heliosdb), median(found.postgresql)];
  const figures = `HeliosDB ${show(mine)} ${measure.unit}, PostgreSQL ${show(theirs)} ${measure.unit}`;
  console.log(
    `${measure.name}: ${figures}, ratio ${(mine / theirs).toFixed(2)}${measure.isCost ? ' (less is better)' : ''}`,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? 0;
}

function show(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(2);
}

async function initialise(port: number): Promise<number> {
  const begun = performance.now();
  await program('pgbench', ['-i', '-q', '-s', options.scale, ...address(port)]);
  return (performance.now() - begun) / 1000;
}

async function pgbench(port: number, kind: '-S' | '-N'): Promise<number> {
  const output = await program('pgbench', [
    kind,
    '-n',
    '-M',
    'prepared',
    '-c',
    '8',
    '-j',
    '2',
    '-T',
    options.seconds,
    ...address(port),
  ]);
  return Number(/tps = ([\d.]+)/.exec(output)?.[1]);
}

async function makeTables(port: number): Promise<void> {
  const [[made] = []] = await query(port, database, "select to_regclass('dumped_0')::text");
  if (made !== null) return;
  const tables = Array.from({ length: dumpTables }, (_, index) => {
    const columns =
      'id serial primary key, name text not null, price numeric(10,2) default 0, at timestamptz check (at > now())';
    return `create table dumped_${index} (${columns}); create index on dumped_${index} (name)`;
  });
  await statements(port, database, tables);
}

async function dumpSchema(port: number): Promise<number> {
  const begun = performance.now();
  await program('pg_dump', ['-s', '-h', host, '-p', String(port), '-U', 'postgres', database]);
  return (performance.now() - begun) / 1000;
}

/** What one of many idle connections adds to the server's memory. */
async function idleKib(port: number): Promise<number> {
  const limit = Number((await query(port, 'postgres', 'show max_connections'))[0]?.[0]);
  const count = Math.min(idleConnections, limit - 20);
  const processes = () => (port === servers.heliosdb && ours ? [ours.pid] : serverProcesses(port));
  const warm = await openIdle(port, 50);
  const before = memoryKib(processes());
  const idle = await openIdle(port, count);
  const kib = (memoryKib(processes()) - before) / count;
  for (const socket of [...warm, ...idle]) socket.destroy();
  await settled(port);
  return kib;
}

async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) sockets.push(await openSocket(port));
  return sockets;
}

function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const words = Buffer.from(`user\0postgres\0database\0${database}\0\0`);
    const head = Buffer.alloc(8);
    head.writeInt32BE(words.length + 8);
    head.writeInt32BE(196608, 4);
    let tail: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      tail = Buffer.concat([tail, chunk]).subarray(-6);
      // ReadyForQuery, idle.
      if (tail.equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]))) resolve(socket);
      else if (chunk[0] === 0x45) reject(new Error(chunk.toString('latin1')));
    });
    socket.on('error', reject);
    socket.write(Buffer.concat([head, words]));
  });
}

/** Waits until the connections are gone on the server's side too. */
async function settled(port: number): Promise<void> {
  const sql = `select count(*) from pg_stat_activity where datname = '${database}'`;
  while ((await query(port, 'postgres', sql))[0]?.[0] !== '0');
}

/** The process that listens on the port, with its children. */
function serverProcesses(port: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  const found: number[] = [];
  for (const pid of all) {
    try {
      parents.set(Number(pid), Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]));
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.some((word, index) => word === '-p' && words[index + 1] === String(port))) found.push(Number(pid));
    } catch {
      // Ended meanwhile.
    }
  }
  return [...parents].filter(([pid, parent]) => found.includes(pid) || found.includes(parent)).map(([pid]) => pid);
}

/** Memory of the processes, shared pages counted once between them. */
function memoryKib(processes: readonly number[]): number {
  let sum = 0;
  for (const pid of processes) {
    try {
      sum += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
    } catch {
      // Ended meanwhile.
    }
  }
  return sum;
}

async function recreateDatabase(port: number): Promise<void> {
  await admin(port, [`drop database if exists ${database} with (force)`, `create database ${database}`]);
  await program('pgbench', ['-i', '-q', '-s', options.scale, ...address(port)]);
}

function admin(port: number, sqls: readonly string[]): Promise<void> {
  return statements(port, 'postgres', sqls);
}

async function statements(port: number, name: string, sqls: readonly string[]): Promise<void> {
  for (const sql of sqls.length > 10 ? [sqls.join(';')] : sqls) await query(port, name, sql);
}

async function query(port: number, name: string, sql: string): Promise<(string | null)[][]> {
  const client = await WireClient.connect({ host, port, user: 'postgres', database: name });
  const { rows, error } = await client.query(sql);
  client.close();
  if (error) throw new Error(`port ${port}: ${error.message}`);
  return rows;
}

function address(port: number): string[] {
  return ['-h', host, '-p', String(port), '-U', 'postgres', database];
}

/** Runs a program to its end; rejects with its output where it fails. */
function program(name: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(options.bin, name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${name}: ${output}`))));
  });
}
