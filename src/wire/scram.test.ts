// The exchange against the vectors of RFC 7677, section 3, and its refusals.
import { test } from 'tap';
import { makeMd5Password, makeScramVerifier, parseScramVerifier, passwordKind } from '../base/password.js';
import { decodeSaslInitial, ScramExchange } from './scram.js';
import type { ScramOptions } from './scram.js';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const verifier = parseScramVerifier(makeScramVerifier('pencil', 4096, salt));
const base: ScramOptions = {
  verifier,
  channelBinding: null,
  mockSecret: Buffer.from('secret'),
  user: 'user',
  iterations: 4096,
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
};
const clientFirst = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const clientFinal =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

test('the RFC exchange succeeds', (t) => {
  const exchange = new ScramExchange(base);
  t.equal(exchange.start('SCRAM-SHA-256', clientFirst), serverFirst);
  t.equal(exchange.finish(clientFinal), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  t.end();
});

test('a wrong proof and an unknown user end alike', (t) => {
  const wrong = new ScramExchange({ ...base, verifier: parseScramVerifier(makeScramVerifier('pen', 4096, salt)) });
  t.equal(wrong.start('SCRAM-SHA-256', clientFirst), serverFirst);
  t.equal(wrong.finish(clientFinal), null);
  const unknown = new ScramExchange({ ...base, verifier: null });
  t.match(unknown.start('SCRAM-SHA-256', clientFirst), /^r=rOprNGfwEbeRWgbNEkqO.*,s=[A-Za-z0-9+/=]{24},i=4096$/);
  t.equal(unknown.finish(clientFinal), null);
  t.end();
});

test('channel binding is checked, and its downgrade refused', (t) => {
  const channelBinding = Buffer.from('hash of the certificate');
  const secure = { ...base, channelBinding };
  t.throws(() => new ScramExchange(secure).start('SCRAM-SHA-256', clientFirst.replace('n,', 'y,')), { code: '28000' });
  t.throws(() => new ScramExchange(base).start('SCRAM-SHA-256-PLUS', clientFirst), { code: '08P01' });
  const exchange = new ScramExchange(secure);
  exchange.start('SCRAM-SHA-256-PLUS', clientFirst.replace('n,', 'p=tls-server-end-point,'));
  const other = Buffer.from('p=tls-server-end-point,,another certificate').toString('base64');
  t.throws(() => exchange.finish(clientFinal.replace('biws', other)), { code: '28000' });
  t.end();
});

test('stored passwords are told apart', (t) => {
  t.equal(passwordKind(makeScramVerifier('x', 1)), 'scram');
  t.equal(makeMd5Password('secret', 'postgres'), 'md553f48b7c4b76a86ce72276c5755f217d');
  t.equal(passwordKind(makeMd5Password('secret', 'postgres')), 'md5');
  t.equal(passwordKind('secret'), 'plaintext');
  const initial = Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), Buffer.from([0, 0, 0, 2]), Buffer.from('n,')]);
  t.strictSame(decodeSaslInitial(initial), { mechanism: 'SCRAM-SHA-256', response: 'n,' });
  t.end();
});
