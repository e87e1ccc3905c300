// Names that mean something to a program written in JavaScript, or to SQL, are names like any other: of tables, columns,
// aliases, roles, settings, savepoints, cursors, prepared statements, channels and JSON keys. Nothing is lost, mixed up or
// taken for code. PostgreSQL 17 gives the same answers.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';

const names = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'prototype', 'then'],
  ...['length', 'a"b', "a'b", 'a\nb', 'a\\b', '$1', '%s', `\${x}`, '`', 'é', '\u{1f600}', 'null', 'undefined', '0'],
  ...['select', 'a.b', 'a;b', '--', '/*', ' ', '\t'],
];

/** What a custom setting's name may consist of. */
const settable = /^[a-z_\u0080-\u{10ffff}][\w$.\u0080-\u{10ffff}]*$/iu;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** Statements over a name, each with the single value that it gives. */
function statements(name: string): readonly (readonly [sql: string, value: string | null])[] {
  const [id, text, role] = [quoted(name), literal(name), quoted(`r_${name}`)];
  const setting = literal(`abuse.${name}`);
  return [
    [`create schema ${id}`, null],
    [`create table ${id}.${id} (${id} int primary key, v text, check (${id} > 0))`, null],
    [`insert into ${id}.${id} (${id}, v) values (7, ${text}) returning v`, name],
    [`select ${id}.${id} from ${id}.${id} as ${id} where ${id} = 7`, '7'],
    [`with ${id} as (select 8 as ${id}) select ${id} from ${id}`, '8'],
    [`select relname from pg_class where oid = (quote_ident(${text}) || '.' || quote_ident(${text}))::regclass`, name],
    [`create function ${id}.${id}(${id} int) returns int language sql as 'select $1 + 1'`, null],
    [`select ${id}.${id}(${id} => 1)`, '2'],
    [`create role ${role}`, null],
    [`set role ${role}`, null],
    ['select current_user', `r_${name}`],
    ['reset role', null],
    [`drop role ${role}`, null],
    [`select set_config(${setting}, ${text}, false)`, settable.test(name) ? name : null],
    ['begin', null],
    [`savepoint ${id}`, null],
    ['select 1 / 0', null],
    [`rollback to ${id}`, null],
    [`declare ${id} cursor for select ${text}`, null],
    [`fetch ${id}`, name],
    ['select name from pg_cursors', name],
    ['commit', null],
    [`prepare ${id}(int) as select $1`, null],
    [`execute ${id}(5)`, '5'],
    ['select name from pg_prepared_statements', name],
    [`deallocate ${id}`, null],
    [`listen ${id}`, null],
    ['select pg_listening_channels()', name],
    [`unlisten ${id}`, null],
    [`select jsonb_object_agg(${text}::text, 5) - 'x' -> ${text}`, '5'],
    [`select jsonb_build_object('a', 1) -> ${text}`, null],
    [`select key from jsonb_each(jsonb_set('{}', array[${text}], '1'))`, name],
    [`select json_object_keys(row_to_json(t)) from (select 1 as ${id}) t`, name],
    [`select ${id} from jsonb_to_record(jsonb_build_object(${text}, 9)) as x(${id} int)`, '9'],
    [`select count(*) from (values (${text}), ('x'), (${text})) v(k) group by k order by 1 desc limit 1`, '2'],
    [`drop schema ${id} cascade`, null],
  ];
}

test('names of all kinds', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  for (const name of names) {
    const different: unknown[] = [];
    for (const [sql, value] of statements(name)) {
      const { rows, columns, error } = await client.query(sql);
      const isRefused = error !== null && !(sql === 'select 1 / 0' || sql.includes('set_config'));
      if (isRefused || (rows[0]?.[0] ?? null) !== value) different.push([sql, rows, error?.message]);
      if (sql.startsWith('fetch') && columns.length !== 1) different.push([sql, columns]);
    }
    t.same(different, [], JSON.stringify(name));
  }
  const plain = await client.query('select 1 as a');
  t.same(plain.rows, [['1']], 'objects are as before');
  t.notMatch(server.output(), 'internal error');
  client.close();
});
