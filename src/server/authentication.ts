// Who the client is: the rule of pg_hba.conf that it falls under, and the exchange that rule asks for (manual, sections
// 20.3 and 53.2.1). Returns how it was authenticated, or throws PostgreSQL's FATAL error.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  hmacSha256,
  makeMd5Password,
  md5,
  parseScramVerifier,
  passwordKind,
  scramVerifierMatches,
} from '../base/password.js';
import { currentTimestamp } from '../base/clock.js';
import { fatalError, SqlState } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';
import {
  writeAuthenticationCleartextPassword,
  writeAuthenticationMd5Password,
  writeAuthenticationSasl,
  writeAuthenticationSaslContinue,
  writeAuthenticationSaslFinal,
} from '../wire/backend.js';
import type { LoginRole } from '../wire/connection.js';
import { decodeSaslInitial, ScramExchange, scramMechanisms } from '../wire/scram.js';
import { decodeText } from '../wire/text.js';
import type { ClientSocket } from './client-socket.js';
import type { HbaMethod, HbaRule } from './hba-file.js';
import { matchHba } from './hba-match.js';

export interface AuthenticationRequest {
  readonly socket: ClientSocket;
  readonly rules: readonly HbaRule[];
  readonly user: string;
  readonly database: string;
  readonly role: LoginRole | null;
  /** null for a Unix-domain socket. */
  readonly address: string | null;
  readonly isEncrypted: boolean;
  /** tls-server-end-point data, null without TLS. */
  readonly channelBinding: Buffer | null;
  readonly scramIterations: number;
  /** What made-up SCRAM salts derive from; the same as long as the data directory lives. */
  readonly secret: Buffer;
}

/** Key under which texts are compared. */
const comparisonKey = randomBytes(32);

/** Authenticates; resolves to the method that proved who the client is, null for trust. */
export async function authenticate(request: AuthenticationRequest): Promise<HbaMethod | null> {
  const rule = await matchHba(request.rules, request);
  if (rule === null || rule.method === 'reject') throw refused(request, rule !== null);
  switch (rule.method) {
    case 'trust':
      return null;
    case 'password':
      await cleartext(request);
      break;
    case 'md5':
      // A role whose password is kept as a SCRAM verifier can only prove it by SCRAM.
      if (passwordKind(usablePassword(request) ?? '') === 'md5') await md5Exchange(request);
      else await scram(request);
      break;
    case 'scram-sha-256':
      await scram(request);
      break;
  }
  return rule.method;
}

async function cleartext(request: AuthenticationRequest): Promise<void> {
  writeAuthenticationCleartextPassword(request.socket.out);
  const password = passwordText(await reply(request));
  const stored = usablePassword(request);
  if (stored === null || !matches(stored, password, request.user)) throw failed(request);
}

async function md5Exchange(request: AuthenticationRequest): Promise<void> {
  const salt = randomBytes(4);
  writeAuthenticationMd5Password(request.socket.out, salt);
  const answer = passwordText(await reply(request));
  const stored = usablePassword(request);
  if (stored === null || passwordKind(stored) !== 'md5') throw failed(request);
  const expected = `md5${md5(Buffer.concat([Buffer.from(stored.slice(3)), salt]))}`;
  if (!equalTexts(answer, expected)) throw failed(request);
}

async function scram(request: AuthenticationRequest): Promise<void> {
  const { socket, channelBinding, user } = request;
  const stored = usablePassword(request);
  const verifier = stored === null ? null : parseScramVerifier(stored);
  const exchange = new ScramExchange({
    verifier,
    channelBinding,
    mockSecret: request.secret,
    user,
    iterations: request.scramIterations,
  });
  writeAuthenticationSasl(socket.out, scramMechanisms(channelBinding !== null));
  const { mechanism, response } = decodeSaslInitial(await reply(request));
  if (response === null)
    throw fatalError(SqlState.protocolViolation, 'malformed SCRAM message', { detail: 'The message is empty.' });
  writeAuthenticationSaslContinue(socket.out, exchange.start(mechanism, response));
  const final = exchange.finish((await reply(request)).utf8Slice());
  if (final === null) throw failed(request);
  writeAuthenticationSaslFinal(socket.out, final);
}

/** Sends what is asked and waits for the client's password message. */
async function reply(request: AuthenticationRequest): Promise<Buffer> {
  const { socket } = request;
  await socket.flush();
  const message = await socket.receive();
  if (message === null) throw new ClientLeft();
  if (message.kind !== 'password')
    throw fatalError(SqlState.protocolViolation, 'expected password response, got message type of another kind');
  return message.payload;
}

/** The client hung up during the exchange (psql does, to ask its user for a password): nothing to report. */
export class ClientLeft extends Error {}

function passwordText(payload: Buffer): string {
  const end = payload.indexOf(0);
  if (end !== payload.length - 1) throw fatalError(SqlState.protocolViolation, 'invalid password packet size');
  if (end === 0) throw fatalError(SqlState.invalidPassword, 'empty password returned by client');
  return decodeText(payload, 0, end);
}

/** The role's stored password, null where it has none or its time is over. */
function usablePassword(request: AuthenticationRequest): string | null {
  const { role } = request;
  if (role === null || role.password === null) return null;
  if (role.validUntil !== null && role.validUntil < currentTimestamp()) return null;
  return role.password;
}

function matches(stored: string, password: string, user: string): boolean {
  const verifier = parseScramVerifier(stored);
  if (verifier !== null) return scramVerifierMatches(verifier, password);
  return passwordKind(stored) === 'md5' && equalTexts(makeMd5Password(password, user), stored);
}

/** Compares without telling by the time it takes where they differ. */
function equalTexts(left: string, right: string): boolean {
  return timingSafeEqual(hmacSha256(comparisonKey, left), hmacSha256(comparisonKey, right));
}

function failed(request: AuthenticationRequest): PgError {
  return fatalError(SqlState.invalidPassword, `password authentication failed for user "${request.user}"`);
}

function refused(request: AuthenticationRequest, byRule: boolean): PgError {
  const { user, database, isEncrypted } = request;
  const host = request.address ?? '[local]';
  const encryption = isEncrypted ? 'SSL encryption' : 'no encryption';
  const what = byRule ? 'pg_hba.conf rejects connection for' : 'no pg_hba.conf entry for';
  return fatalError(
    SqlState.invalidAuthorizationSpecification,
    `${what} host "${host}", user "${user}", database "${database}", ${encryption}`,
  );
}
