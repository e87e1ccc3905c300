// Compares generated scripts of DDL and DML: each statement runs on a real PostgreSQL and on our server; every field of
// every error and notice must agree, and at intervals the catalogs, psql's \d+ and pg_dump -s. Needs psql and pg_dump.
// Usage: node main.js --ours PORT [--oracle PORT] [--bin FOLDER] [--count N] [--every N] [--seed N] [--scripts N] [--show N]
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Source } from '../queries/source.js';
import { WireClient, type WireResult } from '../wire-client.js';
import { nextStatement } from './generator.js';
import { type Inventory, inventoryQuery, roles } from './inventory.js';
import { snapshotQueries } from './snapshots.js';

const args = process.argv.slice(2);

function option(name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : (args[at + 1] ?? fallback);
}

interface Side {
  readonly port: number;
  client: WireClient;
}

const run = promisify(execFile);
const host = option('host', '127.0.0.1');
const database = option('database', 'ddl_check');
const bin = option('bin', '');
const count = Number(option('count', '200'));
const every = Number(option('every', '40'));
const first = Number(option('seed', '1'));
const showMax = Number(option('show', '30'));
const shown = new Set<string>();
const tally = { same: 0, errors: 0, different: 0, unsupported: 0, snapshots: 0 };

for (let seed = first; seed < first + Number(option('scripts', '1')); seed++) await script(seed);
console.log(
  `${tally.same} same (${tally.errors} of them errors), ${tally.different} different, ${tally.unsupported} not supported, ${tally.snapshots} snapshots`,
);

function connect(port: number, name: string): Promise<WireClient> {
  return WireClient.connect({ host, port, user: 'postgres', database: name });
}

/** A new database with two schemas and three roles. */
async function open(port: number): Promise<Side> {
  const main = await connect(port, 'postgres');
  for (const sql of [
    `drop database if exists ${database} with (force)`,
    `drop role if exists ${roles}`,
    `create database ${database}`,
  ])
    await succeed(main, sql);
  for (const role of roles) await succeed(main, `create role ${role}`);
  main.close();
  const client = await connect(port, database);
  for (const sql of [
    'create schema s1',
    'create schema s2',
    'set search_path = s1, public',
    'set statement_timeout = 10000',
  ])
    await succeed(client, sql);
  return { port, client };
}

async function succeed(client: WireClient, sql: string): Promise<void> {
  const { error } = await client.query(sql);
  if (error !== null) throw new Error(`${sql}: ${error.message}`);
}

async function script(seed: number): Promise<void> {
  const source = new Source(seed);
  const [theirs, own] = [await open(Number(option('oracle', '5417'))), await open(Number(option('ours', '5432')))];
  const done: string[] = [];
  for (let at = 0; at < count; at++) {
    const inventory = await readInventory(theirs);
    const sql = nextStatement(source, inventory);
    done.push(`${sql};`);
    if (!(await compare(theirs, own, sql, `seed ${seed} statement ${at}`))) break;
    if ((at + 1) % every === 0 && !(await compareState(theirs, own, `seed ${seed} after ${at + 1}`))) break;
  }
  if (args.includes('--script')) console.log(done.join('\n'));
  for (const side of [theirs, own]) side.client.close();
}

async function readInventory(side: Side): Promise<Inventory> {
  const { rows } = await side.client.query(inventoryQuery);
  return JSON.parse(rows[0]?.[0] ?? '{}');
}

/** Runs one statement on both; false where the two have parted so far that the script is over. */
async function compare(theirs: Side, own: Side, sql: string, place: string): Promise<boolean> {
  // What one of them does not know would make all that follows differ: such a statement is undone on the other.
  await Promise.all([theirs, own].map(({ client }) => client.query(isAlone(sql) ? 'select' : 'begin')));
  const [expected, got] = await Promise.all([theirs.client.query(sql), own.client.query(sql)]);
  const unknown = got.error?.code === '0A000' && expected.error?.code !== '0A000';
  const [wanted, had] = [outcome(expected), outcome(got)];
  const parted = wanted !== had;
  const undo = unknown || (parted && (expected.error === null) !== (got.error === null));
  if (!isAlone(sql)) await Promise.all([theirs, own].map(({ client }) => client.query(undo ? 'rollback' : 'commit')));
  if (unknown) tally.unsupported++;
  else if (parted) tally.different++;
  else tally.same++;
  if (!parted && expected.error !== null) tally.errors++;
  if (parted && (!unknown || args.includes('--unsupported')))
    show(
      place,
      `${sql};\n  PostgreSQL: ${wanted}\n  ours:       ${had}`,
      `${sql.slice(0, 12)} ${wanted.replace(/"[^"]*"|P=\d+/g, '')} ${had.replace(/"[^"]*"|P=\d+/g, '')}`,
    );
  return !(undo && isAlone(sql));
}

