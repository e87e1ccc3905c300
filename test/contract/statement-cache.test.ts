// A statement answers the same, byte for byte, whether it is parsed anew or found in the caches of the simple protocol:
// each text runs as it is (repeated forms come from the caches) and with a comment behind it (which no cache knows), in
// and outside of transaction blocks, with literals that fit and others that don't, before and after changes of settings
// and catalogs.
import { connect } from 'node:net';
import { test } from 'tap';
import { startServer } from '../support/server.js';

/** Sends simple queries and gives back all bytes of each answer. */
class RawClient {
  private input: Buffer = Buffer.alloc(0);
  private answer: Buffer[] = [];
  private done: (answer: string) => void = () => undefined;

  private constructor(private readonly socket: ReturnType<typeof connect>) {}

  static open(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port });
    const client = new RawClient(socket);
    socket.on('data', (chunk) => client.receive(chunk));
    return new Promise((resolve, reject) => {
      client.done = () => resolve(client);
      socket.on('error', reject);
      const words = Buffer.from('user\0postgres\0database\0postgres\0\0');
      const head = Buffer.alloc(8);
      head.writeInt32BE(words.length + 8);
      head.writeInt32BE(196608, 4);
      socket.write(Buffer.concat([head, words]));
    });
  }

  query(sql: string): Promise<string> {
    return new Promise((resolve) => {
      this.done = resolve;
      const text = Buffer.from(`${sql}\0`);
      const head = Buffer.from('Q0000');
      head.writeInt32BE(text.length + 4, 1);
      this.socket.write(Buffer.concat([head, text]));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.input = Buffer.concat([this.input, chunk]);
    while (this.input.length >= 5) {
      const end = 1 + this.input.readInt32BE(1);
      if (this.input.length < end) return;
      this.answer.push(this.input.subarray(0, end));
      const isReady = this.input[0] === 0x5a;
      this.input = this.input.subarray(end);
      if (!isReady) continue;
      const whole = Buffer.concat(this.answer).toString('latin1');
      this.answer = [];
      this.done(whole);
    }
  }
}

const setUp = `
  create type mood as enum ('sad', 'ok');
  create domain small_positive as int check (value between 1 and 50);
  create table t (id int primary key, big int8 unique, num numeric(8,2), name varchar(10) default 'none', note text,
    feel mood, born date, dom small_positive, small smallint, fixed char(4), must text not null default '-', bytes bytea,
    doc jsonb, list int[], gone int, at timestamptz, bits bit(3), check (num < 5000));
  alter table t drop column gone;
  insert into t select n, n * 10000000000, n * 1.5, 'n' || n, 'note ' || n, 'ok', date '2024-01-01' + n, n, n, 'f' || n
    from generate_series(1, 30) n;
  create table pair (a int, b text, c int, primary key (a, b));
  insert into pair select n % 5, 'b' || n, n from generate_series(1, 20) n;
  create table parent (id int primary key, v text);
  create table child () inherits (parent);
  insert into parent values (1, 'p'), (2, 'p');
  insert into child values (1, 'c'), (1, 'c2');
  create table partial (id int, flag bool, v text);
  create unique index on partial (id) where flag;
  insert into partial select n % 4, n < 4, 'v' || n from generate_series(0, 11) n;
  create view seen as select * from t where id < 20;
  create table other (id int primary key, v int);
  insert into other values (1, 1), (2, 2);
  create function twice(x int) returns int language sql as 'select x * 2';`;

/** I, S: a number or string, whatever it is; the rest stands as written. */
const forms = [
  'select * from t where id = I',
  'select id, name, num * 2 as twice from t where id = I',
  'select id from t where id = I and name = S',
  'select id from t where I = id and num > I',
  'select id from t where id = S',
  'select id, note from t where big = I',
  'select id from t where id = S::int and note <> S::text',
  'select id from t where id = I or id = I',
  'select id from t where name = S order by id',
  'select id from t where num > I order by id',
  'select id from t where id in (I, I) order by 1',
  'select id from t where id between I and I order by id',
  'select id from t where id = I limit I',
  'select id, I from t where id = I',
  'select S, id from t where id = I',
  'select id from t order by I limit 3',
  'select small, count(*) from t where id = I group by I',
  'select name from t where id = I for update',
  'select twice(id) from t where id = I',
  'select c from pair where a = I and b = S',
  'select c from pair where a = I order by c',
  'select v from parent where id = I order by v',
  'select v from only parent where id = I',
  'select v from partial where id = I order by v',
  'select v from partial where id = I and flag order by v',
  'select name from seen where id = I',
  'select t.name from t join other using (id) where t.id = I',
  'select (select name from t where id = I)',
  'select S::date, S::int, length(S::text)',
  'select twice(I), upper(S)',
  'select S::varchar(2), I::numeric(4,1)',
  'select pg_typeof(I), pg_typeof(S::oid)',
  'select feel from t where feel = S and id = I',
  'select born from t where born = S and id = I',
  'select born from t where id = I and born > S::date - I',
  'select substring(note from I for I) from t where id = I',
  'select extract(year from born) + I from t where id = I',
  "select case when id = I then S else 'no' end from t where id = I",
  'select id from t where fixed = S and id = I',
  'select id from t where small = I and id = I',
  'select id from t where doc = S and id = I',
  'select id from t where id = -I',
  'select id from t where id = - I and num = -I',
  'select - I - -I, id - I from t where id = I',
  'insert into other values (I, I)',
  'insert into other (id) values (I) returning *',
  'insert into t (id, name, num) values (I, S, I) returning id, name, num',
  'insert into t (id, dom) values (I, S) returning dom',
  'insert into t (id, dom) values (I, I) returning dom',
  'insert into t (id, feel, born, at) values (I, S, S, S)',
  'insert into t (id, small, bits) values (I, I, S) returning small, bits',
  'insert into t (id, bytes, doc, list) values (I, S, S, S) returning *',
  'insert into t (id, must) values (I, null)',
  'insert into t (id, name) values (I, S), (I, S) returning id, name',
  'insert into t (id, name) values (I, S || S) returning name',
  'insert into t (id, name) values (I, I) returning name',
  'insert into t values (I, S::date) returning id',
  'insert into other values (I, I) on conflict (id) do update set v = I returning v',
  'insert into nosuch values (I)',
  'update t set num = num + I where id = I returning num',
  'update t set num = num - -I, small = small + I where id = I returning num, small',
  'update t set name = S, note = note || S where id = I returning name, note',
  'update t set feel = S, born = S where id = I returning feel, born',
  'update t set num = I where name = S returning id, num',
  'update t set (name, num) = (S, I) where id = I returning name',
  'update other set v = I where id = I',
  'update parent set v = S where id = I returning v',
  'update seen set name = S where id = I returning name',
  'delete from t where id = I returning id',
  'delete from t where id = I and name = S',
  'delete from pair where a = I and b = S returning c',
  'delete from other using t where other.id = I and t.id = I',
  'select nosuch from t where id = I',
  'select id from t where name = I',
];

const numbers = [
  '1',
  '2',
  '3',
  '7',
  '19',
  '25',
  '40',
  '0',
  '40000',
  '2147483647',
  '2147483648',
  '3000000000',
  '1.5',
  '2.0',
  '70000.25',
  '99999999999999999999',
  '1e3',
  '0x1F',
];
const strings = [
  '1',
  '2',
  '7',
  'n1',
  'n7',
  'b6',
  'b2',
  'ok',
  'sad',
  'SAD',
  '',
  "it''s",
  'ünï',
  'far too long for it',
  '2024-01-08',
  '2024-02-30',
  '01/02/2024',
  'today',
  '{1,2}',
  '{"a": 1}',
  '101',
  '99',
  'f7',
  '\\x41',
];

/** Numbers from a seed, the same in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Small and fitting literals come often, the others now and then. */
function fill(form: string, random: (below: number) => number): string {
  const pick = (list: readonly string[], common: number) => list[random(random(3) === 0 ? list.length : common)] ?? '';
  return form.replace(/\bI\b/g, () => pick(numbers, 6)).replace(/\bS\b/g, () => `'${pick(strings, 8)}'`);
}

const changes = [
  'select 1',
  'set datestyle = german, dmy',
  "set search_path = ''; set search_path = public",
  'alter table pair alter c type bigint; alter table other alter v type text',
  'drop index partial_id_idx; alter table pair drop constraint pair_pkey',
  'create temp table other (id int, v int); insert into other values (1, 7), (1, 8)',
  'insert into t (id) select generate_series(1000, 3000); analyze t',
  'set enable_indexscan = off; set plan_cache_mode = force_custom_plan',
];

test('caches of the simple protocol', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const client = await RawClient.open(server.port);
  t.match(await client.query(setUp), /CREATE FUNCTION/);
  const random = randomOf(17);
  let ran = 0;
  for (const [stage, change] of changes.entries()) {
    t.notMatch(await client.query(change), /ERROR/, change);
    for (const form of forms) {
      for (let round = 0; round < (stage === 0 ? 4 : 2); round++) {
        const sql = fill(form, random);
        const isInBlock = !form.startsWith('select') || round % 2 === 1;
        const cached = await answer(client, sql, isInBlock);
        const parsed = await answer(client, `${sql} /* ${++ran} */`, isInBlock);
        if (cached !== parsed) t.equal(cached, parsed, `after "${change}": ${sql}`);
      }
    }
  }
  t.ok(ran > 1000, `${ran} statements`);
  client.close();
});

/** The statement's answer; in a block, what it did is taken back. */
async function answer(client: RawClient, sql: string, isInBlock: boolean): Promise<string> {
  if (isInBlock) await client.query('begin');
  const bytes = await client.query(sql);
  if (isInBlock) await client.query('rollback');
  return bytes;
}
