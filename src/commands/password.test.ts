// Verifiers: the SCRAM one is that of RFC 7677's example.
import { test } from 'tap';
import { isEmptyPassword, isHashed, passwordVerifier, scramVerifier } from './password.js';

test('md5 is salted with the role', async (t) => {
  const verifier = passwordVerifier('secret', 'bob', { method: 'md5', iterations: 4096 });
  t.match(verifier, /^md5[0-9a-f]{32}$/);
  t.ok(isHashed(verifier));
});

test('SCRAM-SHA-256', async (t) => {
  const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
  t.equal(
    verifier,
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
  t.ok(isHashed(verifier));
  t.notOk(isHashed('SCRAM-SHA-256'));
});

test('the empty password is empty however it is written', async (t) => {
  const scram = scramVerifier('', Buffer.alloc(16, 7), 4096);
  const md5 = passwordVerifier('', 'bob', { method: 'md5', iterations: 4096 });
  t.same(
    ['', scram, md5].map((password) => isEmptyPassword(password, 'bob')),
    [true, true, true],
  );
  t.notOk(isEmptyPassword(md5, 'alice'));
  t.notOk(isEmptyPassword(scramVerifier('x', Buffer.alloc(16, 7), 4096), 'bob'));
});
