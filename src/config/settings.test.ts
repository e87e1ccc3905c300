// Settings as PostgreSQL 17 parses, shows, nests and refuses them; expected texts are its own.
import { test } from 'tap';
import { BaseSettings } from './base-settings.js';
import { runtimeChecks } from './checks.js';
import { createSessionSettings } from './session-settings.js';
import type { SessionSettings } from './api.js';

function session(): SessionSettings {
  return createSessionSettings(new BaseSettings([]), runtimeChecks);
}

function set(settings: SessionSettings, name: string, value: string | null, local = false, isSuperuser = true): void {
  settings.set(name, value, { local, source: 'session', isSuperuser });
}

test('values are read and shown in PostgreSQL units and spellings', (t) => {
  const cases = [
    ['statement_timeout', '1.5s', '1500ms'],
    ['statement_timeout', '90s', '90s'],
    ['statement_timeout', ' 5 s ', '5s'],
    ['statement_timeout', '1h', '1h'],
    ['vacuum_cost_delay', '5us', '5us'],
    ['work_mem', '1.5MB', '1536kB'],
    ['work_mem', '64 kB', '64kB'],
    ['geqo_threshold', '0x10', '16'],
    ['geqo_threshold', '010', '8'],
    ['geqo_threshold', '12.6', '13'],
    ['bytea_output', 'HEX', 'hex'],
    ['synchronous_commit', 'true', 'on'],
    ['client_min_messages', 'debug', 'debug2'],
    ['DateStyle', 'sql, dmy', 'SQL, DMY'],
    ['DateStyle', 'german', 'German, DMY'],
    ['client_encoding', 'utf-8', 'UTF8'],
    ['application_name', 'a\u00e9', 'a\\xc3\\xa9'],
  ] as const;
  for (const [name, value, shown] of cases) {
    const settings = session();
    set(settings, name, value);
    t.equal(settings.show(name), shown, `${name} = ${value}`);
  }
  t.equal(session().show('shared_buffers'), '128MB');
  t.equal(session().show('cpu_tuple_cost'), '0.01');
  t.equal(session().show('datestyle'), 'ISO, MDY');
  t.end();
});

test('bad values and forbidden changes are refused in its words', (t) => {
  const units = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".';
  const cases = [
    [
      'work_mem',
      '1',
      '22023',
      '1 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)',
      undefined,
    ],
    ['work_mem', '10xx', '22023', 'invalid value for parameter "work_mem": "10xx"', units],
    ['work_mem', '5TB', '22023', 'invalid value for parameter "work_mem": "5TB"', 'Value exceeds integer range.'],
    ['geqo_threshold', '12.6kB', '22023', 'invalid value for parameter "geqo_threshold": "12.6kB"', undefined],
    [
      'cpu_tuple_cost',
      '-1',
      '22023',
      '-1 is outside the valid range for parameter "cpu_tuple_cost" (0 .. 1.79769e+308)',
      undefined,
    ],
    ['enable_seqscan', 'maybe', '22023', 'parameter "enable_seqscan" requires a Boolean value', undefined],
    ['foo', '1', '42704', 'unrecognized configuration parameter "foo"', undefined],
    ['foo.b-ar', '1', '42602', 'invalid configuration parameter name "foo.b-ar"', undefined],
    ['fsync', 'off', '55P02', 'parameter "fsync" cannot be changed now', undefined],
    [
      'max_connections',
      '1',
      '55P02',
      'parameter "max_connections" cannot be changed without restarting the server',
      undefined,
    ],
    ['block_size', '1', '55P02', 'parameter "block_size" cannot be changed', undefined],
    [
      'ignore_system_indexes',
      'on',
      '55P02',
      'parameter "ignore_system_indexes" cannot be set after connection start',
      undefined,
    ],
    ['TimeZone', 'foo/bar', '22023', 'invalid value for parameter "TimeZone": "foo/bar"', undefined],
  ] as const;
  for (const [name, value, code, message, hint] of cases) {
    t.throws(() => set(session(), name, value), { code, message, fields: { hint } }, name);
  }
  t.throws(() => set(session(), 'search_path', 'a,,b'), {
    code: '22023',
    fields: { detail: 'List syntax is invalid.' },
  });
  t.throws(() => set(session(), 'session_replication_role', 'replica', false, false), { code: '42501' });
  t.end();
});

test('SET LOCAL ends with its transaction, and a rollback takes everything back', (t) => {
  const settings = session();
  settings.begin();
  set(settings, 'work_mem', '1MB');
  settings.savepoint();
  set(settings, 'work_mem', '2MB', true);
  t.equal(settings.show('work_mem'), '2MB');
  settings.releaseSavepoint();
  t.equal(settings.show('work_mem'), '2MB', 'a released savepoint leaves SET LOCAL standing');
  settings.commit();
  t.equal(settings.show('work_mem'), '1MB', 'the transaction keeps what SET made');

  settings.begin();
  set(settings, 'work_mem', '3MB');
  settings.savepoint();
  set(settings, 'work_mem', '4MB');
  settings.rollbackToSavepoint();
  t.equal(settings.show('work_mem'), '3MB');
  settings.rollback();
  t.equal(settings.show('work_mem'), '1MB');
  set(settings, 'work_mem', null);
  t.equal(settings.show('work_mem'), '4MB');
  t.end();
});

test('RESET returns to the strongest default, custom settings come into being', (t) => {
  const settings = session();
  const isSuperuser = false;
  settings.set('work_mem', '8MB', { local: false, source: 'user', isSuperuser });
  settings.set('work_mem', '9MB', { local: false, source: 'database', isSuperuser });
  set(settings, 'work_mem', '1MB');
  settings.resetAll({ isSuperuser });
  t.equal(settings.show('work_mem'), '8MB');
  t.throws(() => settings.show('my.own'), { code: '42704' });
  set(settings, 'my.own', 'x');
  t.equal(settings.show('My.Own'), 'x');
  set(settings, 'my.own', null);
  t.equal(settings.show('my.own'), '');
  t.end();
});

test('reported settings go out once, then when they change', (t) => {
  const settings = session();
  t.equal(settings.takeReports().length, 14);
  t.strictSame(settings.takeReports(), []);
  set(settings, 'application_name', 'psql');
  set(settings, 'work_mem', '1MB');
  t.strictSame(settings.takeReports(), [['application_name', 'psql']]);
  t.end();
});
