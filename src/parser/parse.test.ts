// Parsing: slices, errors with code and position, truncated names, depth. Expected texts come from PostgreSQL 17.
import { test } from 'tap';
import { characterPosition } from './position.js';
import { loadParser, parse, statementText } from './parse.js';

test('parse', async (t) => {
  await loadParser();
  const sql = "select 'é'; select 2 ";
  const { statements } = parse(sql);
  t.same(
    statements.map((statement) => statementText(sql, statement)),
    ["select 'é'", 'select 2'],
  );
  t.equal(parse(sql).statements, statements, 'cached by text');
  t.equal(characterPosition("select 'é', x", 13), 13);
  t.throws(() => parse("select 'éé' +* ;"), { code: '42601', fields: { position: 16 } });
  t.throws(() => parse("select 'abc"), { code: '42601', message: 'unterminated quoted string at or near "\'abc"' });
  const long = 'a'.repeat(70);
  t.equal(
    parse(`select 1 as ${long}`).notices[0]?.message,
    `identifier "${long}" will be truncated to "${'a'.repeat(63)}"`,
  );
  t.same(parse('').statements, []);
  t.same(parse(' -- nothing').statements, []);
});
