// pg_hba.conf: what a line means, what it says of mistakes, and who falls under which rule.
import { test } from 'tap';
import type { LoginRole } from '../wire/connection.js';
import { parseHba } from './hba-file.js';
import { matchHba } from './hba-match.js';
import type { HbaClient } from './hba-match.js';

const file = `
# comment
local   all  all  trust
host all all 127.0.0.1/32 scram-sha-256   # loopback
hostssl "all",sales  +staff,"+odd"  10.0.0.0 255.255.0.0  md5
host sameuser /^app_  ::1/128 password
host all all \\
  all reject
`;

const client: HbaClient = { address: '127.0.0.1', isEncrypted: false, database: 'postgres', user: 'ann', role: null };

function memberOf(group: string): LoginRole {
  return {
    oid: 1,
    name: 'ann',
    canLogin: true,
    isSuperuser: false,
    isReplication: false,
    password: null,
    validUntil: null,
    connectionLimit: -1,
    mayUseReserved: false,
    isMemberOf: (role) => role === group,
  };
}

test('the first matching rule decides', async (t) => {
  const { rules, mistakes } = parseHba(file, '/data/pg_hba.conf');
  t.strictSame(mistakes, []);
  const lineOf = async (changes: Partial<HbaClient>) => (await matchHba(rules, { ...client, ...changes }))?.line;
  t.equal(await lineOf({ address: null }), 3);
  t.equal(await lineOf({}), 4);
  const role = memberOf('staff');
  t.equal(await lineOf({ address: '10.0.7.7', isEncrypted: true, database: 'sales', role }), 5);
  t.equal(await lineOf({ address: '10.0.7.7', isEncrypted: true, database: 'all', user: '+odd' }), 5);
  t.equal(await lineOf({ address: '10.0.7.7', isEncrypted: false, database: 'sales', role }), 7);
  t.equal(await lineOf({ address: '10.1.7.7', isEncrypted: true, database: 'sales', role }), 7);
  t.equal(await lineOf({ address: '::1', database: 'app_x', user: 'app_x' }), 6);
  t.equal(await lineOf({ address: '::1', database: 'app_y', user: 'app_x' }), 7);
});

test('mistakes are reported in PostgreSQL words with their line', (t) => {
  const cases = [
    ['foo all all trust', 'invalid connection type "foo"'],
    ['host all', 'end-of-line before role specification'],
    ['host all all', 'end-of-line before IP address specification'],
    ['host all all 10.0.0.1/33 trust', 'invalid CIDR mask in address "10.0.0.1/33"'],
    ['host all all 127.0.0.1/32 magic', 'invalid authentication method "magic"'],
    ['local all all peer', 'invalid authentication method "peer": not supported by this build'],
    ['host all all 10.0.0.0/8', 'end-of-line before authentication method'],
    ['local all all trust map', 'authentication option not in name=value format: map'],
  ] as const;
  for (const [line, message] of cases) {
    t.strictSame(parseHba(`\n${line}\n`, 'hba').mistakes, [{ file: 'hba', line: 2, message }], line);
  }
  t.end();
});
