// Random Query messages, and the same with a comment behind them, which no cache of statements sees through. Each kind goes
// to a server of its own, where the same things have the same oids; what comes back must be the same, byte by byte.
import { connect, type Socket } from 'node:net';
import { test } from 'tap';
import { randomNumbers } from '../support/random.js';
import { startServer } from '../support/server.js';

const seed = 20_261_124;
const steps = 1000;

const schema = `
  create table item (a smallint, b text, i int not null default 4, l bigint, n numeric(8,2), f float8, flag bool, v varchar(6),
    c char(4), d date, at timestamptz, j jsonb, u uuid, primary key (b, a));
  create table plain (id int primary key, big bigint unique, t varchar(10) unique, n int);
  create index on plain (n) where n > 5;
  create table log (id int, at timestamptz, note varchar(8));
  insert into item select g % 4, 'k' || g / 4, g, g, g / 4.0, g / 8.0, g % 2 = 0, 'v' || g, 'c' || g, date '2024-01-01' + g,
    timestamptz '2024-01-01 00:00:00+00' + g * interval '1 hour', jsonb_build_object('n', g), md5(g::text)::uuid
  from generate_series(0, 19) g;
  insert into plain select g, g, 'k' || g, g from generate_series(1, 20) g;
  set timezone = 'Europe/Berlin'`;

/** Statements with {} in the place of literals. */
const forms = [
  'select id, big, t, n from plain where id = {}',
  'select * from plain where id = {} limit 1',
  'select t from plain where big = {};',
  'select n + {}, t || {} from plain where id = {}',
  'select id from plain where t = {}',
  'select "plain"."id" as "x" from "plain" where "plain"."id" = {} and n > {}',
  'select id from plain where n = {} and n > 5 order by 1',
  'select id, n from plain where id in ({}, {}, {}) order by 1',
  'select n, count(*) from plain where id < {} group by 1 order by 1 limit 3',
  'select * from item where a = {} and b = {}',
  "select d, at, n, j from item where b = 'k1' and a = {}",
  "select d + {}, at + interval '1 day', {}::int from item where b = {} and a = 1",
  "select date '2024-02-03', {}::date, interval {} from plain where id = {}",
  'update plain set n = n + {} where id = {}',
  'update plain set n = {}, t = {} where id = {}',
  'update plain set n = n - {} where id = - {}',
  'update item set n = {}, f = {}, v = {} where b = {} and a = {}',
  'update item set i = {}, flag = {} where b = {} and a = {}',
  'update item set d = {}, j = {} where b = {} and a = {}',
  'update plain set n = n + 1 where id = {} returning id, n',
  'insert into plain values ({}, {}, {}, {})',
  'insert into plain (id, t) values ({}, {}) on conflict (id) do update set n = plain.n + 1',
  'insert into log values ({}, timestamptz {}, {})',
  'insert into item (a, b) values ({}, {})',
  'delete from plain where id = {}',
  'select {}, {} as two',
  'select {} limit {}',
  'select id from plain where id = {} for update',
  'select id from plain where id = {}; select {}',
  'begin',
  'commit',
  'end;',
  'rollback',
  'abort',
  'savepoint s',
  'rollback to s',
  'set local extra_float_digits = {}',
  'set standard_conforming_strings = off',
  'reset standard_conforming_strings',
];

const texts = [
  "'k1'",
  "'k2'",
  "'k3'",
  "'it''s'",
  "'17'",
  "' 5 '",
  "'x\\y'",
  "'käse'",
  "'2024-02-30'",
  "'2024-03-01'",
  "'1 day'",
];
const odd = [
  "E'a\\n'",
  "'true'",
  "U&'\\0041'",
  '$$k1$$',
  "B'101'",
  'null',
  '\'{"n": 1}\'',
  "'much too long a text'",
  'true',
  "'a'\n 'b'",
];
const numbers = [
  '0',
  '1',
  '3',
  '7',
  '12',
  '19',
  '2147483647',
  '2147483648',
  '9223372036854775807',
  '99999999999999999999',
  '1.5',
  '40000',
  '1e3',
];

function literal(random: (below: number) => number): string {
  const kind = random(20);
  if (kind < 11) return String(random(22));
  if (kind < 13) return `-${random(22)}`;
  if (kind < 15) return numbers[random(numbers.length)] as string;
  return kind < 19 ? (texts[random(texts.length)] as string) : (odd[random(odd.length)] as string);
}

/** One connection that gives whole answers, as bytes. */
class Wire {
  private received = Buffer.alloc(0);
  private answered: ((answer: Buffer) => void) | null = null;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      const end = readyEnd(this.received);
      if (end < 0) return;
      const answer = this.received.subarray(0, end);
      this.received = this.received.subarray(end);
      this.answered?.(answer);
    });
  }

  static async open(address: { host: string; port: number }): Promise<Wire> {
    const socket = connect(address.port, address.host);
    const wire = new Wire(socket);
    const body = Buffer.from(`\0\x03\0\0user\0postgres\0database\0postgres\0\0`, 'latin1');
    await wire.exchange(Buffer.concat([length(body.length + 4), body]));
    return wire;
  }

  query(sql: string): Promise<Buffer> {
    const body = Buffer.from(`${sql}\0`);
    return this.exchange(Buffer.concat([Buffer.from('Q'), length(body.length + 4), body]));
  }

  close(): void {
    this.socket.destroy();
  }

  private exchange(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      this.answered = resolve;
      this.socket.write(bytes);
    });
  }
}

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Where the ReadyForQuery ends; -1 where it has not come. */
function readyEnd(bytes: Buffer): number {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) return -1;
    if (bytes[at] === 0x5a) return end;
    at = end;
  }
  return -1;
}

test('texts that are known and texts that are not', { timeout: 180_000 }, async (t) => {
  const servers = await Promise.all([0, 1].map(() => startServer({ settings: ['heliosdb.workers=1'] })));
  t.teardown(() => Promise.all(servers.map((server) => server.stop())));
  const sessions = await Promise.all(servers.map((server) => Wire.open(server)));
  const [known, unknown] = sessions as [Wire, Wire];
  for (const session of sessions) await session.query(schema);
  const random = randomNumbers(seed);
  for (let step = 0; step < steps; step++) {
    const form = forms[random(forms.length)] as string;
    const sql = form.replaceAll('{}', () => literal(random));
    const [one, other] = [await known.query(sql), await unknown.query(`${sql} /* ${step} */`)];
    if (!one.equals(other)) {
      t.equal(one.toString('latin1'), other.toString('latin1'), `step ${step}: ${sql}`);
      break;
    }
  }
  for (const session of sessions) await session.query('rollback');
  for (const table of ['item', 'plain', 'log']) {
    const sql = `select r::text from ${table} r order by 1`;
    const [one, other] = [await known.query(sql), await unknown.query(`${sql} -- rows`)];
    t.equal(one.toString('latin1'), other.toString('latin1'), table);
  }
  for (const session of sessions) session.close();
});