function isAlone(sql: string): boolean {
  return /^(vacuum|cluster|reindex|create (unique )?index concurrently)/.test(sql);
}

/** Every field of every message but the source's place, and the rows. */
function outcome(result: WireResult): string {
  const messages = result.messages.map((fields) =>
    [...fields]
      .filter(([letter]) => !'FLRV'.includes(letter))
      .map(([letter, text]) => `${letter}=${text}`)
      .sort()
      .join(' '),
  );
  return plain([...messages, ...result.rows.map((row) => JSON.stringify(row))].join(' | ') || 'done');
}

/** Compares catalogs, psql and pg_dump. */
async function compareState(theirs: Side, own: Side, place: string): Promise<boolean> {
  tally.snapshots++;
  let isSame = true;
  const differs = (what: string, wanted: string, had: string) => {
    if (wanted === had) return;
    isSame = false;
    show(
      `${place}: ${what}`,
      `  PostgreSQL: ${extra(wanted, had)}\n  ours:       ${extra(had, wanted)}`,
      `${place} ${what}`,
    );
  };
  for (const [what, sql] of Object.entries(snapshotQueries)) {
    const [expected, got] = await Promise.all([theirs.client.query(sql), own.client.query(sql)]);
    const lines = (result: WireResult) =>
      result.error === null
        ? plain(result.rows.map((row) => JSON.stringify(row)).join('\n'))
        : JSON.stringify(result.error);
    differs(what, lines(expected), lines(got));
  }
  for (const tool of [
    [
      'psql',
      '-X',
      '-c',
      '\\d+ (s1|s2|public).*',
      '-c',
      '\\dT+ (s1|s2|public).*',
      '-c',
      '\\dD+ *',
      '-c',
      '\\dp (s1|s2|public).*',
      '-c',
      '\\ddp',
      '-c',
      '\\dX *.*',
    ],
    ['pg_dump', '-s'],
  ]) {
    const [wanted, had] = await Promise.all([theirs, own].map((side) => toolOutput(tool, side.port)));
    differs(tool[0] ?? '', wanted ?? '', had ?? '');
  }
  return isSame || !args.includes('--stop');
}

async function toolOutput([tool, ...words]: readonly string[], port: number): Promise<string> {
  try {
    const all = ['-h', host, '-p', String(port), '-U', 'postgres', '-d', database, ...words];
    const { stdout, stderr } = await run(join(bin, tool ?? ''), all, { maxBuffer: 1 << 28 });
    return plain(stdout + stderr);
  } catch (error) {
    return String(error);
  }
}

/** Without what may differ: OIDs, the numbers of temporary schemas, pg_dump's random key, the servers' names, widths. */
function plain(text: string): string {
  return text
    .replace(/(?<=\(enumtypid, enumlabel\)=\()\d+/g, 'N')
    .replace(/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, 'UUID')
    .replace(/pg_temp_(\d+|N)/g, 'pg_temp')
    .replace(/^\\(un)?restrict .*|^-- Dumped from .*| +$/gm, '')
    .replace(/--+/g, '--')
    .replace(/ {2,}/g, ' ');
}

/** The lines that the other side lacks, or the first that stands elsewhere. */
function extra(mine: string, other: string): string {
  const [lines, theirs] = [mine.split('\n'), other.split('\n')];
  const known = new Set(theirs);
  const lacking = lines.filter((line) => !known.has(line));
  const first = lines.findIndex((line, at) => line !== theirs[at]);
  const list = lacking.length > 0 ? lacking : lines.slice(Math.max(first - 2, 0), first + 3);
  return list.slice(0, 6).join('\n              ').slice(0, 1500);
}

function show(place: string, text: string, signature: string): void {
  if (shown.has(signature) || shown.size >= showMax) return;
  shown.add(signature);
  console.log(`-- ${place}\n${text}`);
}
