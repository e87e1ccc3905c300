// Catalog work beside a real PostgreSQL, in one alternating run: restoring and dumping a schema of 300 tables with keys,
// foreign keys, indexes, checks, defaults, comments and views, and what psql and drivers ask of the catalogs.
// Usage: node dist/bench/catalogs.js --heliosdb PORT --postgresql PORT [--bin DIR of psql and pg_dump] [--rounds 5]
// The first round of each measure is shown apart: it is what a server that was just started does. Databases
// heliosdb_catalogs are made in both servers and dropped at the end.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    heliosdb: { type: 'string', default: '5432' },
    postgresql: { type: 'string', default: '5433' },
    bin: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
  },
});
const database = 'heliosdb_catalogs';
const ports = [options.heliosdb, options.postgresql];
const tableCount = 300;

const queries: Readonly<Record<string, string>> = {
  '\\d table': '\\d t3',
  '\\d+ table': '\\d+ t4',
  '\\d': '\\d',
  '\\df': '\\df',
  'information_schema.columns': "select * from information_schema.columns where table_name = 't5';",
  'information_schema.tables': "select * from information_schema.tables where table_schema = 'public';",
  'information_schema.table_constraints': 'select * from information_schema.table_constraints;',
  'columns as a driver asks': `select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    row_number() over (partition by a.attrelid order by a.attnum), pg_get_expr(d.adbin, d.adrelid), s.description
    from pg_namespace n join pg_class c on c.relnamespace = n.oid join pg_attribute a on a.attrelid = c.oid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join pg_description s on s.objoid = c.oid and s.objsubid = a.attnum
    where c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped and c.relname like 't1%' order by 1, 2, 5;`,
};

try {
  compare('restore', (port) => {
    psql(port, 'postgres', `drop database if exists ${database};\ncreate database ${database};`);
    return timed(() => psql(port, database, schema()));
  });
  compare('pg_dump -s', (port) => timed(() => program('pg_dump', ['-s', ...address(port), database])));
  for (const [name, text] of Object.entries(queries)) {
    compare(name, (port) => perQuery(port, text));
  }
} finally {
  for (const port of ports) psql(port, 'postgres', `drop database if exists ${database} with (force);`);
}

/** Runs a measure (milliseconds) on both servers in turn; prints the first round and the median of the others. */
function compare(name: string, measure: (port: string) => number): void {
  const found = ports.map(() => [] as number[]);
  for (let round = 0; round <= Number(options.rounds); round++)
    for (const [index, port] of ports.entries()) found[index]?.push(measure(port));
  const first = found.map(([time = 0]) => time);
  const rest = found.map(([, ...times]) => times.sort((left, right) => left - right)[times.length >> 1] ?? 0);
  console.log(`${name}: first ${ratio(first)}, then ${ratio(rest)}`);
}

function ratio([ours = 0, theirs = 0]: readonly number[]): string {
  return `${ours.toFixed(1)} / ${theirs.toFixed(1)} ms = ${(ours / theirs).toFixed(2)}`;
}

/** Ten of the same in one session, less what psql itself takes. */
function perQuery(port: string, text: string): number {
  const many = timed(() => psql(port, database, `${text}\n`.repeat(10)));
  const none = timed(() => psql(port, database, ''));
  return Math.max(many - none, 0.01) / 10;
}

function timed(run: () => void): number {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}

function psql(port: string, name: string, input: string): void {
  program('psql', ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', ...address(port), name], input);
}

function program(name: string, args: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync(join(options.bin, name), args, { input, maxBuffer: 1 << 28 });
  if (error || status !== 0) throw error ?? new Error(`${name}: ${stderr}`);
}

function address(port: string): string[] {
  return ['-h', '127.0.0.1', '-p', port, '-U', 'postgres'];
}

function schema(): string {
  const lines = ["create type mood as enum ('sad', 'ok'); create domain amount as int check (value > 0);"];
  for (let n = 0; n < tableCount; n++) {
    const key = n % 2 === 0 ? 'id bigint generated always as identity primary key' : 'id bigserial primary key';
    const parent = n < 3 ? '' : `, parent bigint references t${n - 3} on delete cascade`;
    lines.push(
      `create table t${n} (${key}, name text not null default 'n${n}', price numeric(10,2) default 0 check (price >= 0),
        at timestamptz not null default now(), tags text[] default '{}', kind varchar(20), feel mood default 'ok',
        many amount${parent}, constraint t${n}_name check (length(name) < ${n + 100}), unique (name, kind));`,
      `create index on t${n} (at desc, lower(name)); create index on t${n} (price) where price > ${n};`,
      `comment on table t${n} is 'table ${n}'; comment on column t${n}.name is 'name of ${n}';`,
    );
    if (n % 3 === 0) lines.push(`create view v${n} as select id, upper(kind) as kind from t${n} where price > 10;`);
  }
  return lines.join('\n');
}
